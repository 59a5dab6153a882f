// Sweep-stalled finishes what others left unfinished: lost orders and exports, orphaned holds, stale uploads, half-stored images,
// credits, sessions and hashes past their end.
package main

import (
	"context"
	"errors"
	"slices"
	"time"

	"nanoflux.ai/backend/shared/account"
	"nanoflux.ai/backend/shared/bell"
	"nanoflux.ai/backend/shared/bucket"
	"nanoflux.ai/backend/shared/cdn"
	"nanoflux.ai/backend/shared/credit"
	"nanoflux.ai/backend/shared/erasure"
	"nanoflux.ai/backend/shared/generation"
	"nanoflux.ai/backend/shared/image"
	"nanoflux.ai/backend/shared/postgres"
	"nanoflux.ai/backend/shared/promise"
	"nanoflux.ai/backend/shared/session"
	"nanoflux.ai/backend/shared/setting"
	"nanoflux.ai/backend/shared/task"
	"nanoflux.ai/backend/shared/upload"
)

// batch bounds one run's work of each sort; what is left waits for the next minute.
const batch = 200

type sweep struct {
	db      *postgres.Database
	objects *bucket.Bucket
	edge    cdn.Purger
	draw    bell.Bell
	pack    bell.Bell // pack-export
	leave   bell.Bell // sweep-accounts
}

func main() {
	task.Serve(sweep{
		db: postgres.Open(setting.Required("DATABASE_URL")),
		objects: bucket.Open(setting.URL("BUCKET_ENDPOINT"), setting.Required("BUCKET_NAME"),
			setting.Required("BUCKET_ACCESS_KEY_ID"), setting.Required("BUCKET_SECRET_ACCESS_KEY")),
		edge:  cdn.NewPurger(setting.URL("CDN_URL"), setting.URL("CDN_PURGE_URL"), setting.Required("CDN_PURGE_TOKEN")),
		draw:  bell.Of(setting.Required("DRAW_FUNCTION")),
		pack:  bell.Of(setting.Required("PACK_EXPORT_FUNCTION")),
		leave: bell.Of(setting.Required("SWEEP_ACCOUNTS_FUNCTION")),
	}.run)
}

// run does each part whatever becomes of the others: a bucket that is down must not keep credits held.
func (s sweep) run(ctx context.Context, clock task.Clock, _ struct{}) error {
	at := clock.Now()
	err := errors.Join(s.abandon(ctx, at), s.ring(ctx, at), s.erasures(ctx, at), s.holds(ctx, at), s.expired(ctx, at), s.ended(ctx, at),
		s.uploads(ctx, at), s.images(ctx, at), s.archives(ctx, at))
	if err != nil {
		return err
	}
	return promise.Succeeded(ctx, s.db, "sweep-stalled", at)
}

// abandon fails the orders that nobody finished in time, with their credits given back.
func (s sweep) abandon(ctx context.Context, at time.Time) error {
	n, err := generation.Abandon(ctx, s.db, at, batch)
	task.Count(ctx, "abandoned", int(n))
	return err
}

// ring wakes draw for the orders whose bell was lost or whose claimer died.
func (s sweep) ring(ctx context.Context, at time.Time) error {
	ids, err := generation.Unanswered(ctx, s.db, at, batch)
	for _, id := range ids {
		if err := s.draw.Ring(ctx, id, at); err != nil {
			return err
		}
		task.Count(ctx, "rung", 1)
	}
	return err
}

// erasures wakes sweep-accounts for whoever is on the way out and waits for nobody.
func (s sweep) erasures(ctx context.Context, at time.Time) error {
	ids, err := erasure.Unanswered(ctx, s.db, at, 1) // one run carries all that wait
	for _, id := range ids {
		if err := s.leave.Ring(ctx, id, at); err != nil {
			return err
		}
		task.Count(ctx, "erasures_rung", 1)
	}
	return err
}

// holds closes the holds that outlived their order. None should exist; if one does, nobody's credits stay held.
func (s sweep) holds(ctx context.Context, at time.Time) error {
	ids, err := credit.OpenHolds(ctx, s.db, at.Add(-generation.Patience-generation.Lease), batch)
	if err != nil || len(ids) == 0 {
		return err
	}
	statuses, err := generation.Statuses(ctx, s.db, ids)
	if err != nil {
		return err
	}
	for _, id := range ids {
		switch statuses[id] {
		case "queued", "running":
			continue
		case "succeeded":
			_, err = credit.Settle(ctx, s.db, id, at)
		default:
			_, err = credit.Release(ctx, s.db, id, at)
		}
		if err != nil {
			return err
		}
		task.Count(ctx, "orphaned_holds", 1)
	}
	return nil
}

// expired ends the credits whose end has come, with an entry each.
func (s sweep) expired(ctx context.Context, at time.Time) error {
	n, err := credit.Expire(ctx, s.db, at, batch)
	task.Count(ctx, "expired", n)
	return err
}

// ended removes what was promised to be kept until a date only.
func (s sweep) ended(ctx context.Context, at time.Time) error {
	sessions, first := session.ForgetEnded(ctx, s.db, at, batch)
	task.Count(ctx, "sessions", sessions)
	lookups, second := account.ForgetEnded(ctx, s.db, at, batch)
	task.Count(ctx, "lookups", lookups)
	guards, third := credit.ForgetEnded(ctx, s.db, at, batch)
	task.Count(ctx, "guards", guards)
	marks, fourth := generation.ForgetMarks(ctx, s.db, at, batch)
	task.Count(ctx, "order_marks", marks)
	return errors.Join(first, second, third, fourth)
}

// uploads removes the places of uploads that have ended, with whatever was put there.
func (s sweep) uploads(ctx context.Context, at time.Time) error {
	ids, keys, err := upload.Ended(ctx, s.db, at, batch)
	if err != nil || len(ids) == 0 {
		return err
	}
	left, failed := s.objects.Delete(ctx, keys...)
	var gone []string
	for i, id := range ids {
		if !slices.Contains(left, keys[i]) {
			gone = append(gone, id)
		}
	}
	task.Count(ctx, "uploads", len(gone))
	return errors.Join(failed, upload.Forget(ctx, s.db, gone))
}

// images removes what was being stored when its function died, and finishes the deletions that storage interrupted.
func (s sweep) images(ctx context.Context, at time.Time) error {
	unsettled, err := image.Unsettled(ctx, s.db, at.Add(-time.Hour), at.Add(-time.Minute), at, batch)
	if err != nil || len(unsettled) == 0 {
		return err
	}
	task.Count(ctx, "images", len(unsettled))
	return image.Remove(ctx, s.db, s.objects, s.edge, unsettled...)
}
