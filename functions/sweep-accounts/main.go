// Sweep-accounts carries deleted accounts to full erasure, stage by stage (policy P4.2a).
//
// It is rung when a deletion is asked for or taken back, every hour by its schedule, every minute by sweep-stalled for whatever
// waits. Each run claims one erasure after the other and carries each as far as it goes; the hourly run also replays the
// ledger, so that nobody who was erased comes back with a restored backup.
package main

import (
	"context"
	"errors"
	"time"

	"nanoflux.ai/backend/shared/bucket"
	"nanoflux.ai/backend/shared/cdn"
	"nanoflux.ai/backend/shared/erasure"
	"nanoflux.ai/backend/shared/payment"
	"nanoflux.ai/backend/shared/postgres"
	"nanoflux.ai/backend/shared/promise"
	"nanoflux.ai/backend/shared/receipt"
	"nanoflux.ai/backend/shared/setting"
	"nanoflux.ai/backend/shared/task"
)

type sweep struct {
	db      *postgres.Database
	objects *bucket.Bucket
	edge    cdn.Purger
	stripe  *payment.Stripe
	ledger  erasure.Ledger
	terms   erasure.Terms
	signer  receipt.PrivateKey
}

func main() {
	terms := setting.Parsed("BACKUP_DAYS", erasure.ParseTerms)
	objects := bucket.Open(setting.URL("BUCKET_ENDPOINT"), setting.Required("BUCKET_NAME"),
		setting.Required("BUCKET_ACCESS_KEY_ID"), setting.Required("BUCKET_SECRET_ACCESS_KEY"))
	task.Answer(sweep{
		db:      postgres.Open(setting.Required("DATABASE_URL")),
		objects: objects,
		edge:    cdn.NewPurger(setting.URL("CDN_URL"), setting.URL("CDN_PURGE_URL"), setting.Required("CDN_PURGE_TOKEN")),
		stripe:  payment.Open(setting.URL("STRIPE_URL"), setting.Required("STRIPE_SECRET_KEY")),
		ledger:  erasure.Ledger{Objects: objects, Key: setting.Key("LOOKUP_KEY"), Terms: terms},
		terms:   terms,
		signer:  setting.Parsed("RECEIPT_KEY", receipt.ParsePrivateKey),
	}.run)
}

// rung says which erasure to look for first; a schedule's event says none.
type rung struct {
	ID string `json:"id"`
}

// report says what a run did. Whoever restored a backup repeats it until nobody is left whom the backup brought back, which takes
// half an hour, since it waits until nobody can be adding to such an account any more.
type report struct {
	Replayed int `json:"replayed"`
	Complete int `json:"complete"`
	Open     int `json:"open"`     // erasures under way, those in grace too
	Restored int `json:"restored"` // of them, those whom a backup brought back
}

// longest is for how long a run claims new erasures; one that it has is carried on until the deadline of the function.
const longest = 4 * time.Minute

func (s sweep) run(ctx context.Context, clock task.Clock, bell rung) (done report, err error) {
	began := clock.Now()
	if bell.ID == "" {
		done.Replayed, err = s.ledger.Replay(ctx, s.db, began)
		task.Count(ctx, "replayed", done.Replayed)
		if done.Replayed > 0 {
			task.Alarm(ctx, "erasures_replayed")
		}
		if err != nil {
			task.Alarm(ctx, "erasure_ledger_unread")
		}
		err = errors.Join(err, erasure.ForgetEnded(ctx, s.db, began))
	}
	for clock.Now().Sub(began) < longest {
		e, found, claiming := erasure.Claim(ctx, s.db, bell.ID, clock.Now())
		if claiming != nil || !found {
			err = errors.Join(err, claiming)
			break
		}
		complete, carrying := s.carry(ctx, clock, &e)
		if complete {
			done.Complete++
			task.Count(ctx, "complete", 1)
		}
		err = errors.Join(err, carrying)
	}
	var counting error
	done.Open, done.Restored, counting = erasure.Open(ctx, s.db)
	if err = errors.Join(err, counting); err == nil && bell.ID == "" {
		err = promise.Succeeded(ctx, s.db, "sweep-accounts", began)
	}
	return done, err
}

// carry takes an erasure as far as it goes now. A step that fails is noted with the erasure and tried again later; the others
// go on meanwhile.
func (s sweep) carry(ctx context.Context, clock task.Clock, e *erasure.Erasure) (complete bool, err error) {
	task.Count(ctx, "claimed", 1)
	for !complete && err == nil {
		complete, err = s.step(ctx, clock, e)
	}
	if e.Late(clock.Now()) && !complete {
		task.Alarm(ctx, "erasure_late")
	}
	switch {
	case complete, errors.Is(err, errRests):
		return complete, nil
	case errors.Is(err, erasure.ErrLost): // another worker's, or taken back
		task.Count(ctx, "lost", 1)
		return false, e.Release(ctx, s.db)
	}
	// Said without the function's own deadline, which may be what ended the step.
	saying, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	if ctx.Err() != nil { // there was more to do than a run has time for: the next one goes on
		return false, e.Leave(saying, s.db, clock.Now())
	}
	task.Count(ctx, "failed_"+e.Stage, 1)
	if noting := e.Fail(saying, s.db, reason(err), clock.Now()); noting != nil {
		return false, errors.Join(err, noting)
	}
	return false, nil
}
