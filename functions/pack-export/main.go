// Pack-export makes one archive: it writes the account's rows into files, lists its images, packs all of it into volumes
// (policy P6.3).
//
// Each step is recorded before the next begins, and everything that goes into a volume is an object of known content, so that any
// part of it can be made alone: who finds an archive half made goes on with what is missing.
package main

import (
	"context"
	"errors"
	"runtime/debug"
	"time"

	"nanoflux.ai/backend/shared/archive"
	"nanoflux.ai/backend/shared/bell"
	"nanoflux.ai/backend/shared/bucket"
	"nanoflux.ai/backend/shared/postgres"
	"nanoflux.ai/backend/shared/seal"
	"nanoflux.ai/backend/shared/setting"
	"nanoflux.ai/backend/shared/task"
)

type packExport struct {
	db      *postgres.Database
	service *seal.Service
	objects *bucket.Bucket
	self    bell.Bell
}

func main() {
	debug.SetGCPercent(50) // memory is buffers, which are used again and again: there is little else to collect
	task.Serve(packExport{
		db:      postgres.Open(setting.Required("DATABASE_URL")),
		service: setting.Parsed("SERVICE_KEYS", seal.Parse),
		objects: bucket.Open(setting.URL("BUCKET_ENDPOINT"), setting.Required("BUCKET_NAME"),
			setting.Required("BUCKET_ACCESS_KEY_ID"), setting.Required("BUCKET_SECRET_ACCESS_KEY")),
		// Lambda says it; a reference to itself is more than the template can have.
		self: bell.Of(setting.Required("AWS_LAMBDA_FUNCTION_NAME")),
	}.run)
}

// rung says which archive to pack.
type rung struct {
	ID string `json:"id"`
}

// margin is kept of the function's time for what is under way when nothing new is begun any more.
const margin = 30 * time.Second

// errLate ends a run in time; the archive goes on in another.
var errLate = errors.New("no time is left for another piece")

func late(ctx context.Context) error {
	if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) < margin {
		return errLate
	}
	return nil
}

func (f packExport) run(ctx context.Context, clock task.Clock, bell rung) error {
	claimed, found, err := archive.Claim(ctx, f.db, f.service, bell.ID, clock.Now())
	if err != nil || !found {
		return err
	}
	err = (&packer{packExport: f, clock: clock, Claimed: claimed}).pack(ctx)
	if errors.Is(err, archive.ErrLost) { // it has ended, or it is another's now, who will finish it
		task.Count(ctx, "lost", 1)
		return nil
	}
	if err == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	if freed := claimed.Yield(ctx, f.db); freed == nil && errors.Is(err, errLate) {
		task.Count(ctx, "continued", 1)
		_ = f.self.Ring(ctx, claimed.ID, clock.Now()) // if this bell is lost, sweep-stalled rings again within a minute
		return nil
	}
	return err
}

// packer packs one archive.
type packer struct {
	packExport
	archive.Claimed
	clock  task.Clock
	staged int // objects put by this packer
}

func (p *packer) pack(ctx context.Context) error {
	steps := map[string]func(context.Context) error{
		archive.StepData: p.data, archive.StepImages: p.images, archive.StepVolumes: p.volumes,
		archive.StepPages: p.pages, archive.StepLast: p.last, archive.StepDone: p.finish,
	}
	for {
		step := p.Step
		if err := steps[step](ctx); err != nil {
			return err
		}
		if step == archive.StepDone {
			return nil
		}
	}
}

// finish removes what was only there to be packed, and shows the archive. What stays after a crash goes with the archive.
func (p *packer) finish(ctx context.Context) error {
	err := p.objects.Walk(ctx, p.Folder+"/"+staging, func(page []bucket.Object) error {
		keys := make([]string, len(page))
		for i := range page {
			keys[i] = page[i].Key
		}
		_, err := p.objects.Delete(ctx, keys...)
		return err
	})
	if err != nil {
		return err
	}
	return p.Finish(ctx, p.db, p.clock.Now())
}
