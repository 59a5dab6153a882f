package main

import (
	"context"
	"errors"
	"time"

	"nanoflux.ai/backend/shared/archive"
	"nanoflux.ai/backend/shared/task"
)

// archives wakes pack-export for the archives that nobody packs, gives up the ones that nobody could, removes those that have ended.
func (s sweep) archives(ctx context.Context, at time.Time) error {
	given, failed := archive.Abandon(ctx, s.db, at, batch)
	task.Count(ctx, "archives_given_up", int(given))
	return errors.Join(failed, s.ringPackers(ctx, at), s.removeArchives(ctx, at))
}

func (s sweep) ringPackers(ctx context.Context, at time.Time) error {
	ids, err := archive.Unanswered(ctx, s.db, at, batch)
	for _, id := range ids {
		if err := s.pack.Ring(ctx, id, at); err != nil {
			return err
		}
		task.Count(ctx, "rung", 1)
	}
	return err
}

// removeArchives deletes all objects of an archive, purges its volumes from the CDN, and only then forgets its rows: what fails is
// found again in the next minute.
func (s sweep) removeArchives(ctx context.Context, at time.Time) error {
	const most = 20 // a run, since each may be thousands of objects
	ended, err := archive.Ends(ctx, s.db, at, most)
	for _, e := range ended {
		if _, failed := s.objects.DeletePrefix(ctx, e.Folder); failed != nil {
			err = errors.Join(err, failed)
			continue
		}
		if failed := s.edge.Purge(ctx, e.Keys...); failed != nil {
			err = errors.Join(err, failed)
			continue
		}
		err = errors.Join(err, archive.Forget(ctx, s.db, e.ID))
		task.Count(ctx, "archives", 1)
	}
	return err
}
