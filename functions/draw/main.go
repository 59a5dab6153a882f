// Draw carries one order out: it asks the provider, stores the image, settles.
//
// Its steps stand in an order in which a crash at any point is repaired by sweep-stalled: the claim has a lease, each
// provider call is counted before it is made, an image has its row before its objects, and the image comes into the library
// in the transaction that settles.
package main

import (
	"context"
	"errors"

	"nanoflux.ai/backend/shared/bucket"
	"nanoflux.ai/backend/shared/credit"
	"nanoflux.ai/backend/shared/generation"
	"nanoflux.ai/backend/shared/image"
	"nanoflux.ai/backend/shared/picture"
	"nanoflux.ai/backend/shared/postgres"
	"nanoflux.ai/backend/shared/seal"
	"nanoflux.ai/backend/shared/session"
	"nanoflux.ai/backend/shared/setting"
	"nanoflux.ai/backend/shared/task"
	"nanoflux.ai/backend/shared/tool"
)

type draw struct {
	db        *postgres.Database
	service   *seal.Service
	objects   *bucket.Bucket
	providers []provider
}

func main() {
	task.Serve(draw{
		db:      postgres.Open(setting.Required("DATABASE_URL")),
		service: setting.Parsed("SERVICE_KEYS", seal.Parse),
		objects: bucket.Open(setting.URL("BUCKET_ENDPOINT"), setting.Required("BUCKET_NAME"),
			setting.Required("BUCKET_ACCESS_KEY_ID"), setting.Required("BUCKET_SECRET_ACCESS_KEY")),
		providers: setting.Parsed("IMAGE_PROVIDERS", parseProviders),
	}.run)
}

// rung says which order to look for first.
type rung struct {
	ID string `json:"id"`
}

func (d draw) run(ctx context.Context, clock task.Clock, bell rung) error {
	order, found, err := generation.Claim(ctx, d.db, d.service, bell.ID, clock.Now())
	if err != nil || !found {
		return err
	}
	err = d.carryOut(ctx, clock, order)
	if failure := (*failed)(nil); errors.As(err, &failure) {
		task.Count(ctx, failure.code, 1)
		err = d.giveBack(ctx, clock, order, failure.code)
	}
	// It is another claimer's now, who will finish it; or its account was closed, and it was cancelled with that.
	if errors.Is(err, generation.ErrLost) || errors.Is(err, session.ErrSignedOut) {
		task.Count(ctx, "lost", 1)
		return nil
	}
	return err
}

// failed ends an order with a reason of package generation; any other error leaves it to a later claim.
type failed struct{ code string }

func (f *failed) Error() string { return "the order fails: " + f.code }

func (d draw) carryOut(ctx context.Context, clock task.Clock, order generation.Claimed) error {
	ordered, ok := tool.Find(order.Tool)
	if !ok {
		return &failed{generation.Unavailable}
	}
	inputs, err := d.inputs(ctx, order)
	if err != nil {
		return err
	}
	var made made
	if len(ordered.Models) == 0 {
		made, err = compute(ordered, inputs)
	} else {
		made, err = d.ask(ctx, clock, order, ordered, inputs)
	}
	if err != nil || made.image == nil {
		return err // without an error and without an image, the provider put the order off
	}
	return d.keep(ctx, clock, order, made)
}

// inputs fetches and decodes the order's images.
func (d draw) inputs(ctx context.Context, order generation.Claimed) ([]input, error) {
	if len(order.Inputs) == 0 {
		return nil, nil
	}
	keys, err := image.Inputs(ctx, d.db, order.AccountID, order.Inputs)
	if errors.Is(err, image.ErrNotFound) {
		return nil, &failed{generation.InputGone}
	}
	inputs := make([]input, 0, len(keys))
	for _, key := range keys {
		if err != nil {
			return nil, err
		}
		var in input
		if in, err = d.input(ctx, key); err == nil {
			inputs = append(inputs, in)
		}
	}
	return inputs, err
}

func (d draw) input(ctx context.Context, key string) (input, error) {
	file, err := d.objects.Get(ctx, key, picture.MaxStored)
	if errors.Is(err, bucket.ErrMissing) {
		return input{}, &failed{generation.InputGone}
	}
	if errors.Is(err, bucket.ErrTooLarge) {
		return input{}, &failed{generation.InputUnusable}
	}
	if err != nil {
		return input{}, err
	}
	pixels, err := picture.Reopen(file)
	if err != nil {
		return input{}, &failed{generation.InputUnusable}
	}
	return input{pixels, picture.Source(file)}, nil
}

// keep stores the image and, in one transaction, shows it, ends the order and settles its price.
func (d draw) keep(ctx context.Context, clock task.Clock, order generation.Claimed, made made) error {
	original, err := picture.Encode(made.image, made.source)
	if err != nil {
		return err
	}
	thumbnail, err := picture.Thumbnail(made.image)
	if err != nil {
		return err
	}
	stored, err := image.Store(ctx, d.db, d.objects, order.Key, image.New{
		AccountID: order.AccountID, Prefix: order.Prefix, Kind: image.Result, GenerationID: &order.ID, Tool: &order.Tool,
		Prompt: order.Prompt, Original: original, Thumbnail: thumbnail,
	}, clock.Now())
	if err != nil {
		return err
	}
	return d.db.Transaction(ctx, func(tx postgres.Querier) error {
		at := clock.Now()
		if err := order.Succeed(ctx, tx, at); err != nil {
			return err
		}
		if shown, err := image.Ready(ctx, tx, stored.ID, at); err != nil || !shown {
			return errors.Join(err, generation.ErrLost)
		}
		_, err := credit.Settle(ctx, tx, order.ID, at)
		return err
	})
}

// giveBack ends the order with a reason, its hold released.
func (d draw) giveBack(ctx context.Context, clock task.Clock, order generation.Claimed, code string) error {
	return d.db.Transaction(ctx, func(tx postgres.Querier) error {
		if err := order.Fail(ctx, tx, code, clock.Now()); err != nil {
			return err
		}
		_, err := credit.Release(ctx, tx, order.ID, clock.Now())
		return err
	})
}
