package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"hash/crc32"
	"net/http"
	"testing"
	"time"

	"github.com/google/uuid"

	"nanoflux.ai/backend/shared/archive"
	"nanoflux.ai/backend/shared/billing"
	"nanoflux.ai/backend/shared/bucket"
	"nanoflux.ai/backend/shared/credit"
	"nanoflux.ai/backend/shared/erasure"
	"nanoflux.ai/backend/shared/generation"
	"nanoflux.ai/backend/shared/image"
	"nanoflux.ai/backend/shared/picture"
	"nanoflux.ai/backend/shared/postgres"
	"nanoflux.ai/backend/shared/testbed/people"
	"nanoflux.ai/backend/shared/testbed/till"
	"nanoflux.ai/backend/shared/tool"
	"nanoflux.ai/backend/shared/upload"
)

// person is somebody who has something of everything. Their name is in all that is personal, and stands nowhere else.
type person struct {
	people.Person
	name     string
	customer string // at Stripe, "" where nothing was bought
	images   []image.Stored
	late     bucket.Upload // a place for a file that was handed out, and not used yet
	unclosed [2]string     // key and id of an upload in parts that nobody completed
}

// settle lets somebody new live here: orders drawn and under way, an upload taken in, one put and one only offered, devices,
// preferences, an export, a hold that will have ended.
func (w world) settle(t *testing.T, name string) person {
	t.Helper()
	p := person{Person: w.people.SignIn(t, name, 50), name: name}
	w.people.SignIn(t, name, 0) // with another browser
	w.people.Do(t, `insert into app.preference values ($1, 'dark', true, true, false, $2)`, p.ID, people.Now())
	p.images = []image.Stored{w.draw(t, p), w.keep(t, p, image.New{Kind: image.Upload})}
	w.place(t, p)
	must(t, w.objects.Put(t.Context(), w.offer(t, p).Key, "image/png", pixels(name).Bytes))
	offered := w.offer(t, p)
	p.late = got(w.objects.SignPut(t.Context(), offered.Key, "image/png", int64(len(pixels(name).Bytes)), upload.Lifetime))(t)
	export, _, err := archive.Order(t.Context(), w.people.Web, p.Token, people.Now(), nil)
	must(t, err)
	folder := p.Prefix + "/exports/" + export.ID + "/"
	must(t, w.objects.Put(t.Context(), folder+"1.zip", "application/zip", pixels(name).Bytes))
	p.unclosed[0] = folder + "2.zip"
	p.unclosed[1] = got(w.objects.BeginParts(t.Context(), p.unclosed[0], "application/zip", "2.zip"))(t)
	got(w.objects.PutPart(t.Context(), p.unclosed[0], p.unclosed[1], 1, pixels(name).Bytes))(t)
	got(erasure.PlaceHold(t.Context(), w.people.Staff, erasure.Order{Actor: "mia", Reason: "court order 7"}, p.ID, p.ID,
		people.Now().Add(time.Hour), people.Now()))(t)
	return p
}

// spend lets them buy a plan and a pack, get some of it back, and tell Stripe who they are.
func (w world) spend(t *testing.T, p *person) {
	t.Helper()
	p.customer = got(billing.Customer(t.Context(), w.people.Web, w.stripe, p.ID, people.Now()))(t)
	w.till.Post("/v1/customers/"+p.customer, "name", p.name, "email", p.name+"@example.com", "address[line1]", p.name+" street 1",
		"phone", "+49 30 1", "description", "of "+p.name)
	w.till.Buy(p.customer, p.ID, "plus-monthly", till.Visa)
	w.till.Refund(w.till.Buy(p.customer, p.ID, "pack-200", till.Visa).Payment, "100")
	books := billing.Books{DB: w.people.Cashier, Stripe: w.stripe, Prices: w.till.Prices}
	got(books.Reconcile(t.Context(), time.Now().UTC(), 7))(t)
}

// place orders a picture and gives the order's id.
func (w world) place(t *testing.T, p person) string {
	t.Helper()
	order := tool.Order{Tool: "text-to-image", Prompt: "the house of " + p.name}
	ordered := got(order.Check())(t)
	placed, _, err := generation.Place(t.Context(), w.people.Web, w.people.Service, p.Token, people.Now(), ordered, order, uuid.NewString())
	must(t, err)
	return placed.ID
}

// draw carries an order out as the function draw does.
func (w world) draw(t *testing.T, p person) image.Stored {
	t.Helper()
	ctx, at := t.Context(), people.Now()
	order, found, err := generation.Claim(ctx, w.people.Worker, w.people.Service, w.place(t, p), at)
	if err != nil || !found {
		t.Fatal(found, err)
	}
	call := got(order.BeginCall(ctx, w.people.Worker, "workers-ai", "flux", at))(t)
	must(t, generation.EndCall(ctx, w.people.Worker, call, "drawn", at))
	stored := w.keep(t, p, image.New{Kind: image.Result, GenerationID: &order.ID, Tool: &order.Tool, Prompt: order.Prompt})
	must(t, w.people.Worker.Transaction(ctx, func(tx postgres.Querier) error {
		if err := order.Succeed(ctx, tx, at); err != nil {
			return err
		}
		_, err := credit.Settle(ctx, tx, order.ID, at)
		return err
	}))
	return stored
}

// keep stores an image and shows it.
func (w world) keep(t *testing.T, p person, n image.New) image.Stored {
	t.Helper()
	n.AccountID, n.Prefix, n.Original, n.Thumbnail = p.ID, p.Prefix, pixels(p.name), pixels(p.name)
	db := w.people.Worker
	if n.Kind == image.Upload {
		db = w.people.Web
	}
	stored := got(image.Store(t.Context(), db, w.objects, p.Key, n, people.Now()))(t)
	got(image.Ready(t.Context(), db, stored.ID, people.Now()))(t)
	return stored
}

func (w world) offer(t *testing.T, p person) upload.Offered {
	t.Helper()
	offered, _, err := upload.Offer(t.Context(), w.people.Web, p.Token, people.Now(), "image/png", int64(len(pixels(p.name).Bytes)))
	must(t, err)
	return offered
}

// pixels are the bytes of an image that shows a name.
func pixels(name string) picture.Encoded {
	b := []byte("\x89PNG\r\n\x1a\n the face of " + name)
	return picture.Encoded{Bytes: b, ContentType: "image/png", Extension: "png", Width: 1, Height: 1,
		CRC32: crc32.ChecksumIEEE(b), SHA256: sha256.Sum256(b)}
}

// put uses an address that was handed out for an upload, as a browser does, and gives the storage's status.
func put(t *testing.T, at bucket.Upload, body []byte) int {
	t.Helper()
	request, err := http.NewRequestWithContext(context.Background(), http.MethodPut, at.URL, bytes.NewReader(body))
	must(t, err)
	for name, value := range at.Headers {
		request.Header.Set(name, value)
	}
	reply, err := http.DefaultClient.Do(request)
	must(t, err)
	return reply.StatusCode
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// got gives a value whose making went well.
func got[V any](value V, err error) func(t *testing.T) V {
	return func(t *testing.T) V {
		t.Helper()
		must(t, err)
		return value
	}
}
