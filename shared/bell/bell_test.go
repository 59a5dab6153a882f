package bell_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"nanoflux.ai/backend/shared/bell"
)

// at is long ago: the ringer's own clock, which is not the wall's.
var at = time.Date(2024, 2, 29, 12, 0, 0, 0, time.UTC)

// lambda answers invocations with what it is told and keeps what it was asked.
type lambda struct {
	status int
	asked  []*http.Request
	bodies []string
}

func (l *lambda) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	l.asked, l.bodies = append(l.asked, r), append(l.bodies, string(body))
	if l.status == http.StatusTooManyRequests {
		w.Header().Set("X-Amzn-Errortype", "TooManyRequestsException")
	}
	w.WriteHeader(l.status)
	if l.status >= 400 {
		fmt.Fprint(w, `{"Type":"Service","Message":"try later"}`)
	}
}

func serve(t *testing.T, handler http.Handler) {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	for name, value := range map[string]string{
		"AWS_ENDPOINT_URL_LAMBDA": server.URL, "AWS_REGION": "eu-central-1",
		"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "not-a-secret", "AWS_SESSION_TOKEN": "session",
	} {
		t.Setenv(name, value)
	}
}

func TestRingHandsTheEventToTheQueueOnce(t *testing.T) {
	l := lambda{status: 202}
	serve(t, &l)
	draw := bell.Of("draw")
	for _, id := range []string{"a", "b"} {
		if err := draw.Ring(context.Background(), id, at); err != nil {
			t.Fatal(err)
		}
	}
	if len(l.asked) != 2 {
		t.Fatalf("asked %d times: %q", len(l.asked), l.bodies)
	}
	for i, id := range []string{"a", "b"} {
		var event bell.Event
		if err := json.Unmarshal([]byte(l.bodies[i]), &event); err != nil || event.ID != id || !event.At.Equal(at) {
			t.Errorf("sent %s: %v", l.bodies[i], err)
		}
		if age := time.Since(event.Sent); age < 0 || age > time.Minute {
			t.Errorf("the event says it was sent %v ago", age)
		}
	}
	r := l.asked[0]
	if r.Method != http.MethodPost || r.URL.Path != "/2015-03-31/functions/draw/invocations" || r.Header.Get("X-Amz-Invocation-Type") != "Event" {
		t.Errorf("%s %s as %s", r.Method, r.URL, r.Header.Get("X-Amz-Invocation-Type"))
	}
	signature := r.Header.Get("Authorization")
	if !strings.Contains(signature, "Credential=AKIDEXAMPLE/") || !strings.Contains(signature, "/eu-central-1/lambda/") || r.Header.Get("X-Amz-Security-Token") != "session" {
		t.Errorf("signed %s", signature)
	}
}

func TestAnEventThatWasNotTakenIsAnError(t *testing.T) {
	for status, wanted := range map[int]int{500: 2, 503: 2, 429: 2, 403: 1, 404: 1} {
		l := lambda{status: status}
		serve(t, &l)
		err := bell.Of("draw").Ring(context.Background(), "order", at)
		if err == nil || !strings.HasPrefix(err.Error(), "ringing draw: ") || len(l.asked) != wanted {
			t.Errorf("status %d: %v after %d tries, want %d", status, err, len(l.asked), wanted)
		}
	}
}

func TestABellThatHangsDoesNotHoldUpItsRinger(t *testing.T) {
	serve(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		<-r.Context().Done()
	}))
	ctx, cancel := context.WithTimeout(context.Background(), 300*time.Millisecond)
	defer cancel()
	if err := bell.Of("draw").Ring(ctx, "order", at); err == nil {
		t.Error("nobody answered, and it was no error")
	}
}
