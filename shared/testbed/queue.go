package testbed

import (
	"crypto/rand"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
)

// A Queue takes the asynchronous invocations of one function and keeps them.
type Queue struct {
	// Function is the name that a bell rings.
	Function string

	mutex  sync.Mutex
	events []string
	down   bool
}

// Invocations makes a queue of the test's own, where Lambda's Invoke API would be:
// https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html.
func Invocations(t testing.TB) *Queue {
	q := &Queue{Function: "draw-" + strings.ToLower(rand.Text())}
	all := lambda()
	all.Store(q.Function, q)
	t.Cleanup(func() { all.Delete(q.Function) })
	return q
}

// lambda is one server for the process, because the variable that names it is the process's.
var lambda = sync.OnceValue(func() *sync.Map {
	queues := &sync.Map{}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /2015-03-31/functions/{name}/invocations", func(w http.ResponseWriter, r *http.Request) {
		event, err := io.ReadAll(r.Body)
		found, ok := queues.Load(r.PathValue("name"))
		if err != nil || !ok || r.Header.Get("X-Amz-Invocation-Type") != "Event" {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		if !found.(*Queue).take(string(event)) {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		w.WriteHeader(http.StatusAccepted)
	})
	for name, value := range map[string]string{
		"AWS_ENDPOINT_URL_LAMBDA": httptest.NewServer(mux).URL, "AWS_REGION": "us-east-1",
		"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test",
	} {
		os.Setenv(name, value)
	}
	return queues
})

func (q *Queue) take(event string) bool {
	q.mutex.Lock()
	defer q.mutex.Unlock()
	if !q.down {
		q.events = append(q.events, event)
	}
	return !q.down
}

// Down lets the queue answer 503, or take events again.
func (q *Queue) Down(down bool) {
	q.mutex.Lock()
	defer q.mutex.Unlock()
	q.down = down
}

// Drain gives the events that came since the last Drain, as JSON.
func (q *Queue) Drain() []string {
	q.mutex.Lock()
	defer q.mutex.Unlock()
	events := q.events
	q.events = nil
	return events
}
