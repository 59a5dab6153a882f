package main

import (
	"bytes"
	"encoding/base64"
	"io"
	"maps"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"nanoflux.ai/backend/shared/archive"
	"nanoflux.ai/backend/shared/seal"
	"nanoflux.ai/backend/shared/testbed"
	"nanoflux.ai/backend/shared/testbed/visitor"
)

// scene is a packing whose pack-export is a process.
type scene struct {
	packing
	folder, keys string
	ada          visitor.Visitor
	order        string
}

// openScene orders an archive of several parts.
func openScene(t *testing.T, folder string) *scene {
	s := &scene{packing: open(t), folder: folder, keys: "test:" + base64.StdEncoding.EncodeToString(visitor.Secret())}
	s.service, _ = seal.Parse(s.keys)
	s.ada = visitor.SignIn(t, s.testbed, s.service)
	for _, length := range []int{9 << 20, 3 << 20, 100, 5 << 20, 4 << 20} {
		s.shelve(t, s.ada, noise(t, length), "a lighthouse")
	}
	s.order = s.packing.order(t, s.ada)
	return s
}

// start runs the binary for the archive at a time, with its parts at these addresses, and returns how it ended, "" for killed.
// victim gets the process as soon as there is one.
func (s *scene) start(t *testing.T, at time.Time, database, objects string, victim func(*testbed.Process)) string {
	t.Helper()
	p := testbed.Start(t, filepath.Join(s.folder, "pack-export"), event(t, s.order, at),
		"DATABASE_URL="+database, "SERVICE_KEYS="+s.keys, "BUCKET_ENDPOINT="+objects, "BUCKET_NAME="+s.at.Name,
		"BUCKET_ACCESS_KEY_ID="+s.at.AccessKeyID, "BUCKET_SECRET_ACCESS_KEY="+s.at.SecretAccessKey)
	victim(p)
	return p.Wait(t)
}

// moment is one in the life of pack-export: a piece of the conversation with the database before it gets it, or a request to the
// bucket before it gets it, or its answer before pack-export gets it.
type moment struct {
	statement string
	request   *http.Request
	answered  bool
}

// dies runs the binary until a moment comes at which it is to be killed; it returns false if none came.
func (s *scene) dies(t *testing.T, at time.Time, now func(moment) bool) bool {
	t.Helper()
	victim := make(chan *testbed.Process, 1)
	kill := sync.OnceFunc(func() {
		p := <-victim
		p.Kill()
	})
	var mutex sync.Mutex
	dead := func(m moment) bool {
		mutex.Lock()
		defer mutex.Unlock()
		if now(m) {
			kill()
			return true
		}
		return false
	}
	database := testbed.Wire{
		Sent: func(piece []byte) bool { return !dead(moment{statement: string(piece)}) },
		Got:  func([]byte) bool { return true },
	}.Before(t, s.testbed.Worker)
	objects := testbed.Between(t, s.at.Endpoint, func(_ http.ResponseWriter, r *http.Request) bool {
		if dead(moment{request: r}) {
			panic(http.ErrAbortHandler)
		}
		return true
	}, func(answer *http.Response) {
		if dead(moment{request: answer.Request, answered: true}) {
			answer.Body = io.NopCloser(strings.NewReader(""))
		}
	})
	return s.start(t, at, database, objects, func(p *testbed.Process) { victim <- p }) == ""
}

// lives runs the binary undisturbed.
func (s *scene) lives(t *testing.T, at time.Time) {
	t.Helper()
	if outcome := s.start(t, at, s.testbed.Worker, s.at.Endpoint, func(*testbed.Process) {}); outcome != "response" {
		t.Errorf("pack-export ends with %q", outcome)
	}
}

