package main

import (
	"net/http"
	"testing"
	"time"

	"nanoflux.ai/backend/shared/generation"
	"nanoflux.ai/backend/shared/model"
	"nanoflux.ai/backend/shared/picture"
	"nanoflux.ai/backend/shared/testbed"
	"nanoflux.ai/backend/shared/testbed/visitor"
	"nanoflux.ai/backend/shared/tool"
)

// cloudflare answers with an error as Workers AI writes it.
func cloudflare(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_, _ = w.Write([]byte(`{"success":false,"result":null,"errors":[` + body + `]}`))
	}
}

const (
	noCapacity   = `{"code":3040,"message":"out of capacity"}`
	noAllocation = `{"code":3036,"message":"daily allocation used up"}`
	wrongToken   = `{"code":10000,"message":"Authentication error"}`
)

func TestAProviderThatCannotTakeOrdersHandsThemToTheNext(t *testing.T) {
	t.Parallel()
	s := open(t)
	ada := visitor.SignIn(t, s.testbed, s.service)
	models := testbed.Models(t)
	gemini, err := model.NewGemini(models.URL, models.GeminiAPIKey, "agreed")
	if err != nil {
		t.Fatal(err)
	}
	s.providers = append(s.providers, provider{"gemini", gemini})
	for name, answer := range map[string]http.HandlerFunc{
		"out of capacity": cloudflare(429, noCapacity), "used up for today": cloudflare(429, noAllocation), "wrong token": cloudflare(401, wrongToken),
	} {
		t.Log(name)
		s.answers(answer)
		id := s.order(t, ada, text)
		s.drawn(t, id)
		s.succeeded(t, id)
		asked := testbed.One[string](t, s.testbed, `
			select string_agg(provider || ' ' || outcome, ', ' order by id) from app.provider_call where generation_id = $1`, id)
		if asked != "workers-ai deferred, gemini drawn" {
			t.Errorf("%s: asked were %s", name, asked)
		}
	}
}

func TestWhereNoProviderTakesOrdersThatIsSaidAtOnce(t *testing.T) {
	t.Parallel()
	s := open(t)
	ada := visitor.SignIn(t, s.testbed, s.service)
	for name, answer := range map[string]http.HandlerFunc{
		"used up for today": cloudflare(429, noAllocation), "wrong token": cloudflare(401, wrongToken),
	} {
		t.Log(name)
		s.answers(answer)
		before := s.calls.Load()
		id := s.order(t, ada, text)
		s.drawn(t, id)
		s.failedFor(t, id, generation.Unavailable)
		if asked := s.calls.Load() - before; asked != 1 {
			t.Errorf("%s: asked %d times", name, asked)
		}
	}
}

// The result of remove-background is larger than what may be uploaded, because transparency grows when it is written.
func TestAnImageOfOurOwnMakingCanAlwaysBeAnInput(t *testing.T) {
	t.Parallel()
	s := open(t)
	ada := visitor.SignIn(t, s.testbed, s.service)
	large := append(small(t), make([]byte, picture.MaxBytes)...) // what follows the end of a PNG is ignored
	id := s.upload(t, ada, small(t), picture.None)
	key := testbed.One[string](t, s.testbed, "select key from app.image where id = $1", id)
	if err := s.objects.Put(t.Context(), key, "image/png", large); err != nil {
		t.Fatal(err)
	}
	order := s.order(t, ada, tool.Order{Tool: "upscale", Images: []string{id}})
	s.drawn(t, order)
	s.succeeded(t, order)
}

// An event that waited in Lambda's queue is late, but the lease that it takes is not over before the work begins.
func TestALateEventTakesAWholeLease(t *testing.T) {
	t.Parallel()
	s := open(t)
	ada := visitor.SignIn(t, s.testbed, s.service)
	const waited = 5 * time.Minute
	id := s.order(t, ada, text)
	late := event(t, id, s.begun)
	late = append(late[:len(late)-1], []byte(`,"sent":"`+time.Now().Add(-waited).Format(time.RFC3339Nano)+`"}`)...)
	s.answers(func(w http.ResponseWriter, r *http.Request) {
		left := testbed.One[time.Time](t, s.testbed, "select lease_until from app.generation where id = $1", id).Sub(s.begun.Add(waited))
		if left < generation.Lease-time.Second || left > generation.Lease+time.Minute {
			t.Errorf("while the provider draws, %v are left of the lease", left)
		}
		wrapped(small(t))(w, r)
	})
	if err := s.handle(t, late); err != nil {
		t.Fatal(err)
	}
	s.succeeded(t, id)
}

func TestAProviderThatSaysLaterWithoutATimePutsTheOrderOff(t *testing.T) {
	t.Parallel()
	s := open(t)
	ada := visitor.SignIn(t, s.testbed, s.service)
	s.answers(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Retry-After", "0")
		cloudflare(429, noCapacity)(w, r)
	})
	id := s.order(t, ada, text)
	s.drawn(t, id)
	if got := s.state(t, id); got.Status != "queued" {
		t.Errorf("the order is %v", got)
	}
}
