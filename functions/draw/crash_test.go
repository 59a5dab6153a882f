package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"nanoflux.ai/backend/shared/generation"
	"nanoflux.ai/backend/shared/seal"
	"nanoflux.ai/backend/shared/testbed"
	"nanoflux.ai/backend/shared/testbed/visitor"
)

// death is a moment in the life of draw at which its process is killed: where its kill function is called.
type death struct {
	moment    string
	statement string // before the database gets it
	call      bool   // after the provider got the call, before it is answered
	picture   bool   // after the provider answered, before draw knows
	puts      int32  // after this many objects were put, before draw knows of the last
	committed bool   // after the database committed, before draw knows
}

var deaths = []death{
	{moment: "before the claim", statement: "set status = 'running'"},
	{moment: "before the call is counted", statement: "insert into app.provider_call"},
	{moment: "when the provider is called", call: true},
	{moment: "when the provider has answered", picture: true},
	{moment: "before the image has a row", statement: "insert into app.image"},
	{moment: "after the first put", puts: 1},
	{moment: "after both puts", puts: 2},
	{moment: "in the middle of settling", statement: "app.settle_hold"},
	{moment: "before the settlement is committed", statement: "commit\x00"},
	{moment: "after the settlement is committed", committed: true},
}

func TestADrawThatIsKilledAnywhereIsRepaired(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	testbed.Build(t, folder, "draw")
	testbed.Build(t, folder, "sweep-stalled")
	for _, d := range deaths {
		t.Run(d.moment, func(t *testing.T) { dies(t, folder, d) })
	}
	t.Run("in both calls", func(t *testing.T) { diesInBothCalls(t, folder) })
}

// dies lets draw die with two orders: the first is then drawn again, the second is not.
func dies(t *testing.T, folder string, d death) {
	t.Parallel()
	s := openScene(t, folder)
	ada := visitor.SignIn(t, s.testbed, s.service)
	again, never := s.order(t, ada, text), s.order(t, ada, text)
	for _, id := range []string{again, never} {
		s.dies(t, d, event(t, id, s.begun))
		if finished := s.state(t, id).Status == "succeeded"; finished != d.committed {
			t.Errorf("the order is %v", s.state(t, id))
		}
	}
	testbed.Balanced(t, s.testbed)

	s.sweep(t, 4*time.Minute)
	rung := s.queue.Drain()
	if d.committed && len(rung) != 0 || !d.committed && len(rung) != 2 {
		t.Fatalf("rung with %v", rung)
	}
	for _, bell := range rung {
		if strings.Contains(bell, again) {
			s.draws(t, bell)
		}
	}
	s.sweep(t, 21*time.Minute)
	if rung := s.queue.Drain(); len(rung) != 0 {
		t.Errorf("rung with %v", rung)
	}
	s.draws(t, string(event(t, never, s.begun.Add(22*time.Minute)))) // a bell that comes late
	s.sweep(t, 2*time.Hour)

	s.succeeded(t, again)
	if d.committed {
		s.succeeded(t, never)
	} else {
		s.failedFor(t, never, generation.Abandoned)
	}
	s.nothingIsLeft(t, 2)
}

func diesInBothCalls(t *testing.T, folder string) {
	t.Parallel()
	s := openScene(t, folder)
	id := s.order(t, visitor.SignIn(t, s.testbed, s.service), text)
	s.dies(t, death{picture: true}, event(t, id, s.begun))
	s.sweep(t, 4*time.Minute)
	s.dies(t, death{picture: true}, []byte(s.queue.Drain()[0]))
	s.sweep(t, 8*time.Minute)
	s.draws(t, s.queue.Drain()[0])
	s.failedFor(t, id, generation.ProviderFailed)
	s.nothingIsLeft(t, 1)
}

// scene is a studio whose draw and sweep-stalled are processes.
type scene struct {
	studio
	folder, keys string
	queue        *testbed.Queue
}

func openScene(t *testing.T, folder string) scene {
	s := scene{studio: open(t), folder: folder, queue: testbed.Invocations(t)}
	s.keys = "test:" + base64.StdEncoding.EncodeToString(visitor.Secret())
	s.service, _ = seal.Parse(s.keys)
	s.answers(wrapped(small(t)))
	return s
}

// environment of draw, with its parts at these addresses.
func (s scene) environment(t *testing.T, database, objects, models string) []string {
	t.Helper()
	return []string{
		"DATABASE_URL=" + database, "SERVICE_KEYS=" + s.keys, "BUCKET_ENDPOINT=" + objects, "BUCKET_NAME=" + s.at.Name,
		"BUCKET_ACCESS_KEY_ID=" + s.at.AccessKeyID, "BUCKET_SECRET_ACCESS_KEY=" + s.at.SecretAccessKey,
		"IMAGE_PROVIDERS=workers-ai", "WORKERS_AI_URL=" + models, "WORKERS_AI_TOKEN=" + testbed.Models(t).WorkersAIToken,
	}
}

