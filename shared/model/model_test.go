package model

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/png"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

const (
	flux   = "@cf/black-forest-labs/flux-2-klein-4b"
	banana = "gemini-2.5-flash-image"
	secret = "a prompt that nobody may read in a log"
)

func picture(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, 2, 2))); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// artists opens both clients on one server.
func artists(t *testing.T, handler http.HandlerFunc) map[string]Artist {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	gemini, err := NewGemini(server.URL, "key", "agreed")
	if err != nil {
		t.Fatal(err)
	}
	return map[string]Artist{flux: NewWorkersAI(server.URL+"/ai/run", "token"), banana: gemini}
}

// answer is what a provider says once.
type answer struct {
	status int
	header map[string]string
	body   string
}

// draw asks the artist of a model for one picture, and checks what holds for every failure.
func draw(t *testing.T, model string, a answer) ([]byte, *Failure) {
	t.Helper()
	calls := 0
	artist := artists(t, func(w http.ResponseWriter, r *http.Request) {
		calls++
		for k, v := range a.header {
			w.Header().Set(k, v)
		}
		w.WriteHeader(a.status)
		io.WriteString(w, a.body)
	})[model]
	file, err := artist.Draw(t.Context(), Order{Model: model, Prompt: secret, Width: 512, Height: 512})
	if calls != 1 {
		t.Errorf("%d calls", calls)
	}
	if err == nil {
		return file, nil
	}
	var f *Failure
	if !errors.As(err, &f) {
		t.Fatalf("not a Failure: %v", err)
	}
	if f.Detail == "" {
		t.Errorf("says too little: %+v", f)
	}
	if text := err.Error() + f.Detail; strings.Contains(text, secret) || strings.Contains(text, "127.0.0.1") {
		t.Errorf("says too much: %v", err)
	}
	if (f.After > 0) != (f.Reason == Later) {
		t.Errorf("contradicts itself: %+v", f)
	}
	return nil, f
}

// badAnswers gives each answer to the model's client.
func badAnswers(t *testing.T, model string, cases map[string]struct {
	answer answer
	want   Reason
}) {
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if _, f := draw(t, model, c.answer); f == nil || f.Reason != c.want {
				t.Errorf("got %+v, want %s", f, c.want)
			}
		})
	}
}

func TestARedirectIsNotFollowedNorIsTheKeySentOn(t *testing.T) {
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("followed") }))
	defer other.Close()
	for _, model := range []string{flux, banana} {
		for _, status := range []int{301, 302, 307, 308} {
			_, f := draw(t, model, answer{status, map[string]string{"Location": other.URL}, ""})
			if f == nil || f.Reason != Misconfigured {
				t.Errorf("%s, %d: %+v", model, status, f)
			}
		}
	}
}

func TestAnAnswerWithoutEndIsCut(t *testing.T) {
	for model, artist := range artists(t, func(w http.ResponseWriter, r *http.Request) {
		for block := bytes.Repeat([]byte(" "), 1<<20); ; {
			if _, err := w.Write(block); err != nil {
				return
			}
		}
	}) {
		_, err := artist.Draw(t.Context(), Order{Model: model})
		if f := (*Failure)(nil); !errors.As(err, &f) || f.Reason != Broken {
			t.Errorf("%s: %v", model, err)
		}
	}
}

func TestTheDeadlineEndsTheCall(t *testing.T) {
	for _, started := range []bool{false, true} {
		release := make(chan struct{})
		for model, artist := range artists(t, func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			if started {
				io.WriteString(w, `{"result":`)
				http.NewResponseController(w).Flush()
			}
			select {
			case <-release:
			case <-r.Context().Done():
			}
		}) {
			ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
			_, err := artist.Draw(ctx, Order{Model: model, Prompt: secret})
			cancel()
			f := (*Failure)(nil)
			if !errors.As(err, &f) || f.Reason != Broken || !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("%s, started %t: %v", model, started, err)
			}
		}
		close(release)
	}
}

func TestAProviderThatIsNotThereIsBroken(t *testing.T) {
	server := httptest.NewServer(nil)
	server.Close()
	_, err := NewWorkersAI(server.URL, "token").Draw(t.Context(), Order{Model: flux, Prompt: secret})
	if f := (*Failure)(nil); !errors.As(err, &f) || f.Reason != Broken || strings.Contains(err.Error(), flux) {
		t.Errorf("%v", err)
	}
}

func TestGeminiIsRefusedWithoutZeroRetention(t *testing.T) {
	for _, word := range []string{"", "no", "yes"} {
		if g, err := NewGemini("http://127.0.0.1", "key", word); !errors.Is(err, ErrRetention) || g != nil {
			t.Errorf("%q: %v", word, err)
		}
	}
	if _, err := NewGemini("http://127.0.0.1", "key", "agreed"); err != nil {
		t.Error(err)
	}
}

func workersSays(image []byte) string {
	return fmt.Sprintf(`{"result":{"image":%q},"success":true,"errors":[],"messages":[]}`, base64.StdEncoding.EncodeToString(image))
}

func geminiSays(parts ...any) string {
	b, _ := json.Marshal(map[string]any{"candidates": []any{map[string]any{
		"content": map[string]any{"role": "model", "parts": parts}, "finishReason": "STOP"}}})
	return string(b)
}

func geminiPicture(image []byte) map[string]any {
	return map[string]any{"inlineData": map[string]any{"mimeType": "image/png", "data": base64.StdEncoding.EncodeToString(image)}}
}
