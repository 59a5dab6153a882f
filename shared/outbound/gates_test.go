package outbound_test

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"nanoflux.ai/backend/shared/bell"
	"nanoflux.ai/backend/shared/bucket"
	"nanoflux.ai/backend/shared/cdn"
	"nanoflux.ai/backend/shared/google"
	"nanoflux.ai/backend/shared/logline"
	"nanoflux.ai/backend/shared/migration"
	"nanoflux.ai/backend/shared/model"
	"nanoflux.ai/backend/shared/outbound"
	"nanoflux.ai/backend/shared/payment"
	"nanoflux.ai/backend/shared/postgres"
)

// gates asks each gate for something, at an origin.
func gates(t *testing.T) map[string]func(ctx context.Context, origin string) error {
	t.Helper()
	for name, value := range map[string]string{"AWS_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "no"} {
		t.Setenv(name, value)
	}
	order := model.Order{Model: "m", Prompt: "a fox"}
	return map[string]func(context.Context, string) error{
		"bell": func(ctx context.Context, origin string) error {
			t.Setenv("AWS_ENDPOINT_URL_LAMBDA", origin)
			return bell.Of("draw").Ring(ctx, "id", time.Unix(0, 0))
		},
		"bucket": func(ctx context.Context, origin string) error {
			_, err := bucket.Open(origin, "images", "id", "key").Get(ctx, "a", 1)
			return err
		},
		"cdn": func(ctx context.Context, origin string) error {
			return cdn.NewPurger("https://cdn.example.com", origin, "token").Purge(ctx, "a")
		},
		"google": func(ctx context.Context, origin string) error {
			_, err := google.New(origin, "id", "secret", "https://example.com/login/callback").AuthorizationURL(ctx, google.Attempt{}, false)
			return err
		},
		"model: Workers AI": func(ctx context.Context, origin string) error {
			_, err := model.NewWorkersAI(origin, "token").Draw(ctx, order)
			return err
		},
		"model: Gemini": func(ctx context.Context, origin string) error {
			gemini, err := model.NewGemini(origin, "key", "agreed")
			if err == nil {
				_, err = gemini.Draw(ctx, order)
			}
			return err
		},
		"payment": func(ctx context.Context, origin string) error {
			_, err := payment.Open(origin, "sk_test_x").CreateCustomer(ctx, "account", "key")
			return err
		},
		"postgres": func(ctx context.Context, origin string) error {
			_, host, _ := strings.Cut(origin, "://")
			_, err := postgres.Open("postgres://u:p@"+host+"/app?sslmode=verify-full").Exec(ctx, "select 1")
			return err
		},
		"migration": func(ctx context.Context, origin string) error {
			_, host, _ := strings.Cut(origin, "://")
			_, err := migration.Up(ctx, "postgres://u:p@"+host+"/app?sslmode=verify-full")
			return err
		},
	}
}

// stranger listens on an address that reaches this machine, and that the register does not have.
func stranger(t *testing.T) (host string, connections *atomic.Int32) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	connections = new(atomic.Int32)
	go func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			connections.Add(1)
			connection.Close()
		}
	}()
	_, port, _ := net.SplitHostPort(listener.Addr().String())
	return "[::ffff:127.0.0.1]:" + port, connections
}

// policy P5.1
// policy P5.1: to nobody else.
func TestEveryGateRefusesAStrangerBeforeItConnects(t *testing.T) {
	host, connections := stranger(t)
	for name, ask := range gates(t) {
		for _, origin := range []string{"https://evil.example", "https://" + host} {
			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
			err := ask(ctx, origin)
			cancel()
			if outbound.Refusal(err) == nil || connections.Load() != 0 {
				t.Errorf("%s, %s: %v, %d connections", name, origin, err, connections.Swap(0))
			}
			if class := string(logline.Class(err)); !strings.HasSuffix(class, "outbound.Refused") {
				t.Errorf("%s: an operator reads %q", name, class)
			}
		}
	}
}

func TestNoGateFollowsAPartyToAStranger(t *testing.T) {
	host, connections := stranger(t)
	for name, ask := range gates(t) {
		if name == "postgres" || name == "migration" {
			continue // there is no redirect in their protocol
		}
		for _, status := range []int{http.StatusMovedPermanently, http.StatusFound, http.StatusTemporaryRedirect, http.StatusPermanentRedirect} {
			asked := 0
			party := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				asked++
				http.Redirect(w, r, "http://"+host+"/", status)
			}))
			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
			err := ask(ctx, party.URL)
			cancel()
			party.Close()
			if err == nil || asked == 0 || connections.Load() != 0 {
				t.Errorf("%s, %d: %v, asked %d times, %d connections", name, status, err, asked, connections.Swap(0))
			}
		}
	}
}
