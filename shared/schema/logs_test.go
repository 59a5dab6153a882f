package schema_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"nanoflux.ai/backend/shared/postgres"
	"nanoflux.ai/backend/shared/testbed/people"
)

// What nobody may write into a text of a record, though it were the only thing written.
var planted = []string{
	"", " ", "ann@example.com", "a red fox in the snow", "fox", "Ada Lovelace", "192.0.2.7", "2001:db8::1", "2001:db8:1:2:3:4:5:6", "http://example.com/?code=abc",
	"JBSWY3DPEHPK3PXPJBSWY3DPEH", "eyJhbGciOiJIUzI1NiJ9.e30.XmNK3GpH3Ys-7wsYBfq4C3M4goz71I7dTgUkuIa5lyQ", "sk_live_51HxQkL2eZvKYlo2CcB",
	"c2VjcmV0LXRva2VuLW9mLTMyLWJ5dGVzLWxvbmchISE=", "withheld", "Mozilla/5.0 (X11; Linux)", "'; drop table app.account; --", "a\nb", "ünlaut", strings.Repeat("a", 201),
}

// accepted are values that do occur, each of its column.
var accepted = map[string][]string{
	"id":       {"31953106606966983378809025079804211143289615424298221568", "1"},
	"function": {"draw", "stripe-webhook", "login-callback"},
	"route":    {"/", "/{$}", "/api/images/{id}", "/assets/{version}/{file}", "/.well-known/jwks.json", "/openapi.yaml", "/login/callback"},
	"method":   {"GET", "PATCH", "other"},
	"code":     {"image_not_found", "too_late_to_take_back", "idempotency_key_required"},
	"error": {"errors.errorString", "pgconn.PgError:42P01", "smithy.OperationError/types.NoSuchKey:NoSuchKey", "http.http2StreamError", "panic:*errors.errorString",
		"panic:interface_conversion:_interface_{}_is_string,_not_int", "panic:index_out_of_range_[5]_with_length_3", "tls.CertificateVerificationError/x509.UnknownAuthorityError",
		"panic:invalid_memory_address_or_nil_pointer_dereference", "stripe:400:invalid_request_error:resource_missing:line_items[0][price]", "stripe:400:::customer"},
	"who":        {"jbswy3dpehpk3pxpjbswy3dpeh"},
	"browser":    {"Chrome", "Samsung Browser", "curl", "other"},
	"system":     {"macOS", "Windows", "other"},
	"request_id": {"JKJaXmPLvHcESHA=", "0b6f5c9e-5a51-4d0e-9d60-0f2f4f9e0a1b"},
	"invocation": {"0b6f5c9e-5a51-4d0e-9d60-0f2f4f9e0a1b"},
	"network":    {"192.0.2.0/24", "2001:db8:1::/48"},
}

func TestNoTextOfARecordHoldsAnythingOfAPerson(t *testing.T) {
	t.Parallel()
	ctx, db := context.Background(), people.Open(t)
	db.Do(t, `select app.make_log_days($1)`, people.Now())
	number := 1000
	write := func(column, value string) error {
		number++
		columns := map[string]string{"id": fmt.Sprint(number), "function": "draw", column: value}
		more, last := "", ""
		if column != "id" && column != "function" {
			more, last = ", "+column, ", '"+strings.ReplaceAll(value, "'", "''")+"'"
		}
		_, err := db.Logger.Exec(ctx, `insert into app.log_record (at, kind, ms, cold, ok, id, function`+more+`) values ($1, 'job', 1, false, true, $2, $3`+last+`)`,
			people.Now(), columns["id"], columns["function"])
		return err
	}
	texts := list(t, db, `select column_name::text from information_schema.columns
		where table_schema = 'app' and table_name = 'log_record' and data_type in ('text', 'cidr', 'inet', 'json', 'jsonb', 'ARRAY', 'bytea', 'character varying') and column_name <> 'kind'`)
	same(t, texts, keys(accepted))
	for column, values := range accepted {
		for _, value := range values {
			if err := write(column, value); err != nil {
				t.Errorf("%s may not be %q: %v", column, value, err)
			}
		}
		for _, value := range append([]string{values[0] + " " + values[0]}, planted...) {
			if column == "function" && (value == "fox" || value == "withheld") {
				continue // one short word cannot be told from a name
			}
			if err := write(column, value); !postgres.Raised(err, "23514") && !postgres.Raised(err, "22P02") {
				t.Errorf("%s may be %q: %v", column, value, err)
			}
		}
	}
	for _, row := range []string{`'job', 200, true, 1`, `'job', null, null, 1`, `'job', null, true, -1`, `'request', null, null, 1`, `'request', 200, true, 1`,
		`'request', 600, null, 1`, `'a red fox', null, true, 1`, `'', 200, null, 1`} {
		if _, err := db.Logger.Exec(ctx, `insert into app.log_record (at, id, function, cold, kind, status, ok, ms) values ($1, '7', 'draw', true, `+row+`)`,
			people.Now()); !postgres.Raised(err, "23514") {
			t.Errorf("a record may be %s: %v", row, err)
		}
	}
	for _, network := range []string{"192.0.2.7/32", "192.0.0.0/16", "2001:db8::/64", "2001:db8::1/128"} {
		if err := write("network", network); !postgres.Raised(err, "23514") {
			t.Errorf("a network may be %s: %v", network, err)
		}
	}
}

func keys(m map[string][]string) (all []string) {
	for key := range m {
		all = append(all, key)
	}
	return all
}
