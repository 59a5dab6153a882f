package main

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"nanoflux.ai/backend/shared/archive"
	"nanoflux.ai/backend/shared/bell"
	"nanoflux.ai/backend/shared/cdn"
	"nanoflux.ai/backend/shared/seal"
	"nanoflux.ai/backend/shared/session"
	"nanoflux.ai/backend/shared/testbed"
	"nanoflux.ai/backend/shared/testbed/visitor"
	"nanoflux.ai/backend/shared/web"
)

const origin = "https://nanoflux.ai"

// desk is the function with its parts.
type desk struct {
	handler visitor.Handler
	db      testbed.Database
	service *seal.Service
	queue   *testbed.Queue
}

func open(t *testing.T) desk {
	d := desk{db: testbed.Postgres(t), service: visitor.Service(t), queue: testbed.Invocations(t)}
	d.handler = web.Handler(origin, export{
		visitor.Open(t, d.db.Web), cdn.NewLinks("https://images.example", visitor.Secret()), bell.Of(d.queue.Function),
	}.routes())
	return d
}

// fields of an order.
type fields map[string]any

func (d desk) order(t *testing.T, v visitor.Visitor, f fields, changes ...visitor.Change) visitor.Reply {
	t.Helper()
	return v.Send(t, d.handler, "POST", "/api/exports", append([]visitor.Change{visitor.Body(f)}, changes...)...)
}

// ordered wants the order to be accepted.
func (d desk) ordered(t *testing.T, v visitor.Visitor, f fields, changes ...visitor.Change) (view archive.View) {
	t.Helper()
	reply := d.order(t, v, f, changes...).Into(202, &view)
	if at := reply.Header.Get("Location"); at != "/api/exports/"+view.ID {
		t.Errorf("it is to be followed at %s", at)
	}
	return view
}

// picture puts a row of an image into the library; its objects are of no importance here.
func (d desk) picture(t *testing.T, v visitor.Visitor) string {
	t.Helper()
	return testbed.One[string](t, d.db, `
		insert into app.image (id, account_id, kind, state, state_at, key, thumbnail_key, content_type, thumbnail_type, width, height, bytes,
			crc32, sha256, thumbnail_bytes, thumbnail_crc32, thumbnail_sha256, created_at)
		values (gen_random_uuid(), $1, 'upload', 'ready', now(), gen_random_uuid(), gen_random_uuid(), 'image/png', 'image/webp', 1, 1, 1,
			1, sha256(''), 1, 1, sha256(''), now()) returning id::text`, v.AccountID)
}

func (d desk) do(t *testing.T, sql string, arguments ...any) {
	t.Helper()
	testbed.Column[string](t, d.db, sql+" returning 'done'", arguments...)
}

func TestAnOrderIsWrittenDownAndRungFor(t *testing.T) {
	t.Parallel()
	d := open(t)
	ada := visitor.SignIn(t, d.db, d.service)
	first, second := d.picture(t, ada), d.picture(t, ada)
	view := d.ordered(t, ada, fields{})
	if view.Scope != "account" || view.State != "packing" || view.Percent != 0 || len(view.Volumes) != 0 || view.LinksExpireAt != nil ||
		view.ExpiresAt.Sub(view.OrderedAt) != archive.Kept {
		t.Errorf("%+v", view)
	}
	if rung := d.queue.Drain(); len(rung) != 1 || !strings.Contains(rung[0], view.ID) {
		t.Errorf("rung with %v", rung)
	}
	images := testbed.One[[]string](t, d.db, `select images::text[] from app.archive`)
	if slices.Sort(images); !slices.Equal(images, slices.Sorted(slices.Values([]string{first, second}))) {
		t.Errorf("it is to hold %v", images)
	}
	if again := d.ordered(t, ada, fields{}); again.ID != view.ID {
		t.Error("a second one is packed beside the first")
	}
	chosen := d.ordered(t, ada, fields{"images": []string{second, second}})
	if chosen.ID == view.ID || chosen.Scope != "images" {
		t.Errorf("a selection is answered with %+v", chosen)
	}
	if images := testbed.One[[]string](t, d.db, `select images::text[] from app.archive where id = $1`, chosen.ID); !slices.Equal(images, []string{second}) {
		t.Errorf("the selection is to hold %v", images)
	}
}

func TestABellThatIsLostChangesNoAnswer(t *testing.T) {
	t.Parallel()
	d := open(t)
	d.queue.Down(true)
	d.ordered(t, visitor.SignIn(t, d.db, d.service), fields{})
}

func TestEverythingNeedsAFreshSignInAndASelectionDoesNot(t *testing.T) {
	t.Parallel()
	d := open(t)
	ada := visitor.SignIn(t, d.db, d.service)
	later := visitor.At(time.Now().Add(session.FreshFor))
	d.order(t, ada, fields{}, later).Refuses(403, "fresh_login_required")
	d.ordered(t, ada, fields{"images": []string{d.picture(t, ada)}}, later)
	if n := testbed.One[int64](t, d.db, `select count(*) from app.archive`); n != 1 {
		t.Errorf("there are %d", n)
	}
}

