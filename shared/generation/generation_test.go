package generation_test

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"nanoflux.ai/backend/shared/cdn"
	"nanoflux.ai/backend/shared/credit"
	"nanoflux.ai/backend/shared/generation"
	"nanoflux.ai/backend/shared/page"
	"nanoflux.ai/backend/shared/postgres"
	"nanoflux.ai/backend/shared/session"
	"nanoflux.ai/backend/shared/testbed/people"
)

func links() cdn.Links { return cdn.NewLinks("https://cdn.example.com", make([]byte, 32)) }

func TestPagesOfOrdersHaveNoGapAndNoRepetitionWhileOrdersArePlaced(t *testing.T) {
	t.Parallel()
	ctx, db := context.Background(), people.Open(t)
	ada, grace := db.SignIn(t, "ada", 50), db.SignIn(t, "grace", 50)
	for i := range 12 {
		at := people.Now().Add(time.Duration(i/5) * time.Millisecond)
		mustPlace(t, db, ada, at)
		mustPlace(t, db, grace, at)
	}
	later := people.Now()
	for _, limit := range []int{1, 4, 5, 100} {
		wanted := people.Ask[[]string](t, db, `select array_agg(id::text order by created_at desc, id desc) from app.generation where account_id = $1`, ada.ID)
		var got []string
		for asked, more := (page.Page{Limit: limit}), true; more; {
			rows, next, _, err := generation.List(ctx, db.Reader, ada.Token, people.Now(), asked)
			if err != nil || len(rows) > limit {
				t.Fatal(len(rows), err)
			}
			for _, row := range rows {
				got = append(got, row.ID)
			}
			if more = next != nil; more {
				if asked, err = page.Read(map[string][]string{"cursor": {*next}, "limit": {fmt.Sprint(limit)}}); err != nil {
					t.Fatal(err)
				}
				if limit == 4 {
					later = later.Add(time.Minute)
					mustPlace(t, db, ada, later)
				}
			}
		}
		if !slices.Equal(got, wanted) {
			t.Errorf("in pages of %d: %v, want %v", limit, got, wanted)
		}
	}
	if _, _, _, err := generation.List(ctx, db.Reader, nil, people.Now(), page.Page{Limit: 1}); !errors.Is(err, session.ErrSignedOut) {
		t.Errorf("nobody's orders: %v", err)
	}
}

func TestAnotherPersonsOrderDoesNotExist(t *testing.T) {
	t.Parallel()
	ctx, db := context.Background(), people.Open(t)
	ada, grace := db.SignIn(t, "ada", 50), db.SignIn(t, "grace", 50)
	hers := mustPlace(t, db, grace, people.Now()).ID
	for what, id := range map[string]string{"another person's": hers, "an unknown one": uuid.NewString()} {
		if row, _, err := generation.Get(ctx, db.Reader, ada.Token, people.Now(), id); !errors.Is(err, generation.ErrNotFound) || row.ID != "" {
			t.Errorf("%s: %v", what, err)
		}
	}
	if _, _, err := generation.Get(ctx, db.Reader, nil, people.Now(), hers); !errors.Is(err, session.ErrSignedOut) {
		t.Errorf("nobody: %v", err)
	}
	if row, _, err := generation.Get(ctx, db.Reader, grace.Token, people.Now(), hers); err != nil || row.ID != hers {
		t.Errorf("her own: %v", err)
	}
}

// shelve puts a ready image into somebody's library: a result of the order, or an upload where there is none.
func shelve(t *testing.T, db people.Database, p people.Person, order *string) (id string) {
	t.Helper()
	id = uuid.NewString()
	db.Do(t, `
		insert into app.image (id, account_id, generation_id, kind, state, state_at, key, thumbnail_key, content_type, thumbnail_type,
			width, height, bytes, crc32, sha256, thumbnail_bytes, thumbnail_crc32, thumbnail_sha256, created_at)
		values ($1::uuid, $2, $3::uuid, case when $3::uuid is null then 'upload' else 'result' end, 'ready', $4, $1::text, $1::text || 't',
			'image/png', 'image/png', 1, 1, 1, 0, $5, 1, 0, $5, $4)`, id, p.ID, order, people.Now(), make([]byte, 32))
	return id
}

func TestAnOrderShowsHowItWent(t *testing.T) {
	t.Parallel()
	ctx, db := context.Background(), people.Open(t)
	ada := db.SignIn(t, "ada", 50)
	placed := mustPlace(t, db, ada, people.Now())
	look := func() generation.View {
		row, caller, err := generation.Get(ctx, db.Reader, ada.Token, people.Now(), placed.ID)
		if err != nil {
			t.Fatal(err)
		}
		key, err := caller.Key(db.Service)
		if err != nil {
			t.Fatal(err)
		}
		v, err := row.View(key, links(), people.Now())
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	if v := look(); !reflect.DeepEqual(v, placed) {
		t.Errorf("it was answered as %+v and reads as %+v", placed, v)
	}
	began, ended := people.Now().Add(time.Second), people.Now().Add(3*time.Second)
	order := mustClaim(t, db, placed.ID, began)
	if v := look(); v.Status != "running" || !v.StartedAt.Equal(began) || v.FinishedAt != nil {
		t.Errorf("while it runs: %+v", v)
	}
	image := shelve(t, db, ada, &placed.ID)
	if err := order.Succeed(ctx, db.Worker, ended); err != nil {
		t.Fatal(err)
	}
	if v := look(); v.Status != "succeeded" || !v.FinishedAt.Equal(ended) || len(v.Images) != 1 || v.Images[0].ID != image || v.Error != nil {
		t.Errorf("afterwards: %+v", v)
	}
}

func TestEveryFailureIsExplained(t *testing.T) {
	t.Parallel()
	ctx, db := context.Background(), people.Open(t)
	ada := db.SignIn(t, "ada", 50)
	said := map[string]string{}
	for _, code := range []string{generation.Refused, generation.ProviderFailed, generation.Unavailable, generation.Abandoned,
		generation.InputGone, generation.NoPlainBackground, generation.TooLarge, "a code of a later version"} {
		order := mustClaim(t, db, mustPlace(t, db, ada, people.Now()).ID, people.Now())
		fail(t, db, order, code)
		row, _, err := generation.Get(ctx, db.Reader, ada.Token, people.Now(), order.ID)
		if err != nil {
			t.Fatal(err)
		}
		v, err := row.View(ada.Key, links(), people.Now())
		if err != nil || v.Status != "failed" || v.Error == nil || v.Error.Code != code || v.Error.Detail == "" {
			t.Fatalf("%s: %+v, %v", code, v, err)
		}
		if other, taken := said[v.Error.Detail]; taken {
			t.Errorf("%s and %s are told alike", code, other)
		}
		said[v.Error.Detail] = code
	}
	if held := people.Ask[int](t, db, `select held from app.credit_balance`); held != 0 {
		t.Errorf("%d credits stay held for failed orders", held)
	}
}

// fail ends an order as draw does.
func fail(t *testing.T, db people.Database, order generation.Claimed, code string) {
	t.Helper()
	err := db.Worker.Transaction(context.Background(), func(tx postgres.Querier) error {
		if err := order.Fail(context.Background(), tx, code, people.Now()); err != nil {
			return err
		}
		_, err := credit.Release(context.Background(), tx, order.ID, people.Now())
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
