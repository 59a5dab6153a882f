// Package archive keeps exports: what each is to hold, how far its packing is, where its volumes are.
//
// An archive lists files ("items"), each an object in the bucket of known length and checksum, and deals them to volumes, which are
// zip files. Everything that packing has come to is in a row before the next step begins, so a packer that dies loses a moment's work.
package archive

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"nanoflux.ai/backend/shared/cdn"
	"nanoflux.ai/backend/shared/image"
	"nanoflux.ai/backend/shared/postgres"
	"nanoflux.ai/backend/shared/problem"
	"nanoflux.ai/backend/shared/retention"
	"nanoflux.ai/backend/shared/session"
)

const (
	// Kept is how long an archive can be downloaded, from its being ready on.
	Kept = retention.Archive
	// Patience is how old an archive may become before its packing is given up.
	Patience = 24 * time.Hour
	// MaxKept is how many archives of one account there may be at a time.
	MaxKept = 10
	// MaxChosen is how many images a selection may have.
	MaxChosen = 500
)

// Scopes of an archive: everything of an account, or chosen images.
const (
	Account = "account"
	Images  = "images"
)

// States of an archive. One that is ending is shown to nobody any more and waits to be removed.
const (
	Packing = "packing"
	Ready   = "ready"
	Failed  = "failed"
)

// GaveUp is the error of an archive that could not be packed within Patience.
const GaveUp = "gave_up"

var (
	// ErrNotFound answers an id that does not exist, one that has ended and one of another person alike.
	ErrNotFound = problem.New(problem.NotFound, "export_not_found", "There is no such export of yours; it may have ended already.")
	// ErrTooMany refuses an order to somebody with MaxKept archives.
	ErrTooMany = problem.New(problem.TooMany, "too_many_exports", "You have ten exports already: remove one, or wait until one has ended.")
)

// Row is an archive as it stands in the database.
type Row struct {
	ID         string     `json:"id"`
	Scope      string     `json:"scope"`
	State      string     `json:"state"`
	BytesTotal int64      `json:"bytes_total"`
	BytesDone  int64      `json:"bytes_done"`
	Files      int64      `json:"files"`
	Omitted    int64      `json:"omitted"`
	OrderedAt  time.Time  `json:"ordered_at"`
	ReadyAt    *time.Time `json:"ready_at"`
	ExpiresAt  time.Time  `json:"expires_at"`
	ErrorCode  *string    `json:"error_code"`
	Volumes    []struct {
		Number int    `json:"number"`
		Name   string `json:"name"`
		Key    string `json:"key"`
		Bytes  int64  `json:"bytes"`
	} `json:"volumes"`
}

// columns of Row. Volumes are shown when all are there.
const columns = `a.id, a.scope, a.state, a.bytes_total, a.bytes_done, a.files, a.omitted, a.ordered_at, a.ready_at, a.expires_at, a.error_code, (
	select coalesce(json_agg(v order by v.number), '[]') from (
		select v.number, v.filename as name, v.key, v.bytes from app.archive_volume v where v.archive_id = a.id and a.state = 'ready'
	) v) as volumes`

// View is an archive as its owner gets it. Before it is ready it has no volumes; asking again gives new links.
type View struct {
	ID            string     `json:"id"`
	Scope         string     `json:"scope"`
	State         string     `json:"state"`
	Percent       int64      `json:"percent"` // 100 only where it is ready
	BytesDone     int64      `json:"bytes_done"`
	BytesTotal    int64      `json:"bytes_total"` // as far as it is known; 0 at first
	Files         int64      `json:"files"`
	Omitted       int64      `json:"omitted"` // that could not be included; the archive says why
	OrderedAt     time.Time  `json:"ordered_at"`
	ReadyAt       *time.Time `json:"ready_at"`
	ExpiresAt     time.Time  `json:"expires_at"`
	Error         *string    `json:"error"`
	Volumes       []Download `json:"volumes"`
	LinksExpireAt *time.Time `json:"links_expire_at"`
}

// Download is one zip file.
type Download struct {
	Number int    `json:"number"`
	Name   string `json:"name"`
	Bytes  int64  `json:"bytes"`
	URL    string `json:"url"`
}

// View signs the links.
func (r Row) View(links cdn.Links, at time.Time) View {
	v := View{
		ID: r.ID, Scope: r.Scope, State: r.State, BytesDone: min(r.BytesDone, r.BytesTotal), BytesTotal: r.BytesTotal,
		Files: r.Files, Omitted: r.Omitted, OrderedAt: r.OrderedAt.UTC(), ExpiresAt: r.ExpiresAt.UTC(),
		Error: r.ErrorCode, Volumes: []Download{},
	}
	if r.ReadyAt != nil {
		ready := r.ReadyAt.UTC()
		v.ReadyAt = &ready
	}
	if r.BytesTotal > 0 {
		v.Percent = min(99, 100*v.BytesDone/v.BytesTotal)
	}
	if r.State == Ready {
		until := cdn.ArchiveUntil(at)
		v.Percent, v.LinksExpireAt = 100, &until
	}
	for _, volume := range r.Volumes {
		v.Volumes = append(v.Volumes, Download{volume.Number, volume.Name, volume.Bytes, links.Archive(volume.Key, at)})
	}
	return v
}