// dies runs draw for an event and kills it.
func (s scene) dies(t *testing.T, d death, event []byte) {
	t.Helper()
	victim := make(chan *testbed.Process, 1)
	kill := sync.OnceFunc(func() {
		p := <-victim
		p.Kill()
	})
	var committing atomic.Bool
	var puts atomic.Int32
	database := testbed.Wire{
		Sent: func(piece []byte) bool {
			dead := d.statement != "" && bytes.Contains(piece, []byte(d.statement))
			if dead {
				kill()
			}
			committing.Store(committing.Load() || bytes.Contains(piece, []byte("commit\x00")))
			return !dead
		},
		Got: func([]byte) bool {
			dead := d.committed && committing.Load()
			if dead {
				kill()
			}
			return !dead
		},
	}.Before(t, s.testbed.Worker)
	objects := testbed.Between(t, s.at.Endpoint, pass, func(r *http.Response) {
		if r.Request.Method == http.MethodPut && puts.Add(1) == d.puts {
			kill()
		}
	})
	calls := s.calls
	models := testbed.Between(t, testbed.Models(t).URL, func(w http.ResponseWriter, r *http.Request) bool {
		calls.Add(1)
		if d.call {
			kill()
			panic(http.ErrAbortHandler)
		}
		reply := held{header: http.Header{}}
		wrapped(small(t))(&reply, r)
		if d.picture {
			kill()
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(reply.body.Bytes())
		return false
	}, nil)
	p := testbed.Start(t, filepath.Join(s.folder, "draw"), event, s.environment(t, database, objects, models)...)
	victim <- p
	if outcome := p.Wait(t); outcome != "" {
		t.Fatalf("draw lived to its end: %s", outcome)
	}
}

func pass(http.ResponseWriter, *http.Request) bool { return true }

// held is a reply that waits to be sent.
type held struct {
	header http.Header
	body   bytes.Buffer
}

func (h *held) Header() http.Header            { return h.header }
func (h *held) WriteHeader(int)                {}
func (h *held) Write(text []byte) (int, error) { return h.body.Write(text) }

// draws runs draw for an event, to its end.
func (s scene) draws(t *testing.T, event string) {
	t.Helper()
	models := testbed.Between(t, testbed.Models(t).URL, func(w http.ResponseWriter, r *http.Request) bool {
		s.calls.Add(1)
		wrapped(small(t))(w, r)
		return false
	}, nil)
	p := testbed.Start(t, filepath.Join(s.folder, "draw"), []byte(event), s.environment(t, s.testbed.Worker, s.at.Endpoint, models)...)
	if outcome := p.Wait(t); outcome != "response" {
		t.Errorf("draw ends with %q", outcome)
	}
}

// sweep runs sweep-stalled at a time after the beginning.
func (s scene) sweep(t *testing.T, after time.Duration) {
	t.Helper()
	edge := testbed.CDN(t)
	event, _ := json.Marshal(map[string]time.Time{"time": s.begun.Add(after)})
	p := testbed.Start(t, filepath.Join(s.folder, "sweep-stalled"), event,
		"DATABASE_URL="+s.testbed.Sweeper, "BUCKET_ENDPOINT="+s.at.Endpoint, "BUCKET_NAME="+s.at.Name,
		"BUCKET_ACCESS_KEY_ID="+s.at.AccessKeyID, "BUCKET_SECRET_ACCESS_KEY="+s.at.SecretAccessKey, "CDN_URL="+edge.URL,
		"CDN_PURGE_URL="+edge.URL+"/client/v4/zones/local/purge_cache", "CDN_PURGE_TOKEN="+edge.PurgeToken,
		"DRAW_FUNCTION="+s.queue.Function, "PACK_EXPORT_FUNCTION=none", "SWEEP_ACCOUNTS_FUNCTION=none")
	if outcome := p.Wait(t); outcome != "response" {
		t.Fatalf("sweep-stalled ends with %q", outcome)
	}
}

// nothingIsLeft wants every order ended, every hold closed, every object in the library, no more than two calls an order.
func (s scene) nothingIsLeft(t *testing.T, orders int32) {
	t.Helper()
	if n := testbed.One[int64](t, s.testbed, "select count(*) from app.generation where status in ('queued', 'running') or calls > 2"); n != 0 {
		t.Errorf("%d orders are not as they should be", n)
	}
	if n := testbed.One[int64](t, s.testbed, "select count(*) from app.credit_hold where state = 'held'"); n != 0 {
		t.Errorf("%d holds are open", n)
	}
	if n := testbed.One[int64](t, s.testbed, "select count(*) from app.image where state <> 'ready'"); n != 0 {
		t.Errorf("%d images are not settled", n)
	}
	if s.calls.Load() > generation.MaxCalls*orders {
		t.Errorf("the provider was called %d times", s.calls.Load())
	}
	ready := testbed.One[int64](t, s.testbed, "select 2 * count(*) from app.image")
	if keys := s.at.Keys(t); int64(len(keys)) != ready {
		t.Errorf("%d objects stand beside rows for %d: %v", len(keys), ready, keys)
	}
	testbed.Audit(t, s.testbed, s.at)
}
