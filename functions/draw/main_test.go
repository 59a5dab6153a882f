package main

import (
	"bytes"
	"encoding/json"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"nanoflux.ai/backend/shared/bell"
	"nanoflux.ai/backend/shared/generation"
	"nanoflux.ai/backend/shared/model"
	"nanoflux.ai/backend/shared/picture"
	"nanoflux.ai/backend/shared/testbed"
	"nanoflux.ai/backend/shared/testbed/visitor"
	"nanoflux.ai/backend/shared/tool"
)

// text is an order that needs nothing.
var text = tool.Order{Tool: "text-to-image", Prompt: "A lighthouse in a storm"}

func TestEveryToolMakesAnImageThatSaysWhereItIsFrom(t *testing.T) {
	t.Parallel()
	s := open(t)
	ada := visitor.SignIn(t, s.testbed, s.service)
	photo, made := s.upload(t, ada, small(t), picture.None), s.upload(t, ada, small(t), picture.Generated)
	for _, c := range []struct {
		order         tool.Order
		source        picture.DigitalSource
		width, height int
	}{
		{tool.Order{Tool: "text-to-image", Prompt: "A lighthouse in a storm", Size: "1344x768"}, picture.Generated, 1344, 768},
		{tool.Order{Tool: "edit", Prompt: "Make it night", Images: []string{photo, made}}, picture.Edited, 1184, 896},
		{tool.Order{Tool: "variation", Images: []string{photo}}, picture.Edited, 1184, 896},
		{tool.Order{Tool: "upscale", Images: []string{photo}}, picture.Enhanced, 128, 96},
		{tool.Order{Tool: "upscale", Images: []string{made}}, picture.Generated, 128, 96},
		{tool.Order{Tool: "remove-background", Images: []string{photo}}, picture.Enhanced, 64, 48},
	} {
		id := s.order(t, ada, c.order)
		s.drawn(t, id)
		file := s.succeeded(t, id)
		pixels, _, err := picture.Decode(file)
		if err != nil {
			t.Fatal(err)
		}
		if size := pixels.Bounds().Size(); size.X != c.width || size.Y != c.height {
			t.Errorf("%s gives %v", c.order.Tool, size)
		}
		if source := picture.Source(file); source != c.source {
			t.Errorf("%s of %v is marked as %q", c.order.Tool, c.order.Images, source)
		}
		if _, _, _, alpha := pixels.At(0, 0).RGBA(); (alpha == 0) != (c.order.Tool == "remove-background") {
			t.Errorf("%s has a corner of alpha %d", c.order.Tool, alpha)
		}
		if bytes.Contains(file, []byte("lighthouse")) || bytes.Contains(file, []byte(ada.AccountID)) {
			t.Error("the file says whose it is, or what was asked for")
		}
	}
	if s.calls.Load() != 3 {
		t.Errorf("the provider was called %d times", s.calls.Load())
	}
	if spent := testbed.One[int64](t, s.testbed, "select available from app.credit_balance"); spent != visitor.Credits-1-2-2-1-1-1 {
		t.Errorf("%d credits are left", spent)
	}
}

func TestTheSampleEventOfNoOrderDrawsNothing(t *testing.T) {
	t.Parallel()
	s := open(t)
	sample, err := os.ReadFile("event.json")
	if err != nil {
		t.Fatal(err)
	}
	var event bell.Event
	if err := json.Unmarshal(sample, &event); err != nil {
		t.Fatal(err)
	}
	if err := s.ring(t, event.ID, event.At); err != nil || s.calls.Load() != 0 {
		t.Errorf("%v after %d calls", err, s.calls.Load())
	}
}

func TestARefusedOrderFailsWithItsCreditsBack(t *testing.T) {
	t.Parallel()
	s := open(t)
	ada := visitor.SignIn(t, s.testbed, s.service)
	id := s.order(t, ada, tool.Order{Tool: "text-to-image", Prompt: "Something forbidden"})
	s.drawn(t, id)
	s.failedFor(t, id, generation.Refused)
	if s.calls.Load() != 1 {
		t.Errorf("a refused order was asked for %d times", s.calls.Load())
	}
}

func TestAProviderThatFailsTwiceIsNotAskedAThirdTime(t *testing.T) {
	t.Parallel()
	s := open(t)
	ada := visitor.SignIn(t, s.testbed, s.service)
	drawn := small(t)
	cut := drawn[:len(drawn)/2]
	for name, answer := range map[string]http.HandlerFunc{
		"an error": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) },
		"a page": func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write([]byte("<!doctype html><h1>Bad gateway</h1>"))
		},
		"nothing":             func(http.ResponseWriter, *http.Request) {},
		"a broken line":       func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
		"rubbish":             wrapped([]byte("This was never an image.")),
		"a truncated image":   wrapped(cut),
		"an animation":        wrapped([]byte("GIF89a" + strings.Repeat("x", 60))),
		"a drawing with code": wrapped([]byte(`<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>`)),
		"no image": func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write([]byte(`{"success":true,"result":{},"errors":[]}`))
		},
		"half of JSON": func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(`{"success":true,"result":{"im`)) },
	} {
		t.Log(name)
		before := s.calls.Load()
		s.answers(answer)
		id := s.order(t, ada, text)
		s.drawn(t, id)
		s.failedFor(t, id, generation.ProviderFailed)
		if calls := s.calls.Load() - before; calls != generation.MaxCalls {
			t.Errorf("%s: the provider was called %d times", name, calls)
		}
	}
}

