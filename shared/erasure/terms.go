package erasure

import (
	"fmt"
	"strconv"
	"time"

	"nanoflux.ai/backend/shared/retention"
)

// The sentence of policy P4.2a is a deadline, so everything on the way to it is counted back from there.
const (
	promised = retention.Deleted  // policy P4.2a and policy P6.2, after which nothing is left anywhere
	grace    = retention.Grace    // in which a deletion can be taken back
	sweeps   = time.Hour          // between two runs of sweep-accounts, the schedule in template.yaml
	edge     = 2 * time.Hour      // in which the CDN forgets by itself what a purge missed
	margin   = 3 * 24 * time.Hour // for a bucket, Stripe or a database that is away
)

// receiptKept is how long a receipt can be fetched; it holds nobody's data, and who wants it longer keeps the file.
const receiptKept = retention.Receipt

// Terms are what the service promises and how long its database's backups are kept.
type Terms struct{ backups time.Duration }

// ParseTerms reads for how many days the database's backups are kept (Supabase: Pro 7, Team 14), and refuses a number with
// which the promise cannot be kept.
func ParseTerms(text string) (Terms, error) {
	days, err := strconv.Atoi(text)
	if err != nil || days < 0 || days > 3650 {
		return Terms{}, fmt.Errorf("%q is no number of days", text)
	}
	backups := time.Duration(days) * 24 * time.Hour
	if needed := grace + sweeps + edge + backups + margin; needed > promised {
		return Terms{}, fmt.Errorf("grace %s + sweep %s + edge %s + backups %s + margin %s are more than the %s that the policy promises: keep backups for fewer days",
			grace, sweeps, edge, backups, margin, promised)
	}
	return Terms{backups}, nil
}

// Dates of one deletion, which the person sees.
type Dates struct {
	UndoUntil    time.Time // until then it can be taken back
	EraseBy      time.Time // by then nothing is left but in backups
	BackupsUntil time.Time // by then nothing is left in backups either
}

// Dates of a deletion that is asked for at a time; without days of grace it begins at once.
func (t Terms) Dates(at time.Time, withGrace bool) Dates {
	d := Dates{UndoUntil: at, EraseBy: at.Add(promised - t.backups), BackupsUntil: at.Add(promised)}
	if withGrace {
		d.UndoUntil = at.Add(grace)
	}
	return d
}

// remembered is until when the ledger outside the database must know of an erasure: as long as any backup may have the account.
func (t Terms) remembered(eraseBy time.Time) time.Time { return eraseBy.Add(t.backups + margin) }

// Late says whether an erasure is so far behind that an operator must look at it, while there is still time. What a hold keeps waits
// for the hold.
func (e Erasure) Late(at time.Time) bool { return e.Stage != Held && at.After(e.EraseBy.Add(-margin)) }
