package postgres_test

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"nanoflux.ai/backend/shared/postgres"
	"nanoflux.ai/backend/shared/testbed"
	"nanoflux.ai/backend/shared/testbed/people"
)

func TestEveryTypeOfOurColumnsGoesThroughThePoolerAndBack(t *testing.T) {
	t.Parallel()
	ctx, db := context.Background(), people.Open(t)
	const id = "0190b0c8-0000-7000-8000-00000000000a"
	at := time.Date(2026, 3, 1, 12, 0, 0, 123456000, time.UTC)
	seed, none := int64(1<<31-1), (*string)(nil)
	for range 30 { // more than the pooler has connections: none may remember a statement of another
		var (
			gotID, gotText string
			gotBytes       []byte
			gotAt          time.Time
			gotSeed        *int64
			gotNone        *string
			gotIDs         []string
			gotJSON        struct{ Key []int }
		)
		err := db.Web.QueryRow(ctx, `select $1::uuid, $2::text, $3::bytea, $4::timestamptz, $5::bigint, $6::text, $7::uuid[], $8::json`,
			id, `it's "ü" \ $1`, []byte{0, 255, '\\'}, at, &seed, none, []string{id, id}, `{"key":[1,2]}`,
		).Scan(&gotID, &gotText, &gotBytes, &gotAt, &gotSeed, &gotNone, &gotIDs, &gotJSON)
		if err != nil {
			t.Fatal(err)
		}
		if gotID != id || gotText != `it's "ü" \ $1` || string(gotBytes) != "\x00\xff\\" || !gotAt.Equal(at) || *gotSeed != seed ||
			gotNone != nil || !slices.Equal(gotIDs, []string{id, id}) || !slices.Equal(gotJSON.Key, []int{1, 2}) {
			t.Fatal(gotID, gotText, gotBytes, gotAt, *gotSeed, gotNone, gotIDs, gotJSON)
		}
	}
}

func TestATransactionThatFailsLeavesNothing(t *testing.T) {
	t.Parallel()
	ctx, db := context.Background(), people.Open(t)
	insert := func(tx postgres.Querier) error {
		_, err := tx.Exec(ctx, `insert into app.free_grant_guard values ($1, 'infinity')`, make([]byte, 32))
		return err
	}
	count := func() int { return people.Ask[int](t, db, `select count(*) from app.free_grant_guard`) }
	stop := errors.New("stop")
	if err := db.Owner.Transaction(ctx, func(tx postgres.Querier) error { return errors.Join(insert(tx), stop) }); !errors.Is(err, stop) || count() != 0 {
		t.Errorf("%v, %d rows", err, count())
	}
	func() {
		defer func() { _ = recover() }()
		_ = db.Owner.Transaction(ctx, func(tx postgres.Querier) error { _ = insert(tx); panic("stop") })
	}()
	if count() != 0 {
		t.Error("a panic committed")
	}
	if err := db.Owner.Transaction(ctx, insert); err != nil || count() != 1 {
		t.Errorf("%v, %d rows", err, count())
	}
	if err := db.Owner.Transaction(ctx, insert); !postgres.Raised(err, "23505") || postgres.Raised(err, "23503") || postgres.Raised(nil, "23505") {
		t.Errorf("%v", err)
	}
}

func TestThePasswordNeverStandsInAnError(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	pooler, err := url.Parse(testbed.Postgres(t).Web)
	if err != nil {
		t.Fatal(err)
	}
	const password = "correct-horse"
	for what, address := range map[string]string{
		"a wrong password":       "postgres://app_web:" + password + "@" + pooler.Host + pooler.Path + "?sslmode=disable",
		"an unknown database":    "postgres://app_web:" + password + "@" + pooler.Host + "/nowhere?sslmode=disable",
		"nobody listens":         "postgres://app_web:" + password + "@127.0.0.1:1/app?sslmode=disable",
		"an address with spaces": "postgres://app_web:" + password + "@ 127.0.0.1/app",
		"a bad port":             "postgres://app_web:" + password + "@127.0.0.1:port/app",
		"a bad mode":             "postgres://app_web:" + password + "@127.0.0.1/app?sslmode=perhaps",
		"no address at all":      password,
		"not encrypted":          "postgres://app_web:" + password + "@db.example.com/app",
	} {
		db := postgres.Open(address)
		_, execError := db.Exec(ctx, `select 1`)
		_, queryError := db.Query(ctx, `select 1`)
		for _, err := range []error{execError, queryError, db.QueryRow(ctx, `select 1`).Scan(new(int)),
			db.Transaction(ctx, func(postgres.Querier) error { return nil })} {
			if err == nil || strings.Contains(err.Error(), password) {
				t.Errorf("%s: %v", what, err)
			}
		}
		db.Close()
	}
}

// policy P7a: encrypted, and to the server that it should be.
func TestAnAddressThatDoesNotVerifyTheServerIsRefusedWithASentence(t *testing.T) {
	t.Parallel()
	for _, address := range []string{
		"postgres://u:p@db.example.com/app",
		"postgres://u:p@db.example.com/app?sslmode=disable",
		"postgres://u:p@db.example.com/app?sslmode=allow",
		"postgres://u:p@db.example.com/app?sslmode=prefer",
		"postgres://u:p@db.example.com/app?sslmode=require",
		"postgres://u:p@203.0.113.5/app?sslmode=disable",
		"postgres://u:p@localhost.example.com/app?sslmode=disable",
		"postgres://u:p@127.0.0.1,db.example.com/app?sslmode=disable",
	} {
		_, err := postgres.Open(address).Exec(t.Context(), `select 1`)
		if err == nil || !strings.Contains(err.Error(), "add sslmode=verify-full to its address") {
			t.Errorf("%s: %v", address, err)
		}
	}
	_, err := postgres.Open("postgres://u:p@127.0.0.1:1/app?sslmode=verify-full&connect_timeout=1").Exec(t.Context(), `select 1`)
	if err == nil || strings.Contains(err.Error(), "refusing") {
		t.Errorf("a verified address was refused: %v", err)
	}
}
