package main

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"nanoflux.ai/backend/shared/generation"
	"nanoflux.ai/backend/shared/image"
	"nanoflux.ai/backend/shared/testbed"
	"nanoflux.ai/backend/shared/testbed/visitor"
)

type used struct {
	From, To string
	Days     []generation.Day
	Storage  image.Storage
}

// ordered writes orders of somebody's as draw leaves them.
func ordered(t *testing.T, db testbed.Database, who visitor.Visitor, tool, status, at string, n int) {
	t.Helper()
	testbed.Column[string](t, db, `
		insert into app.generation (id, account_id, tool, cost, idempotency_key, request_hash, status, error_code, created_at, runnable_at, finished_at)
		select gen_random_uuid(), $1, $2, 4, gen_random_uuid(), sha256('x'), $3, case $3 when 'failed' then 'refused' end, $4::timestamptz, $4::timestamptz,
			case when $3 <> 'queued' then $4::timestamptz end
		from generate_series(1, $5) returning id::text`, who.AccountID, tool, status, at, n)
}

// kept puts an image into somebody's library, or into the state before or after, and gives its id.
func kept(t *testing.T, db testbed.Database, who visitor.Visitor, kind, state string, bytes int) string {
	t.Helper()
	return testbed.One[string](t, db, `
		insert into app.image (id, account_id, generation_id, kind, state, state_at, key, thumbnail_key, content_type, thumbnail_type,
			width, height, bytes, crc32, sha256, thumbnail_bytes, thumbnail_crc32, thumbnail_sha256, created_at)
		select id, $1, case $2 when 'result' then id end, $2, $3, now(), $5 || '/' || id || '/x.png', $5 || '/' || id || '/x-thumbnail.png',
			'image/png', 'image/png', 1, 1, $4, 0, sha256('x'), 1000, 0, sha256('x'), now()
		from gen_random_uuid() id returning id::text`, who.AccountID, kind, state, bytes, who.Prefix)
}

// policy P2.2 is what was used, policy P6.1 that people see it.
func TestUsageCountsTheRowsThatThereAre(t *testing.T) {
	handler, db, service := open(t)
	ada, bob := visitor.SignIn(t, db, service), visitor.SignIn(t, db, service)
	ordered(t, db, ada, "edit", "succeeded", "2030-06-15 23:59:59.999999+00", 2)
	ordered(t, db, ada, "edit", "failed", "2030-06-15 00:00:00+00", 1)
	ordered(t, db, ada, "edit", "queued", "2030-06-15 12:00:00+02", 1)
	ordered(t, db, ada, "upscale", "succeeded", "2030-06-15 01:00:00+00", 1)
	ordered(t, db, ada, "edit", "succeeded", "2030-06-14 00:00:00+00", 1)
	ordered(t, db, ada, "edit", "succeeded", "2030-06-13 23:59:59+00", 1)
	ordered(t, db, ada, "edit", "succeeded", "2030-06-16 00:00:00+00", 1)
	ordered(t, db, bob, "edit", "succeeded", "2030-06-15 12:00:00+00", 7)
	for _, c := range []struct {
		kind, state string
		bytes       int
	}{{"upload", "ready", 3_000_000_000}, {"upload", "ready", 5}, {"result", "ready", 7}, {"upload", "pending", 11}, {"result", "deleting", 13}} {
		kept(t, db, ada, c.kind, c.state, c.bytes)
	}
	testbed.Column[string](t, db, "update app.session set expires_at = 'infinity' returning id::text")
	at := visitor.At(time.Date(2030, 6, 15, 23, 59, 59, 0, time.UTC))

	var got used
	ada.Send(t, handler, "GET", "/api/account/usage?days=2", at).Into(200, &got)
	wanted := used{
		From: "2030-06-14", To: "2030-06-15",
		Days: []generation.Day{
			{Day: "2030-06-14", Tool: "edit", Orders: 1, Succeeded: 1, Credits: 4},
			{Day: "2030-06-15", Tool: "edit", Orders: 4, Succeeded: 2, Failed: 1, Credits: 8},
			{Day: "2030-06-15", Tool: "upscale", Orders: 1, Succeeded: 1, Credits: 4},
		},
		Storage: image.Storage{Images: 3, Uploads: 2, Results: 1, Bytes: 3_000_000_012},
	}
	if !reflect.DeepEqual(got, wanted) {
		t.Errorf("got  %+v\nwant %+v", got, wanted)
	}
	ada.Send(t, handler, "GET", "/api/account/usage", at).Into(200, &got)
	if got.From != "2030-05-17" || len(got.Days) != 4 {
		t.Errorf("30 days are %+v", got)
	}
	ada.Send(t, handler, "GET", "/api/account/usage?days=366", at).Into(200, &got)
	if got.From != "2029-06-15" || got.To != "2030-06-15" {
		t.Errorf("366 days are from %s to %s", got.From, got.To)
	}
}

func TestWhoDidNothingHasUsedNothing(t *testing.T) {
	handler, db, service := open(t)
	reply := visitor.SignIn(t, db, service).Send(t, handler, "GET", "/api/account/usage?days=1").Is(200)
	today := time.Now().UTC().Format(time.DateOnly)
	wanted := fmt.Sprintf(`{"days":[],"from":%q,"storage":{"images":0,"uploads":0,"results":0,"bytes":0},"to":%q}`, today, today)
	if strings.TrimSpace(reply.Body) != wanted {
		t.Errorf("it is %s, want %s", reply.Body, wanted)
	}
}

func TestDaysThatCannotBeCountedAreRefused(t *testing.T) {
	handler, db, service := open(t)
	ada := visitor.SignIn(t, db, service)
	for _, days := range []string{"", "0", "-1", "367", "1.5", "all", "99999999999999999999"} {
		ada.Send(t, handler, "GET", "/api/account/usage?days="+days).Refuses(400, "invalid_days", "days")
	}
}

func TestAPictureOfTheLibraryIsShownBySignedLinkUntilItIsDeleted(t *testing.T) {
	handler, db, service := open(t)
	ada := visitor.SignIn(t, db, service)
	chosen := kept(t, db, ada, "upload", "ready", 1)
	sealed := []byte(ada.Key.Seal("account.picture/"+ada.AccountID, "image:"+chosen))
	testbed.Column[string](t, db, "update app.account set picture = $2, corrected = '{picture}' where id = $1 returning id::text", ada.AccountID, sealed)
	var got struct {
		Picture   string
		Corrected bool `json:"picture_corrected"`
	}
	ada.Send(t, handler, "GET", "/api/account").Into(200, &got)
	if thumbnail := "https://images.example/" + ada.Prefix + "/" + chosen + "/x-thumbnail.png?exp="; !strings.HasPrefix(got.Picture, thumbnail) || !got.Corrected {
		t.Errorf("it is %+v", got)
	}
	testbed.Column[string](t, db, "update app.image set state = 'deleting' returning id::text")
	ada.Send(t, handler, "GET", "/api/account").Into(200, &got)
	if got.Picture != "" || !got.Corrected {
		t.Errorf("deleted, it is %+v", got)
	}
}
