package bench

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"
)

// ErasurePlan says what service to measure.
type ErasurePlan struct {
	Control string     // origin of the local cloud's control
	Owner   string     // URL of the database's owner, without the pooler
	Objects *s3.Client // of the bucket
	Bucket  string
	Folder  string // where the bucket's objects are files
	Images  int    // of each account, with two objects each
	Out     io.Writer
}

const (
	erasureRounds = 5
	objectBytes   = 1_000
	erasureReach  = 1.6 // times what the files alone take
)

// Erasure lets accounts with 10,000 objects leave, in turns with removing as many equal files, and prints a table. The time is
// that of one run of sweep-accounts from the end of the grace to the receipt, its proof that nothing is left included.
func Erasure(ctx context.Context, plan ErasurePlan) error {
	db, err := pgx.Connect(ctx, plan.Owner)
	if err != nil {
		return err
	}
	defer db.Close(context.WithoutCancel(ctx))
	said := func(format string, values ...any) { fmt.Fprintf(plan.Out, format+"\n", values...) }
	said("\nErasure: an account with %d objects and their rows in five tables, in %d rounds", 2*plan.Images, erasureRounds)
	said("  ours      sweep-accounts from the end of the grace to the signed receipt: ledger, Stripe, bucket, CDN, key, rows, proof")
	said("  unlink    the same files in a folder of the same disk, removed by os.RemoveAll")
	said("\n  %-8s %10s %10s %8s", "round", "ours s", "unlink s", "ratio")
	var ours, theirs, ratios []float64
	for round := 0; round <= erasureRounds; round++ {
		our, their, err := erasureRound(ctx, plan, db)
		if err != nil {
			return err
		}
		if round == 0 {
			continue // warms up
		}
		ours, theirs, ratios = append(ours, our.Seconds()), append(theirs, their.Seconds()), append(ratios, our.Seconds()/their.Seconds())
		said("  %-8d %10.2f %10.2f %8.2f", round, our.Seconds(), their.Seconds(), our.Seconds()/their.Seconds())
	}
	said("  %-8s %10.2f %10.2f %8.2f", "median", median(ours), median(theirs), median(ratios))
	reached := map[bool]string{true: "reached", false: "not reached"}[median(ratios) <= erasureReach]
	said("  aim: a ratio of %.1f or less, %s; every account ended with a receipt, no row and no object", erasureReach, reached)
	return nil
}

func erasureRound(ctx context.Context, plan ErasurePlan, db *pgx.Conn) (ours, theirs time.Duration, err error) {
	prefix := strings.ToLower(rand.Text())
	now := time.Now().UTC()
	account, err := addLeaver(ctx, plan, db, prefix, now)
	if err != nil {
		return 0, 0, err
	}
	if err := putObjects(ctx, plan, db, account); err != nil {
		return 0, 0, err
	}
	// The copy keeps what the storage noted beside each file, on the same disk.
	folder, err := os.MkdirTemp(filepath.Dir(filepath.Clean(plan.Folder)), "unlink-")
	if err != nil {
		return 0, 0, err
	}
	defer os.RemoveAll(folder)
	if said, err := exec.CommandContext(ctx, "cp", "-a", filepath.Join(plan.Folder, prefix), folder).CombinedOutput(); err != nil {
		return 0, 0, fmt.Errorf("copying the files: %v: %s", err, said) //nolint:errorlint // an exit code of cp is not ours
	}
	began := time.Now()
	if err := os.RemoveAll(filepath.Join(folder, prefix)); err != nil {
		return 0, 0, err
	}
	theirs = time.Since(began)

	began = time.Now()
	if err := fireSweep(ctx, plan, now.Add(2*time.Hour)); err != nil {
		return 0, 0, err
	}
	ours = time.Since(began)
	return ours, theirs, gone(ctx, plan, db, account, prefix)
}

