package testbed

import (
	"context"
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/jackc/pgx/v5"
)

// Audit fails the test unless the books balance, every object has a row, and both objects of every image that is shown
// are there.
func Audit(t testing.TB, db Database, objects BucketAddress) {
	t.Helper()
	Balanced(t, db)
	there := objects.Keys(t)
	known := Column[string](t, db, `select key from app.image union select thumbnail_key from app.image union select key from app.upload`)
	for _, key := range there {
		if !slices.Contains(known, key) {
			t.Errorf("the object %s has no row", key)
		}
	}
	for _, key := range Column[string](t, db, `select unnest(array[key, thumbnail_key]) from app.image where state = 'ready'`) {
		if !slices.Contains(there, key) {
			t.Errorf("a row names the object %s, which is not there", key)
		}
	}
}

// Balanced fails the test unless ledger, lots, holds and balances agree for every account.
func Balanced(t testing.TB, db Database) {
	t.Helper()
	for _, account := range Column[string](t, db, `select account_id::text from app.unbalanced_books()`) {
		t.Errorf("the books of %s do not balance", account)
	}
}

// One reads a single value as the database's owner.
func One[T any](t testing.TB, db Database, sql string, arguments ...any) T {
	t.Helper()
	values := Column[T](t, db, sql, arguments...)
	if len(values) != 1 {
		t.Fatalf("%q gives %d rows, not 1", sql, len(values))
	}
	return values[0]
}

// Column reads the values of one column as the database's owner.
func Column[T any](t testing.TB, db Database, sql string, arguments ...any) []T {
	t.Helper()
	ctx := context.Background()
	owner, err := pgx.Connect(ctx, db.Owner)
	if err != nil {
		t.Fatal(err)
	}
	defer owner.Close(ctx)
	rows, err := owner.Query(ctx, sql, arguments...)
	if err != nil {
		t.Fatal(err)
	}
	values, err := pgx.CollectRows(rows, pgx.RowTo[T])
	if err != nil {
		t.Fatalf("%q: %v", sql, err)
	}
	return values
}

// Keys of all objects in the bucket.
func (a BucketAddress) Keys(t testing.TB) []string {
	t.Helper()
	var keys []string
	pages := s3.NewListObjectsV2Paginator(a.client(), &s3.ListObjectsV2Input{Bucket: &a.Name})
	for pages.HasMorePages() {
		page, err := pages.NextPage(context.Background())
		if err != nil {
			t.Fatalf("list the bucket: %v", err)
		}
		for _, object := range page.Contents {
			keys = append(keys, aws.ToString(object.Key))
		}
	}
	return keys
}

func (a BucketAddress) client() *s3.Client {
	return s3.New(s3.Options{
		Region:       "auto",
		BaseEndpoint: &a.Endpoint,
		UsePathStyle: true,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: a.AccessKeyID, SecretAccessKey: a.SecretAccessKey}, nil
		}),
	})
}