// sameAsUndisturbed packs the archive anew, from its beginning, and wants the same files to the byte.
func (s *scene) sameAsUndisturbed(t *testing.T) {
	t.Helper()
	killed := s.unpack(t, s.order)
	if len(killed.Omitted) > 0 {
		t.Errorf("left out were %v", killed.Omitted)
	}
	for _, table := range []string{"archive_item", "archive_volume", "archive_part"} {
		testbed.Column[string](t, s.testbed, `delete from app.`+table+` returning 'done'`)
	}
	s.do(t, `update app.archive set state = 'packing', step = 'data', cursor = '{}', bytes_done = 0, bytes_total = 0, files = 0, omitted = 0,
		ready_at = null, expires_at = ordered_at + interval '7 days'`)
	s.lives(t, s.begun)
	whole := s.unpack(t, s.order)
	if names := slices.Sorted(maps.Keys(killed.files)); !slices.Equal(names, slices.Sorted(maps.Keys(whole.files))) {
		t.Errorf("the files are %v", names)
	}
	for name, content := range whole.files {
		if !bytes.Equal(killed.files[name], content) {
			t.Errorf("%s is different", name)
		}
	}
}

// deaths are moments at which a thing was done outside the database that the database does not know yet, and the other way round.
var deaths = map[string]func(moment) bool{
	"before the claim":                       said("fence = a.fence + 1"),
	"when a file is staged":                  asked(http.MethodPut, "staged-", true, 1),
	"before a staged file is listed":         said("insert into app.archive_item"),
	"when the upload has begun":              asked(http.MethodPost, "?uploads", true, 1),
	"before the upload is recorded":          said("insert into app.archive_volume"),
	"when an image is read":                  asked(http.MethodGet, ".png", true, 2),
	"before a part is put":                   asked(http.MethodPut, "partNumber", false, 2),
	"when a part is put":                     asked(http.MethodPut, "partNumber", true, 2),
	"before a part is recorded":              said("insert into app.archive_part"),
	"when all parts are put":                 asked(http.MethodPut, "partNumber", true, 3),
	"before the upload is completed":         asked(http.MethodPost, "uploadId", false, 1),
	"when the upload is completed":           asked(http.MethodPost, "uploadId", true, 1),
	"before the completion is recorded":      said("set done = true"),
	"before the staged files are removed":    asked(http.MethodPost, "?delete", false, 1),
	"when the staged files are removed":      asked(http.MethodPost, "?delete", true, 1),
	"before the archive is said to be ready": said("state = 'ready', step"),
}

func said(statement string) func(moment) bool {
	return func(m moment) bool { return strings.Contains(m.statement, statement) }
}

// asked is the nth request of a method with something in its address, before or after its answer.
func asked(method, part string, answered bool, nth int) func(moment) bool {
	return func(m moment) bool {
		if m.request == nil || m.answered != answered || m.request.Method != method || !strings.Contains(m.request.URL.String(), part) {
			return false
		}
		nth--
		return nth == 0
	}
}

func TestAPackerThatIsKilledAnywhereIsGoneOnFor(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	testbed.Build(t, folder, "pack-export")
	for name, now := range deaths {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := openScene(t, folder)
			if !s.dies(t, s.begun, now) {
				t.Error("the moment never came")
			}
			s.lives(t, s.begun.Add(archive.Lease+time.Minute))
			s.sameAsUndisturbed(t)
		})
	}
}

// A packer that lives for some moments only, a few more each time, comes to the end.
func TestAPackerThatIsKilledOverAndOverComesToTheEnd(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	testbed.Build(t, folder, "pack-export")
	s := openScene(t, folder)
	var killed atomic.Int32
	for at := s.begun; testbed.One[string](t, s.testbed, `select state from app.archive`) == "packing"; at = at.Add(archive.Lease + time.Minute) {
		var moments atomic.Int32
		if s.dies(t, at, func(moment) bool { return moments.Add(1) > 15+7*killed.Load() }) {
			killed.Add(1)
		}
		if killed.Load() > 200 {
			t.Fatal("it never comes to the end: it stands at", testbed.One[string](t, s.testbed, `select step || cursor::text from app.archive`))
		}
	}
	if killed.Load() < 5 {
		t.Errorf("it was killed %d times only", killed.Load())
	}
	t.Logf("killed %d times", killed.Load())
	s.sameAsUndisturbed(t)
}