func TestAnExportIsItsOwnersOnly(t *testing.T) {
	t.Parallel()
	d := open(t)
	ada, grace := visitor.SignIn(t, d.db, d.service), visitor.SignIn(t, d.db, d.service)
	path := "/api/exports/" + d.ordered(t, ada, fields{}).ID
	for _, method := range []string{"GET", "DELETE"} {
		grace.Send(t, d.handler, method, path).Refuses(404, "export_not_found")
		grace.Send(t, d.handler, method, "/api/exports/"+uuid.NewString()).Refuses(404, "export_not_found")
		grace.Send(t, d.handler, method, "/api/exports/x").Refuses(404, "export_not_found")
		visitor.Visitor{}.Send(t, d.handler, method, path).Refuses(401, "sign_in_required")
	}
	visitor.Visitor{}.Send(t, d.handler, "GET", "/api/exports").Refuses(401, "sign_in_required")
	d.order(t, visitor.Visitor{}, fields{}).Refuses(401, "sign_in_required")
	d.order(t, grace, fields{"images": []string{d.picture(t, ada)}}).Refuses(404, "image_not_found")
	var none struct{ Exports []archive.View }
	if grace.Send(t, d.handler, "GET", "/api/exports").Into(200, &none); len(none.Exports) != 0 || none.Exports == nil {
		t.Errorf("Grace sees %v", none)
	}
	ada.Send(t, d.handler, "GET", path).Is(200)
}

func TestAnOrderThatMakesNoSenseIsRefused(t *testing.T) {
	t.Parallel()
	d := open(t)
	ada := visitor.SignIn(t, d.db, d.service)
	many := make([]string, archive.MaxChosen+1)
	for i := range many {
		many[i] = uuid.NewString()
	}
	d.order(t, ada, fields{"images": []string{}}).Refuses(422, "invalid_selection", "images")
	d.order(t, ada, fields{"images": many}).Refuses(422, "invalid_selection", "images")
	d.order(t, ada, fields{"images": []string{"x"}}).Refuses(404, "image_not_found")
	d.order(t, ada, fields{"images": many[:1]}).Refuses(404, "image_not_found")
	d.order(t, ada, fields{"everything": true}).Refuses(422, "unknown_field", "everything")
	ada.Send(t, d.handler, "GET", "/api/exports?x=1").Refuses(400, "unknown_parameter")
	if n := testbed.One[int64](t, d.db, `select count(*) from app.archive`); n != 0 {
		t.Errorf("there are %d", n)
	}
}

func TestNobodyHasMoreThanTen(t *testing.T) {
	t.Parallel()
	d := open(t)
	ada := visitor.SignIn(t, d.db, d.service)
	var last archive.View
	for range archive.MaxKept {
		last = d.ordered(t, ada, fields{})
		d.do(t, `update app.archive set state = 'failed', error_code = 'gave_up'`)
	}
	d.order(t, ada, fields{}).Refuses(429, "too_many_exports")
	ada.Send(t, d.handler, "DELETE", "/api/exports/"+last.ID).Is(204)
	d.ordered(t, ada, fields{})
}

func TestProgressAndLinksAreShown(t *testing.T) {
	t.Parallel()
	d := open(t)
	ada := visitor.SignIn(t, d.db, d.service)
	id := d.ordered(t, ada, fields{}).ID
	get := func(changes ...visitor.Change) (view archive.View) {
		ada.Send(t, d.handler, "GET", "/api/exports/"+id, changes...).Into(200, &view)
		return view
	}
	d.do(t, `update app.archive set bytes_done = 30, bytes_total = 90, files = 5, omitted = 2`)
	if v := get(); v.Percent != 33 || v.BytesDone != 30 || v.BytesTotal != 90 || v.Files != 5 || v.Omitted != 2 {
		t.Errorf("%+v", v)
	}
	d.do(t, `update app.archive set bytes_done = 95`) // headers count, too
	if v := get(); v.Percent != 99 || v.BytesDone != 90 {
		t.Errorf("%+v", v)
	}
	d.do(t, `insert into app.archive_volume (archive_id, number, filename, key, bytes, upload_id, done) values ($1, 1, 'a-1.zip', 'folder/a-1.zip', 90, 'x', true)`, id)
	if v := get(); len(v.Volumes) != 0 {
		t.Errorf("a volume is shown before all are there: %+v", v)
	}
	d.do(t, `update app.archive set state = 'ready', ready_at = ordered_at, bytes_done = 90`)
	at := time.Now().Truncate(time.Second)
	v := get(visitor.At(at))
	if v.Percent != 100 || len(v.Volumes) != 1 || v.Volumes[0].Name != "a-1.zip" || v.Volumes[0].Bytes != 90 ||
		!strings.HasPrefix(v.Volumes[0].URL, "https://images.example/folder/a-1.zip?exp=") || !v.LinksExpireAt.Equal(at.Add(24*time.Hour)) {
		t.Errorf("%+v", v)
	}
	text, _ := json.Marshal(v)
	var listed struct{ Exports []json.RawMessage }
	if ada.Send(t, d.handler, "GET", "/api/exports", visitor.At(at)).Into(200, &listed); len(listed.Exports) != 1 || string(listed.Exports[0]) != string(text) {
		t.Errorf("listed is %s, read is %s", listed.Exports, text)
	}
	ended := visitor.At(v.ExpiresAt)
	ada.Send(t, d.handler, "GET", "/api/exports/"+id, ended).Refuses(404, "export_not_found")
}

func TestARemovedExportIsThereNoMore(t *testing.T) {
	t.Parallel()
	d := open(t)
	ada := visitor.SignIn(t, d.db, d.service)
	path := "/api/exports/" + d.ordered(t, ada, fields{}).ID
	ada.Send(t, d.handler, "DELETE", path).Is(204)
	ada.Send(t, d.handler, "DELETE", path).Refuses(404, "export_not_found")
	ada.Send(t, d.handler, "GET", path).Refuses(404, "export_not_found")
	if state := testbed.One[string](t, d.db, `select state from app.archive`); state != "ending" {
		t.Errorf("it is %s", state)
	}
}
