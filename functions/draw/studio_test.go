package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	stdimage "image"
	"image/color"
	"image/png"
	"io"
	"net/http"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"nanoflux.ai/backend/shared/bucket"
	"nanoflux.ai/backend/shared/generation"
	"nanoflux.ai/backend/shared/image"
	"nanoflux.ai/backend/shared/model"
	"nanoflux.ai/backend/shared/picture"
	"nanoflux.ai/backend/shared/postgres"
	"nanoflux.ai/backend/shared/task"
	"nanoflux.ai/backend/shared/testbed"
	"nanoflux.ai/backend/shared/testbed/visitor"
	"nanoflux.ai/backend/shared/tool"
)

// studio is the function with parts of a test's own; the provider is the stand-in unless the test answers in its place.
type studio struct {
	draw
	web     *postgres.Database
	testbed testbed.Database
	at      testbed.BucketAddress
	calls   *atomic.Int32 // that reached the provider
	answer  *atomic.Value // http.HandlerFunc in its place
	begun   time.Time
}

func open(t *testing.T) studio {
	s := studio{testbed: testbed.Postgres(t), at: testbed.Bucket(t), calls: new(atomic.Int32), answer: new(atomic.Value), begun: time.Now().UTC()}
	s.web = visitor.Open(t, s.testbed.Web)
	models := testbed.Models(t)
	front := testbed.Between(t, models.URL, func(w http.ResponseWriter, r *http.Request) bool {
		s.calls.Add(1)
		answer, told := s.answer.Load().(http.HandlerFunc)
		if told {
			_, _ = io.Copy(io.Discard, r.Body)
			answer(w, r)
		}
		return !told
	}, nil)
	s.draw = draw{
		db: visitor.Open(t, s.testbed.Worker), service: visitor.Service(t),
		objects:   bucket.Open(s.at.Endpoint, s.at.Name, s.at.AccessKeyID, s.at.SecretAccessKey),
		providers: []provider{{"workers-ai", model.NewWorkersAI(front+"/client/v4/accounts/local/ai/run", models.WorkersAIToken)}},
	}
	return s
}

// answers lets a function stand in for the provider.
func (s studio) answers(with http.HandlerFunc) { s.answer.Store(with) }

// image answers with a file, as Workers AI wraps it.
func wrapped(file []byte) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(map[string]any{
			"success": true, "errors": []any{}, "result": map[string]string{"image": base64.StdEncoding.EncodeToString(file)},
		})
	}
}

// small is a picture that costs little time: a blue square on white.
func small(t testing.TB) []byte {
	t.Helper()
	pixels := stdimage.NewNRGBA(stdimage.Rect(0, 0, 64, 48))
	for y := range 48 {
		for x := range 64 {
			c := color.NRGBA{255, 255, 255, 255}
			if x > 16 && x < 48 && y > 12 && y < 36 {
				c = color.NRGBA{20, 40, 220, 255}
			}
			pixels.SetNRGBA(x, y, c)
		}
	}
	var file bytes.Buffer
	if err := png.Encode(&file, pixels); err != nil {
		t.Fatal(err)
	}
	return file.Bytes()
}

// order places an order as generate does.
func (s studio) order(t testing.TB, v visitor.Visitor, o tool.Order) string {
	t.Helper()
	ordered, err := o.Check()
	if err != nil {
		t.Fatal(err)
	}
	placed, _, err := generation.Place(t.Context(), s.web, s.service, v.Hash, s.begun, ordered, o, uuid.NewString())
	if err != nil {
		t.Fatal(err)
	}
	return placed.ID
}

// event is that of event.json for another order and time.
func event(t testing.TB, id string, at time.Time) json.RawMessage {
	t.Helper()
	text, err := os.ReadFile("event.json")
	if err != nil {
		t.Fatal(err)
	}
	var bell map[string]any
	if err := json.Unmarshal(text, &bell); err != nil {
		t.Fatal(err)
	}
	bell["id"], bell["at"] = id, at.Format(time.RFC3339Nano)
	if text, err = json.Marshal(bell); err != nil {
		t.Fatal(err)
	}
	return text
}

// ring runs the job for an event, as Lambda does.
func (s studio) ring(t testing.TB, id string, at time.Time) error {
	t.Helper()
	return s.handle(t, event(t, id, at))
}