// addLeaver makes an account at the end of its grace.
func addLeaver(ctx context.Context, plan ErasurePlan, db *pgx.Conn, prefix string, now time.Time) (account string, err error) {
	err = db.QueryRow(ctx, `
		with a as (
			insert into app.account (id, prefix, name, email, picture, created_at) values (gen_random_uuid(), $1, 'x', 'x', 'x', $2) returning id
		), k as (
			insert into app.account_key (account_id, service_key, wrapped, pseudonym) select id, 'k1', 'x', $1 from a
		)
		select id from a`, prefix, now).Scan(&account)
	if err != nil {
		return "", err
	}
	for _, statement := range []string{
		`insert into app.generation (id, account_id, tool, cost, idempotency_key, request_hash, status, created_at, runnable_at, finished_at)
		 select gen_random_uuid(), $1, 'text-to-image', 1, gen_random_uuid(), sha256('x'), 'succeeded', $2::timestamptz, $2, $2
		 from generate_series(1, $3::int)`,
		`insert into app.provider_call (generation_id, provider, model, started_at, finished_at, outcome)
		 select id, 'workers-ai', 'x', $2::timestamptz, $2, 'drawn' from app.generation where account_id = $1 and $3::int > 0`,
		`insert into app.image (id, account_id, generation_id, kind, state, state_at, key, thumbnail_key, content_type, thumbnail_type, width,
		   height, bytes, crc32, sha256, thumbnail_bytes, thumbnail_crc32, thumbnail_sha256, created_at)
		 select g.id, $1, g.id, 'result', 'ready', $2::timestamptz, a.prefix || '/' || g.id || '/a.png', a.prefix || '/' || g.id || '/a-thumbnail.webp',
		   'image/png', 'image/webp', 1, 1, 1000, 0, sha256('x'), 1000, 0, sha256('x'), $2
		 from app.generation g join app.account a on a.id = g.account_id where g.account_id = $1 and $3::int > 0`,
		`insert into app.credit_balance (account_id, available, held, entries)
		 select $1, $3::int, 0, $3 where $2::timestamptz is not null`,
		`insert into app.credit_entry (account_id, number, at, kind, reference, available, held, debt, available_after, held_after, debt_after)
		 select $1, n, $2::timestamptz, 'grant', 'goodwill:' || n, 1, 0, 0, n, 0, 0 from generate_series(1, $3::int) n`,
	} {
		if _, err := db.Exec(ctx, statement, account, now, plan.Images); err != nil {
			return "", err
		}
	}
	due := now.Add(time.Hour) // so that the service's own schedule leaves it to us
	if _, err := db.Exec(ctx, `select app.close_account($1, gen_random_uuid(), 'request', $2, $3, $4)`,
		account, now.Add(-7*24*time.Hour), due, due.Add(16*24*time.Hour)); err != nil {
		return "", err
	}
	_, err = db.Exec(ctx, `update app.erasure set stage = 'grace', next_at = due_at, links_dead = true, unbilled = true where account_id = $1`, account)
	return account, err
}

func putObjects(ctx context.Context, plan ErasurePlan, db *pgx.Conn, account string) error {
	rows, err := db.Query(ctx, `select unnest(array[key, thumbnail_key]) from app.image where account_id = $1`, account)
	if err != nil {
		return err
	}
	keys, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return err
	}
	body := make([]byte, objectBytes)
	rand.Read(body)
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(16)
	for _, key := range keys {
		group.Go(func() error {
			_, err := plan.Objects.PutObject(ctx, &s3.PutObjectInput{Bucket: &plan.Bucket, Key: &key, Body: bytes.NewReader(body)})
			return err
		})
	}
	return group.Wait()
}

// fireSweep runs sweep-accounts once, to its end.
func fireSweep(ctx context.Context, plan ErasurePlan, at time.Time) error {
	body := fmt.Sprintf(`{"name": "sweep-accounts", "at": %q}`, at.Format(time.RFC3339))
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, plan.Control+"/fire", strings.NewReader(body))
	if err != nil {
		return err
	}
	reply, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer reply.Body.Close()
	var answer struct {
		FunctionError string `json:"function_error"`
	}
	if err := json.NewDecoder(reply.Body).Decode(&answer); err != nil || answer.FunctionError != "" {
		return fmt.Errorf("the sweep failed: %v %s", err, answer.FunctionError)
	}
	return nil
}

// gone fails if the account did not end with a receipt, or left a row or an object.
func gone(ctx context.Context, plan ErasurePlan, db *pgx.Conn, account, prefix string) error {
	var left, receipts int
	if err := db.QueryRow(ctx, `
		select (select count(*) from app.account where id = $1) + (select count(*) from app.erasure where account_id = $1)
		     + (select count(*) from app.image where account_id = $1) + (select count(*) from app.generation where account_id = $1),
		       (select count(*) from app.receipt)`, account).Scan(&left, &receipts); err != nil {
		return err
	}
	listed, err := plan.Objects.ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: &plan.Bucket, Prefix: &prefix})
	if err != nil {
		return err
	}
	if left > 0 || len(listed.Contents) > 0 || receipts == 0 {
		return errors.New("the account was not erased: what was measured is worth nothing")
	}
	return nil
}