// Order writes an archive down, of the caller's account as it is now; or of chosen images of it where there are any, else it needs a
// fresh sign-in. Where one of the same scope is being packed already, that one is given. Errors: session.ErrStale,
// image.ErrNotFound, ErrTooMany.
func Order(ctx context.Context, db postgres.Querier, tokenHash []byte, at time.Time, images []string) (Row, session.Caller, error) {
	scope := Images
	if len(images) == 0 {
		scope, images = Account, []string{} // no array is another thing to Postgres than one without elements
	}
	for range 2 { // again where another request was faster
		found, err := underWay(ctx, db, tokenHash, at, scope, images)
		switch {
		case err != nil:
			return Row{}, found.Caller, err
		case len(found.Archives) > 0:
			return found.Archives[0], found.Caller, nil
		}
		if scope == Account {
			err = session.Fresh(found.Caller, at)
		} else if !found.Owned {
			err = image.ErrNotFound
		}
		if err == nil && found.Kept >= MaxKept {
			err = ErrTooMany
		}
		if err != nil {
			return Row{}, found.Caller, err
		}
		if err := place(ctx, db, found.Caller, scope, images, at); err != nil {
			return Row{}, found.Caller, err
		}
	}
	return Row{}, session.Caller{}, errors.New("ordering an archive: it is gone already")
}

type standing struct {
	session.Caller
	Owned    bool
	Kept     int
	Archives []Row
}

func underWay(ctx context.Context, db postgres.Querier, tokenHash []byte, at time.Time, scope string, images []string) (standing, error) {
	return session.Ask[standing](ctx, db, "looking for an archive", `
		select `+session.Columns+`, app.owns_images(c.account_id, $4::uuid[]) as owned,
		       (select count(*) from app.archive a where a.account_id = c.account_id and a.state <> 'ending') as kept, (
			select coalesce(json_agg(a), '[]') from (
				select `+columns+` from app.archive a where a.account_id = c.account_id and a.scope = $3 and a.state = 'packing'
			) a) as archives
		from app.caller($1, $2) c`, tokenHash, at, scope, images)
}

func place(ctx context.Context, db postgres.Querier, c session.Caller, scope string, images []string, at time.Time) error {
	id := uuid.NewString()
	_, err := db.Exec(ctx, `
		insert into app.archive (id, account_id, scope, images, folder, state, step, ordered_at, expires_at)
		values ($1, $2, $3, case $3 when 'account' then app.library($2) else $4::uuid[] end, $5, 'packing',
		        case $3 when 'account' then 'data' else 'images' end, $6, $7)
		on conflict (account_id, scope) where state = 'packing' do nothing`,
		id, c.AccountID, scope, images, c.Prefix+"/exports/"+id, at, at.Add(Kept))
	if postgres.Raised(err, "NF410") {
		return session.ErrSignedOut // the account was closed meanwhile
	}
	if err != nil {
		return fmt.Errorf("ordering an archive: %w", err)
	}
	return nil
}

type withArchives struct {
	session.Caller
	Archives []Row
}

// List gives the caller's archives, the newest first, in one statement with the session check.
func List(ctx context.Context, db postgres.Querier, tokenHash []byte, at time.Time) ([]Row, session.Caller, error) {
	row, err := session.Ask[withArchives](ctx, db, "listing archives", `
		select `+session.Columns+`, (
			select coalesce(json_agg(a order by a.ordered_at desc, a.id), '[]') from (
				select `+columns+` from app.archive a where a.account_id = c.account_id and a.state <> 'ending' and a.expires_at > $2
			) a) as archives
		from app.caller($1, $2) c`, tokenHash, at)
	return row.Archives, row.Caller, err
}

// Get gives one archive of the caller's, in one statement with the session check; or ErrNotFound.
func Get(ctx context.Context, db postgres.Querier, tokenHash []byte, at time.Time, id string) (Row, session.Caller, error) {
	row, err := session.Ask[withArchives](ctx, db, "reading an archive", `
		select `+session.Columns+`, (
			select coalesce(json_agg(a), '[]') from (
				select `+columns+` from app.archive a
				where a.account_id = c.account_id and a.id = $3 and a.state <> 'ending' and a.expires_at > $2
			) a) as archives
		from app.caller($1, $2) c`, tokenHash, at, id)
	if err == nil && len(row.Archives) == 0 {
		err = ErrNotFound
	}
	if err != nil {
		return Row{}, row.Caller, err
	}
	return row.Archives[0], row.Caller, nil
}

// End takes an archive of the caller's away; what packs it stops, and what sweeps removes it. In one statement with the session
// check; or ErrNotFound.
func End(ctx context.Context, db postgres.Querier, tokenHash []byte, at time.Time, id string) (session.Caller, error) {
	row, err := session.Ask[struct {
		session.Caller
		Ended bool
	}](ctx, db, "ending an archive", `
		with caller as materialized (select * from app.caller($1, $2)),
		ended as (
			update app.archive a set state = 'ending' from caller
			where a.id = $3 and a.account_id = caller.account_id and a.state <> 'ending' and a.expires_at > $2
			returning a.id
		)
		select `+session.Columns+`, exists (select from ended) as ended from caller c`, tokenHash, at, id)
	if err == nil && !row.Ended {
		err = ErrNotFound
	}
	return row.Caller, err
}

// strings reads rows of one text each.
func strings(rows pgx.Rows, err error, doing string) ([]string, error) {
	if err != nil {
		return nil, fmt.Errorf("%s: %w", doing, err)
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}
