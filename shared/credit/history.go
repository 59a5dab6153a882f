package credit

import (
	"context"
	"fmt"
	"strings"
	"time"

	"nanoflux.ai/backend/shared/page"
	"nanoflux.ai/backend/shared/postgres"
	"nanoflux.ai/backend/shared/session"
)

// Entry of the ledger, as GET /api/account/credits shows it: one change of the balance, why, and what stood after it. IDs
// count from 1 in each account, without gaps.
type Entry struct {
	ID             int64     `json:"id"`
	At             time.Time `json:"at"`
	Kind           string    `json:"kind"`   // grant, hold, settle, release, expire, reverse or restore
	Source         string    `json:"source"` // of the lot it is about, or "order"
	Reason         string    `json:"reason"`
	Reference      string    `json:"reference"` // the lot's at its source, or the order's id
	Available      int64     `json:"available"`
	Held           int64     `json:"held"`
	Owed           int64     `json:"owed"`
	AvailableAfter int64     `json:"available_after"`
	HeldAfter      int64     `json:"held_after"`
	OwedAfter      int64     `json:"owed_after"`
}

// entry is a row of the ledger, of which the columns are those of an Entry but for what the person is told of it.
type entry struct {
	Entry
	Cause string `json:"cause"`
}

// Spendable is what is left of a lot that has not ended.
type Spendable struct {
	Source    string     `json:"source"` // free, plan, pack or goodwill
	Credits   int64      `json:"credits"`
	ExpiresAt *time.Time `json:"expires_at"` // nil: it does not end
}

// Statement is a page of somebody's entries, newest first, with what can be spent now, in the order of spending. Next is nil on
// the last page.
type Statement struct {
	Lots    []Spendable `json:"lots"`
	Entries []Entry     `json:"entries"`
	Next    *string     `json:"next_cursor"`
}

// History gives the caller's statement, in one statement with the session check. A caller who is not signed in is
// session.ErrSignedOut.
func History(ctx context.Context, db postgres.Querier, tokenHash []byte, at time.Time, p page.Numbered) (Statement, session.Caller, error) {
	row, err := session.Ask[struct {
		session.Caller
		Lots    []Spendable
		Entries []entry
	}](ctx, db, "reading the ledger", `
		select `+session.Columns+`, (
			select coalesce(json_agg(e order by e.id desc), '[]') from (
				select e.number as id, e.at, e.kind, coalesce(e.cause, '') as cause, e.reference, e.available, e.held, e.debt as owed,
				       e.available_after, e.held_after, e.debt_after as owed_after
				from app.credit_entry e where e.account_id = c.account_id and e.number < $3
				order by e.number desc limit $4
			) e) as entries, (
			select coalesce(json_agg(json_build_object('source', g.source, 'credits', g.remaining, 'expires_at', nullif(g.expires_at, 'infinity'))
			                         order by g.expires_at, g.granted_at, g.id), '[]')
			from app.credit_grant g where g.account_id = c.account_id and g.remaining > 0 and g.expires_at > $2
			) as lots
		from app.caller($1, $2) c`, tokenHash, at, p.Before, p.Limit+1)
	if err != nil {
		return Statement{}, row.Caller, err
	}
	told := Statement{Lots: row.Lots, Entries: []Entry{}}
	for _, lot := range told.Lots {
		if lot.ExpiresAt != nil {
			*lot.ExpiresAt = lot.ExpiresAt.UTC()
		}
	}
	for _, e := range row.Entries[:min(p.Limit, len(row.Entries))] {
		told.Entries = append(told.Entries, e.told())
	}
	if len(row.Entries) > p.Limit {
		cursor := page.After(told.Entries[p.Limit-1].ID)
		told.Next = &cursor
	}
	return told, row.Caller, nil
}

// told is the entry with its reason in words.
func (e entry) told() Entry {
	e.At = e.At.UTC()
	source, reference, ofLot := strings.Cut(e.Reference, ":")
	if !ofLot {
		e.Source, e.Reason = "order", reasonOfOrder(e.Kind)
	} else {
		e.Source, e.Reference = source, reference
		e.Reason = e.reasonOfLot()
	}
	if e.Owed < 0 && e.Available > 0 {
		e.Reason += fmt.Sprintf(", of which %d settled what was owed", -e.Owed)
	} else if e.Owed < 0 {
		e.Reason += ", to settle what was owed"
	}
	return e.Entry
}

func reasonOfOrder(kind string) string {
	switch kind {
	case "hold":
		return "Held for an image"
	case "settle":
		return "Spent on an image"
	}
	return "Given back: the image was not made"
}

func (e entry) reasonOfLot() string {
	planChanged := e.Cause != e.Reference
	switch {
	case e.Kind == "grant" && e.Source == Pack:
		return fmt.Sprintf("Pack of %d credits", e.Available-e.Owed)
	case e.Kind == "grant":
		return name(e.Source)
	case e.Kind == "expire":
		return "Expired: " + strings.ToLower(name(e.Source))
	case e.Kind == "reverse" && planChanged:
		return "Taken back: the plan was changed, its unused time was credited"
	case e.Kind == "reverse":
		return "Taken back: the payment was refunded or disputed"
	case planChanged:
		return "Given back: the change of plan was undone"
	}
	return "Given back: the dispute was won or the refund failed"
}

func name(source string) string {
	switch source {
	case Free:
		return "Free credits"
	case Plan:
		return "Plan credits"
	case Pack:
		return "Credits of a pack"
	}
	return "Credits given by us"
}
