// Package generation keeps the orders: their rows are the queue.
package generation

import (
	"context"
	"time"

	"nanoflux.ai/backend/shared/cdn"
	"nanoflux.ai/backend/shared/image"
	"nanoflux.ai/backend/shared/page"
	"nanoflux.ai/backend/shared/postgres"
	"nanoflux.ai/backend/shared/problem"
	"nanoflux.ai/backend/shared/seal"
	"nanoflux.ai/backend/shared/session"
)

// ErrNotFound answers an id that does not exist and one of another person alike.
var ErrNotFound = problem.New(problem.NotFound, "generation_not_found", "There is no such order of yours.")

// Row is one order as it stands in the database.
type Row struct {
	ID          string      `json:"id"`
	Tool        string      `json:"tool"`
	Status      string      `json:"status"`
	Prompt      seal.Sealed `json:"prompt"`
	Size        *string     `json:"size"`
	Seed        *int64      `json:"seed"`
	Cost        int64       `json:"cost"`
	ErrorCode   *string     `json:"error_code"`
	RequestHash seal.Sealed `json:"request_hash"`
	CreatedAt   time.Time   `json:"created_at"`
	StartedAt   *time.Time  `json:"started_at"`
	FinishedAt  *time.Time  `json:"finished_at"`
	Images      []image.Row `json:"images"`
}

const columns = `g.id, g.tool, g.status, g.prompt, g.size, g.seed, g.cost, g.error_code, g.created_at, g.started_at, g.finished_at`

// View is an order as its owner gets it.
type View struct {
	ID         string       `json:"id"`
	Tool       string       `json:"tool"`
	Status     string       `json:"status"` // queued, running, succeeded or failed
	Prompt     *string      `json:"prompt"`
	Size       *string      `json:"size"`
	Seed       *int64       `json:"seed"`
	Cost       int64        `json:"cost"` // credits
	Images     []image.View `json:"images"`
	Error      *Failure     `json:"error"`
	CreatedAt  time.Time    `json:"created_at"`
	StartedAt  *time.Time   `json:"started_at"`
	FinishedAt *time.Time   `json:"finished_at"`
}

// View opens the prompt, signs the links and explains a failure.
func (r Row) View(key seal.Key, links cdn.Links, at time.Time) (View, error) {
	v, err := r.viewWithoutImages(key)
	if err == nil {
		v.Images, err = image.Views(r.Images, key, links, at)
	}
	return v, err
}

func (r Row) viewWithoutImages(key seal.Key) (View, error) {
	v := View{
		ID: r.ID, Tool: r.Tool, Status: r.Status, Size: r.Size, Seed: r.Seed, Cost: r.Cost,
		CreatedAt: r.CreatedAt.UTC(), StartedAt: utc(r.StartedAt), FinishedAt: utc(r.FinishedAt), Images: []image.View{},
	}
	if r.Prompt != nil {
		prompt, err := key.Open("generation.prompt/"+r.ID, r.Prompt)
		if err != nil {
			return View{}, err
		}
		v.Prompt = &prompt
	}
	if r.ErrorCode != nil {
		v.Error = &Failure{*r.ErrorCode, explain(*r.ErrorCode)}
	}
	return v, nil
}

func utc(t *time.Time) *time.Time {
	if t == nil {
		return nil
	}
	u := t.UTC()
	return &u
}

// Failure is why an order failed; its credits have come back.
type Failure struct {
	Code   string `json:"code"`
	Detail string `json:"detail"`
}

// Why orders fail.
const (
	Refused           = "refused"
	ProviderFailed    = "provider_failed"
	Unavailable       = "provider_unavailable"
	Abandoned         = "abandoned"
	InputGone         = "input_gone"
	NoPlainBackground = "no_plain_background"
	TooLarge          = "result_too_large"
	InputUnusable     = "input_unusable"
	Closed            = "account_closed"
)

func explain(code string) string {
	switch code {
	case Refused:
		return "The image model declined this request under its content rules. Please word it differently; your credits have been returned."
	case ProviderFailed:
		return "The image model failed twice. Please try again; your credits have been returned."
	case Unavailable:
		return "No image model can take orders right now. Please try again later; your credits have been returned."
	case Abandoned:
		return "The order could not be carried out within 20 minutes. Please try again; your credits have been returned."
	case InputGone:
		return "An image this order needs was deleted meanwhile; your credits have been returned."
	case NoPlainBackground:
		return "The image has no plain background to remove; your credits have been returned."
	case InputUnusable:
		return "An image this order needs is too large or too damaged for the tool to open; your credits have been returned."
	case Closed:
		return "The order was cancelled when the deletion of the account was asked for; your credits have been returned."
	case TooLarge:
		return "The result would be larger than 40 megapixels or 12,000 pixels a side; your credits have been returned."
	}
	return "The order failed; your credits have been returned."
}

// Get gives one order of the caller's with its images, in one statement with the session check; or ErrNotFound.
func Get(ctx context.Context, db postgres.Querier, tokenHash []byte, at time.Time, id string) (Row, session.Caller, error) {
	found, who, err := read(ctx, db, `
		select `+session.Columns+`, (
			select coalesce(json_agg(g), '[]') from (
				select `+columns+`, app.images_of(c.account_id, g.id) as images
				from app.generation g where g.account_id = c.account_id and g.id = $3
			) g) as generations
		from app.caller($1, $2) c`, tokenHash, at, id)
	if err == nil && len(found) == 0 {
		err = ErrNotFound
	}
	if err != nil {
		return Row{}, who, err
	}
	return found[0], who, nil
}

// List gives a page of the caller's orders, newest first, in one statement with the session check; next is nil on the last.
func List(ctx context.Context, db postgres.Querier, tokenHash []byte, at time.Time, p page.Page) (found []Row, next *string, who session.Caller, err error) {
	before, id := p.Bounds()
	found, who, err = read(ctx, db, `
		select `+session.Columns+`, (
			select coalesce(json_agg(g order by g.created_at desc, g.id desc), '[]') from (
				select `+columns+`, app.images_of(c.account_id, g.id) as images
				from app.generation g
				where g.account_id = c.account_id and (g.created_at, g.id) < ($3::timestamptz, $4::uuid)
				order by g.created_at desc, g.id desc limit $5
			) g) as generations
		from app.caller($1, $2) c`, tokenHash, at, before, id, p.Limit+1)
	if len(found) > p.Limit {
		found = found[:p.Limit]
		last := found[p.Limit-1]
		cursor := page.Cursor{At: last.CreatedAt, ID: last.ID}.String()
		next = &cursor
	}
	return found, next, who, err
}

func read(ctx context.Context, db postgres.Querier, sql string, tokenHash []byte, at time.Time, more ...any) ([]Row, session.Caller, error) {
	row, err := session.Ask[struct {
		session.Caller
		Generations []Row
	}](ctx, db, "reading orders", sql, tokenHash, at, more...)
	return row.Generations, row.Caller, err
}