func TestASecondCallMayHeal(t *testing.T) {
	t.Parallel()
	s := open(t)
	ada := visitor.SignIn(t, s.testbed, s.service)
	s.answers(func(w http.ResponseWriter, r *http.Request) {
		if s.calls.Load() == 1 {
			panic(http.ErrAbortHandler)
		}
		wrapped(small(t))(w, r)
	})
	id := s.order(t, ada, text)
	s.drawn(t, id)
	s.succeeded(t, id)
	if outcomes := testbed.One[string](t, s.testbed, "select string_agg(outcome, ' ' order by id) from app.provider_call"); outcomes != "failed drawn" {
		t.Errorf("the calls ended with %s", outcomes)
	}
}

func TestTheSecondCallGoesToTheSecondProvider(t *testing.T) {
	t.Parallel()
	s := open(t)
	ada := visitor.SignIn(t, s.testbed, s.service)
	s.answers(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) })
	models := testbed.Models(t)
	gemini, err := model.NewGemini(models.URL, models.GeminiAPIKey, "agreed")
	if err != nil {
		t.Fatal(err)
	}
	s.providers = append(s.providers, provider{"gemini", gemini})
	id := s.order(t, ada, text)
	s.drawn(t, id)
	s.succeeded(t, id)
	if asked := testbed.One[string](t, s.testbed, "select string_agg(provider, ' ' order by id) from app.provider_call"); asked != "workers-ai gemini" {
		t.Errorf("asked were %s", asked)
	}
}

func TestABusyProviderPutsTheOrderOffWithoutCountingTheCall(t *testing.T) {
	t.Parallel()
	s := open(t)
	ada := visitor.SignIn(t, s.testbed, s.service)
	s.answers(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "30")
		w.WriteHeader(http.StatusTooManyRequests)
	})
	id := s.order(t, ada, text)
	for n := range 4 {
		if err := s.ring(t, id, s.begun.Add(time.Duration(n)*time.Minute)); err != nil {
			t.Fatal(err)
		}
		if got := s.state(t, id); got.Status != "queued" || testbed.One[int16](t, s.testbed, "select calls from app.generation") != 0 {
			t.Fatalf("the order is %v", got)
		}
	}
	s.answers(wrapped(small(t)))
	if err := s.ring(t, id, s.begun.Add(3*time.Minute+20*time.Second)); err != nil || s.calls.Load() != 4 {
		t.Errorf("asked again before its time: %d calls, %v", s.calls.Load(), err)
	}
	if err := s.ring(t, id, s.begun.Add(4*time.Minute)); err != nil {
		t.Fatal(err)
	}
	s.succeeded(t, id)
}

func TestAnOrderFailsWhereItsInputIsGoneOrOfNoUse(t *testing.T) {
	t.Parallel()
	s := open(t)
	ada := visitor.SignIn(t, s.testbed, s.service)
	s.answers(wrapped(small(t)))
	for name, c := range map[string]struct {
		spoil func(id string)
		order tool.Order
		code  string
	}{
		"hidden": {func(id string) {
			testbed.Column[string](t, s.testbed, "update app.image set state = 'deleting' where id = $1 returning id::text", id)
		}, tool.Order{Tool: "upscale"}, generation.InputGone},
		"no object":           {func(id string) { s.lose(t, id) }, tool.Order{Tool: "edit", Prompt: "a"}, generation.InputGone},
		"no object, computed": {func(id string) { s.lose(t, id) }, tool.Order{Tool: "remove-background"}, generation.InputGone},
	} {
		t.Log(name)
		put := s.upload(t, ada, small(t), picture.None)
		c.order.Images = []string{put}
		id := s.order(t, ada, c.order)
		c.spoil(put)
		s.drawn(t, id)
		if got := s.state(t, id); got != (ended{"failed", c.code}) {
			t.Errorf("%s: the order is %v", name, got)
		}
	}
	if s.calls.Load() != 0 {
		t.Errorf("the provider was called %d times", s.calls.Load())
	}
	testbed.Balanced(t, s.testbed)
}

// lose removes an image's objects behind its row's back.
func (s studio) lose(t *testing.T, id string) {
	t.Helper()
	keys := testbed.Column[string](t, s.testbed, "select key from app.image where id = $1", id)
	if _, err := s.objects.Delete(t.Context(), keys...); err != nil {
		t.Fatal(err)
	}
}

func TestAPatternedBackgroundIsNotRemoved(t *testing.T) {
	t.Parallel()
	s := open(t)
	ada := visitor.SignIn(t, s.testbed, s.service)
	id := s.order(t, ada, tool.Order{Tool: "remove-background", Images: []string{s.upload(t, ada, noise(t), picture.None)}})
	s.drawn(t, id)
	s.failedFor(t, id, generation.NoPlainBackground)
}

func TestWithoutAProviderOfItsOwnAnOrderFails(t *testing.T) {
	t.Parallel()
	s := open(t)
	ada := visitor.SignIn(t, s.testbed, s.service)
	s.providers = nil
	id := s.order(t, ada, text)
	s.drawn(t, id)
	s.failedFor(t, id, generation.Unavailable)
}

func TestAnEventThatCannotBeReadIsRefused(t *testing.T) {
	t.Parallel()
	s := open(t)
	if err := s.ring(t, uuid.NewString(), time.Time{}); err != nil {
		t.Errorf("a time long ago: %v", err)
	}
	if err := s.ring(t, "not an id", s.begun); err == nil || strings.Contains(err.Error(), "not an id") {
		t.Errorf("no id: %v", err)
	}
}
