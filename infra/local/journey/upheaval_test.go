package journey

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// control tells the local cloud to do something, and gives its answer.
func control(t *testing.T, path, body string) []byte {
	t.Helper()
	reply, err := http.Post(os.Getenv("JOURNEY_CONTROL")+path, "application/json", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer reply.Body.Close()
	text, _ := io.ReadAll(reply.Body)
	if reply.StatusCode != http.StatusOK || strings.Contains(string(text), "function_error") {
		t.Fatalf("%s %s: %d %s", path, body, reply.StatusCode, text)
	}
	return text
}

// ask gives one value of the database, behind everybody's back.
func ask[V any](t *testing.T, sql string, arguments ...any) (value V) {
	t.Helper()
	db, err := pgx.Connect(t.Context(), os.Getenv("JOURNEY_POSTGRES"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close(t.Context())
	if err := db.QueryRow(t.Context(), sql, arguments...).Scan(&value); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return value
}

// Every bell is lost, then each is rung five times; somebody clicks two hundred times for fifty credits.
func TestLostAndRepeatedBellsMakeFiftyImagesOfFiftyCredits(t *testing.T) {
	if os.Getenv("JOURNEY_CONTROL") == "" {
		t.Skip("this test disturbs the service, so it starts its own: run it without JOURNEY_SITE")
	}
	p := newcomer(t)
	control(t, "/async", `{"drop": 1}`)
	t.Cleanup(func() { control(t, "/async", `{}`) })

	var all sync.WaitGroup
	statuses := make([]int, 200)
	for i := range statuses {
		all.Go(func() {
			reply := p.call("POST", "/api/generations", map[string]any{"tool": "text-to-image", "prompt": fmt.Sprint("mountain ", i)},
				"Idempotency-Key", uuid())
			statuses[i] = reply.status
		})
	}
	all.Wait()
	count := map[int]int{}
	for _, status := range statuses {
		count[status]++
	}
	if count[202] != 50 || count[402] != 150 {
		t.Fatalf("200 orders on 50 credits answered %v", count)
	}

	control(t, "/async", `{"duplicate": 5}`)
	control(t, "/fire", `{"name": "sweep-stalled", "at": "`+time.Now().Add(time.Minute).UTC().Format(time.RFC3339)+`"}`)
	var account struct {
		ID      string
		Credits struct{ Available, Held int }
	}
	for deadline := time.Now().Add(3 * time.Minute); ; time.Sleep(500 * time.Millisecond) {
		if err := json.Unmarshal(p.call("GET", "/api/account", nil).body, &account); err != nil {
			t.Fatal(err)
		}
		if account.Credits.Held == 0 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("credits are still held: %+v", account)
		}
	}
	if account.Credits.Available != 0 {
		t.Errorf("credits came back: %+v", account)
	}
	if n := ask[int](t, `select count(*) from app.image where account_id = $1 and state = 'ready'`, account.ID); n != 50 {
		t.Errorf("%d images", n)
	}
	if n := ask[int](t, `select count(*) from app.provider_call c join app.generation g on g.id = c.generation_id where g.account_id = $1`, account.ID); n != 50 {
		t.Errorf("%d provider calls", n)
	}
	if n := ask[int](t, `select count(*) from app.unbalanced_books()`); n != 0 {
		t.Errorf("the books of %d accounts do not balance", n)
	}
}
