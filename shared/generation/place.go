package generation

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"nanoflux.ai/backend/shared/credit"
	"nanoflux.ai/backend/shared/image"
	"nanoflux.ai/backend/shared/postgres"
	"nanoflux.ai/backend/shared/problem"
	"nanoflux.ai/backend/shared/seal"
	"nanoflux.ai/backend/shared/session"
	"nanoflux.ai/backend/shared/tool"
)

// ErrKeyReused refuses an Idempotency-Key that came with another order before.
var ErrKeyReused = problem.New(problem.Unprocessable, "idempotency_key_reused",
	"This Idempotency-Key was used for another order; make a new key for a new order.")

// Place accepts an order once for each idempotency key: the row that is the queue and the hold on its price are written in
// one statement (policy P2.2: tool, times, status). The order must have been checked; it is compared as it was checked.
func Place(ctx context.Context, db postgres.Querier, service *seal.Service, tokenHash []byte, at time.Time,
	t tool.Tool, o tool.Order, idempotencyKey string) (View, session.Caller, error) {
	for {
		before, who, err := lookUp(ctx, db, tokenHash, at, o, idempotencyKey)
		if err != nil {
			return View{}, who, err
		}
		key, err := who.Key(service)
		if err != nil {
			return View{}, who, err
		}
		hash, err := requestHash(key, o)
		if err != nil {
			return View{}, who, err
		}
		if before.Existing != nil {
			if !bytes.Equal(before.Existing.RequestHash, hash) {
				return View{}, who, ErrKeyReused
			}
			view, err := before.Existing.accepted(key)
			return view, who, err
		}
		if !before.OwnsImages {
			return View{}, who, image.ErrNotFound
		}
		row, done, err := write(ctx, db, key, who.AccountID, at, t, o, idempotencyKey, hash)
		if err != nil {
			return View{}, who, err
		}
		if done {
			view, err := row.accepted(key)
			return view, who, err
		}
		// Another request with the same key got there between the two statements: the next look finds its row.
	}
}

// accepted is the order as it was answered when it was placed, so that a repetition gets the same answer.
func (r Row) accepted(key seal.Key) (View, error) {
	r.Status, r.StartedAt, r.FinishedAt, r.ErrorCode, r.Images = "queued", nil, nil, nil, nil
	return r.viewWithoutImages(key)
}

type lookedUp struct {
	Existing   *Row
	OwnsImages bool
}

func lookUp(ctx context.Context, db postgres.Querier, tokenHash []byte, at time.Time, o tool.Order, idempotencyKey string) (lookedUp, session.Caller, error) {
	ids := o.Images
	if ids == nil {
		ids = []string{}
	}
	row, err := session.Ask[struct {
		session.Caller
		lookedUp
	}](ctx, db, "looking up an order", `
		select `+session.Columns+`, app.owns_images(c.account_id, $4::uuid[]) as owns_images, (
			select to_json(g) from (
				select `+columns+`, g.request_hash from app.generation g
				where g.account_id = c.account_id and g.idempotency_key = $3
			) g) as existing
		from app.caller($1, $2) c`, tokenHash, at, idempotencyKey, ids)
	return row.lookedUp, row.Caller, err
}

// write adds row and hold; done is false if the key was taken meanwhile. Where credits do not reach, both are undone.
func write(ctx context.Context, db postgres.Querier, key seal.Key, account string, at time.Time,
	t tool.Tool, o tool.Order, idempotencyKey string, hash []byte) (row Row, done bool, err error) {
	row = Row{ID: uuid.NewString(), Tool: t.Name, Seed: o.Seed, Cost: t.Price, CreatedAt: at}
	if row.Seed == nil && t.Inputs.Seed {
		seed := rand.Int64N(tool.MaxSeed + 1)
		row.Seed = &seed
	}
	if o.Prompt != "" {
		row.Prompt = key.Seal("generation.prompt/"+row.ID, o.Prompt)
	}
	if o.Size != "" {
		row.Size = &o.Size
	}
	inputs := o.Images
	if inputs == nil {
		inputs = []string{}
	}
	var available int64
	err = db.QueryRow(ctx, `
		with placed as (
			insert into app.generation (id, account_id, tool, prompt, size, seed, inputs, cost, idempotency_key, request_hash,
				status, created_at, runnable_at)
			select $1::uuid, $2::uuid, $3, $4::bytea, $5, $6::bigint, $7::uuid[], $8::bigint, $9::uuid, $10::bytea, 'queued', $11, $11
			where app.alive($2::uuid)
			on conflict (account_id, idempotency_key) do nothing
			returning id, account_id, cost
		)
		select app.hold_credits(placed.account_id, placed.id, placed.cost, $11) from placed`,
		row.ID, account, row.Tool, []byte(row.Prompt), row.Size, row.Seed, inputs, row.Cost, idempotencyKey, hash, at).Scan(&available)
	switch {
	case credit.Insufficient(err):
		return Row{}, false, credit.ErrInsufficient
	case credit.Owed(err):
		return Row{}, false, credit.ErrOwed
	case session.Closed(err):
		return Row{}, false, session.ErrSignedOut
	case errors.Is(err, pgx.ErrNoRows):
		return Row{}, false, nil
	case err != nil:
		return Row{}, false, fmt.Errorf("placing an order: %w", err)
	}
	return row, true, nil
}

// requestHash is keyed with the account's key: a plain hash would let whoever reads the table guess prompts.
func requestHash(key seal.Key, o tool.Order) ([]byte, error) {
	text, err := json.Marshal(o)
	return key.MAC("generation.request", string(text)), err
}