func (s studio) handle(t testing.TB, event json.RawMessage) error {
	t.Helper()
	handler := task.Handler(func(ctx context.Context, clock task.Clock, bell rung) (struct{}, error) {
		return struct{}{}, s.run(ctx, clock, bell)
	})
	_, err := handler(t.Context(), event)
	return err
}

// drawn rings, and wants no error.
func (s studio) drawn(t testing.TB, id string) {
	t.Helper()
	if err := s.ring(t, id, s.begun); err != nil {
		t.Fatal(err)
	}
}

// upload puts a picture into somebody's library.
func (s studio) upload(t testing.TB, v visitor.Visitor, file []byte, source picture.DigitalSource) string {
	t.Helper()
	pixels, _, err := picture.Decode(file)
	if err != nil {
		t.Fatal(err)
	}
	original, err := picture.Encode(pixels, source)
	if err != nil {
		t.Fatal(err)
	}
	thumbnail, err := picture.Thumbnail(pixels)
	if err != nil {
		t.Fatal(err)
	}
	stored, err := image.Store(t.Context(), s.web, s.objects, v.Key, image.New{
		AccountID: v.AccountID, Prefix: v.Prefix, Kind: image.Upload, Original: original, Thumbnail: thumbnail,
	}, s.begun)
	if err != nil {
		t.Fatal(err)
	}
	if ready, err := image.Ready(t.Context(), s.web, stored.ID, s.begun); err != nil || !ready {
		t.Fatal(ready, err)
	}
	return stored.ID
}

// ended is how an order stands.
type ended struct{ Status, Code string }

func (s studio) state(t testing.TB, id string) ended {
	t.Helper()
	status := testbed.One[string](t, s.testbed, "select status || ':' || coalesce(error_code, '') from app.generation where id = $1", id)
	before, after, _ := bytes.Cut([]byte(status), []byte(":"))
	return ended{string(before), string(after)}
}

// failed fails the test unless the order failed for this reason, its credits are back, and nothing else is left of it.
func (s studio) failedFor(t testing.TB, id, code string) {
	t.Helper()
	if got := s.state(t, id); got != (ended{"failed", code}) {
		t.Errorf("the order is %v", got)
	}
	if state := testbed.One[string](t, s.testbed, "select state from app.credit_hold where id = $1", id); state != "released" {
		t.Errorf("its hold is %s", state)
	}
	if rows := testbed.One[int64](t, s.testbed, "select count(*) from app.image where generation_id = $1", id); rows != 0 {
		t.Errorf("there are %d images of it", rows)
	}
	testbed.Audit(t, s.testbed, s.at)
}

// succeeded fails the test unless the order has exactly one image and was paid once; it returns the image's file.
func (s studio) succeeded(t testing.TB, id string) []byte {
	t.Helper()
	if got := s.state(t, id); got.Status != "succeeded" {
		t.Fatalf("the order is %v", got)
	}
	if settled := testbed.One[int64](t, s.testbed, "select count(*) from app.credit_entry where reference = $1 and kind = 'settle'", id); settled != 1 {
		t.Errorf("it was settled %d times", settled)
	}
	keys := testbed.Column[string](t, s.testbed, "select unnest(array[key, thumbnail_key]) from app.image where generation_id = $1 and state = 'ready'", id)
	if len(keys) != 2 {
		t.Fatalf("its objects are %v", keys)
	}
	file, err := s.objects.Get(t.Context(), keys[0], picture.MaxBytes)
	if err != nil {
		t.Fatal(err)
	}
	small, err := s.objects.Get(t.Context(), keys[1], picture.MaxBytes)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := picture.Decode(small); err != nil {
		t.Errorf("the thumbnail is no picture: %v", err)
	}
	testbed.Audit(t, s.testbed, s.at)
	return file
}

// noise is a picture with a background of many colours.
func noise(t testing.TB) []byte {
	t.Helper()
	pixels := stdimage.NewNRGBA(stdimage.Rect(0, 0, 64, 64))
	for i := range pixels.Pix {
		pixels.Pix[i] = byte(i * i * 31)
		if i%4 == 3 {
			pixels.Pix[i] = 255
		}
	}
	var file bytes.Buffer
	if err := png.Encode(&file, pixels); err != nil {
		t.Fatal(err)
	}
	return file.Bytes()
}
