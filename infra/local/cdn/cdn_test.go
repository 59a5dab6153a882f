package cdn_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"nanoflux.ai/backend/infra/local/cdn"
)

const (
	account = "k3v9q2m7x1c8b5n0z4w6r3t8y2"
	picture = account + "/images/7f3a9c.png"
)

// shelf is a bucket in memory that counts its look-ups.
type shelf struct {
	mu      sync.Mutex
	objects map[string]cdn.Object
	fetched map[string]int
	broken  bool
}

func (s *shelf) fetch(_ context.Context, key string) (cdn.Object, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fetched[key]++
	if s.broken {
		return cdn.Object{}, fmt.Errorf("broken")
	}
	if object, ok := s.objects[key]; ok {
		return object, nil
	}
	return cdn.Object{}, cdn.ErrNotFound
}

func (s *shelf) set(key, contentType, body string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.objects[key] = cdn.Object{Body: []byte(body), ContentType: contentType}
}

func (s *shelf) remove(key string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.objects, key)
}

type desk struct {
	*shelf
	front  *cdn.Front
	server *httptest.Server
	key    []byte
	now    time.Time
}

func open(t *testing.T) *desk {
	t.Helper()
	d := &desk{
		shelf: &shelf{objects: map[string]cdn.Object{}, fetched: map[string]int{}},
		key:   bytes.Repeat([]byte{7}, 32),
		now:   time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
	}
	server := httptest.NewUnstartedServer(nil)
	d.front = cdn.New(cdn.Config{
		URL: "http://" + server.Listener.Addr().String(), SiteOrigin: "http://localhost:8080",
		Key: d.key, Fetch: d.fetch, PurgeToken: "purge", Now: func() time.Time { return d.now },
	})
	server.Config.Handler = d.front
	server.Start()
	t.Cleanup(server.Close)
	d.server = server
	d.set(picture, "image/png", "0123456789")
	return d
}

func (d *desk) link(key string, life time.Duration) string {
	expires := fmt.Sprint(d.now.Add(life).Unix())
	return d.server.URL + "/" + key + "?exp=" + expires + "&sig=" + cdn.Signature(d.key, key, expires)
}

func (d *desk) ask(t *testing.T, method, target string, header ...string) (*http.Response, string) {
	t.Helper()
	return send(t, method, target, "", header...)
}

func send(t *testing.T, method, target, body string, header ...string) (*http.Response, string) {
	t.Helper()
	request, err := http.NewRequest(method, target, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		request.Header.Set(header[i], header[i+1])
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response, string(answer)
}

// policy P4.1: no image without a signed link that has not ended.
func TestEveryVectorGetsItsVerdict(t *testing.T) {
	text, err := os.ReadFile("../../cdn/vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	var vectors []struct {
		Name      string
		Key       string `json:"key_base64"`
		ObjectKey string `json:"object_key"`
		Exp, Sig  string
		Now       int64
		Revoked   bool
		URL       string
		Valid     bool
		Status    int
	}
	if err := json.Unmarshal(text, &vectors); err != nil {
		t.Fatal(err)
	}
	if len(vectors) < 12 {
		t.Fatalf("only %d vectors", len(vectors))
	}
	for _, vector := range vectors {
		t.Run(vector.Name, func(t *testing.T) {
			key, err := base64.StdEncoding.DecodeString(vector.Key)
			if err != nil {
				t.Fatal(err)
			}
			now := time.Unix(vector.Now, 0)
			bucket := &shelf{objects: map[string]cdn.Object{}, fetched: map[string]int{}}
			bucket.set(vector.ObjectKey, "image/png", "picture")
			prefix, _, _ := strings.Cut(vector.ObjectKey, "/")
			if vector.Revoked {
				bucket.set("revoked/"+prefix, "text/plain", "")
			}
			server := httptest.NewServer(cdn.New(cdn.Config{Key: key, Fetch: bucket.fetch, Now: func() time.Time { return now }}))
			defer server.Close()
			response, body := send(t, "GET", server.URL+vector.URL, "")
			if response.StatusCode != vector.Status || (body == "picture") != vector.Valid {
				t.Errorf("%s answered %d %q, want %d", vector.URL, response.StatusCode, body, vector.Status)
			}
			if vector.Valid && cdn.Signature(key, vector.ObjectKey, vector.Exp) != vector.Sig {
				t.Error("Signature gives another one")
			}
		})
	}
}

func TestImageComesWithItsHeaders(t *testing.T) {
	d := open(t)
	response, body := d.ask(t, "GET", d.link(picture, 10*time.Minute))
	if response.StatusCode != 200 || body != "0123456789" {
		t.Fatalf("%d %q", response.StatusCode, body)
	}
	for name, want := range map[string]string{
		"Content-Type":                     "image/png",
		"Content-Length":                   "10",
		"Cache-Control":                    "private, max-age=600",
		"X-Content-Type-Options":           "nosniff",
		"Content-Security-Policy":          "default-src 'none'; sandbox",
		"Cross-Origin-Resource-Policy":     "cross-origin",
		"Referrer-Policy":                  "no-referrer",
		"Access-Control-Allow-Origin":      "http://localhost:8080",
		"Access-Control-Allow-Credentials": "",
		"Accept-Ranges":                    "bytes",
		"Cf-Cache-Status":                  "MISS",
	} {
		if got := response.Header.Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	later, _ := d.ask(t, "GET", d.link(picture, 48*time.Hour))
	if got := later.Header.Get("Cache-Control"); got != "private, max-age=3600" {
		t.Errorf("a long link has Cache-Control %q", got)
	}
	if later.Header.Get("CF-Cache-Status") != "HIT" {
		t.Error("another link to the same image missed the cache")
	}
}

func TestImageCanBeAskedForInPartOrOnlyIfChanged(t *testing.T) {
	d := open(t)
	link := d.link(picture, time.Hour)
	part, body := d.ask(t, "GET", link, "Range", "bytes=2-4")
	if part.StatusCode != 206 || body != "234" {
		t.Errorf("range answered %d %q", part.StatusCode, body)
	}
	unchanged, body := d.ask(t, "GET", link, "If-None-Match", part.Header.Get("ETag"))
	if unchanged.StatusCode != 304 || body != "" {
		t.Errorf("If-None-Match answered %d %q", unchanged.StatusCode, body)
	}
	head, body := d.ask(t, "HEAD", link)
	if head.StatusCode != 200 || head.ContentLength != 10 || body != "" {
		t.Errorf("HEAD answered %d, %d bytes", head.StatusCode, head.ContentLength)
	}
	if posted, _ := d.ask(t, "POST", link); posted.StatusCode != 405 {
		t.Errorf("POST answered %d", posted.StatusCode)
	}
}

func TestOnlyImagesAreServed(t *testing.T) {
	d := open(t)
	for _, contentType := range []string{"text/html", "image/svg+xml", "", "image/png; charset=utf-8"} {
		key := fmt.Sprintf("%s/images/%x", account, contentType)
		d.set(key, contentType, "<script>")
		if response, body := d.ask(t, "GET", d.link(key, time.Hour)); response.StatusCode != 403 || strings.Contains(body, "script") {
			t.Errorf("%q answered %d %q", contentType, response.StatusCode, body)
		}
	}
}

func TestRevocationEndsCachedLinksWithinThirtySeconds(t *testing.T) {
	d := open(t)
	link := d.link(picture, time.Hour)
	status := func() int {
		response, _ := d.ask(t, "GET", link)
		return response.StatusCode
	}
	if got := status(); got != 200 {
		t.Fatal(got)
	}
	d.set("revoked/"+account, "text/plain", "")
	d.now = d.now.Add(30 * time.Second)
	if got := status(); got != 403 {
		t.Errorf("a cached image of a revoked account answered %d", got)
	}
	d.remove("revoked/" + account)
	d.now = d.now.Add(30 * time.Second)
	if got := status(); got != 200 {
		t.Errorf("after the revocation was taken back: %d", got)
	}
	if asked := d.fetched["revoked/"+account]; asked != 3 {
		t.Errorf("the marker was looked up %d times, want 3", asked)
	}
}

func TestUnansweredRevocationRefuses(t *testing.T) {
	d := open(t)
	d.ask(t, "GET", d.link(picture, time.Hour))
	d.broken = true
	d.now = d.now.Add(time.Minute)
	if response, _ := d.ask(t, "GET", d.link(picture, time.Hour)); response.StatusCode != 503 {
		t.Errorf("answered %d", response.StatusCode)
	}
}

func TestDeletedImageIsServedUntilItIsPurged(t *testing.T) {
	d := open(t)
	link := d.link(picture, time.Hour)
	d.ask(t, "GET", link)
	d.remove(picture)
	if response, _ := d.ask(t, "GET", link); response.StatusCode != 200 {
		t.Fatalf("a cached copy answered %d", response.StatusCode)
	}
	response, body := d.purge(t, "purge", d.server.URL+"/"+picture)
	if response.StatusCode != 200 || !strings.Contains(body, `"success":true`) {
		t.Fatalf("purge answered %d %s", response.StatusCode, body)
	}
	if response, _ := d.ask(t, "GET", link); response.StatusCode != 404 {
		t.Errorf("after the purge: %d", response.StatusCode)
	}
}

func TestMissingImageIsRememberedOnlyBriefly(t *testing.T) {
	d := open(t)
	key := account + "/images/late.png"
	link := d.link(key, time.Hour)
	if response, _ := d.ask(t, "GET", link); response.StatusCode != 404 {
		t.Fatal(response.StatusCode)
	}
	d.set(key, "image/png", "late")
	if response, _ := d.ask(t, "GET", link); response.StatusCode != 404 {
		t.Errorf("the miss was not remembered: %d", response.StatusCode)
	}
	d.now = d.now.Add(5 * time.Second)
	if response, _ := d.ask(t, "GET", link); response.StatusCode != 200 {
		t.Errorf("after five seconds: %d", response.StatusCode)
	}
}

func (d *desk) purge(t *testing.T, token string, files ...string) (*http.Response, string) {
	t.Helper()
	body, _ := json.Marshal(map[string]any{"files": files})
	return send(t, "POST", d.server.URL+"/client/v4/zones/zone/purge_cache", string(body), "Authorization", "Bearer "+token)
}

func TestPurgeRefusesWhatCloudflareRefuses(t *testing.T) {
	d := open(t)
	url := d.server.URL + "/" + picture
	many := make([]string, 101)
	for i := range many {
		many[i] = url
	}
	for name, c := range map[string]struct {
		token  string
		files  []string
		status int
	}{
		"wrong token":  {"guess", []string{url}, 401},
		"no files":     {"purge", nil, 400},
		"101 files":    {"purge", many, 400},
		"another zone": {"purge", []string{"https://elsewhere.example/" + picture}, 400},
		"100 files":    {"purge", many[:100], 200},
	} {
		if response, body := d.purge(t, c.token, c.files...); response.StatusCode != c.status {
			t.Errorf("%s: %d %s", name, response.StatusCode, body)
		}
	}
}

func TestPurgeFailsAsOftenAsTold(t *testing.T) {
	d := open(t)
	told, _ := send(t, "POST", d.server.URL+"/_faults", `{"purge":"fail","next":2}`)
	if told.StatusCode != 204 {
		t.Fatal(told.StatusCode)
	}
	for i, want := range []int{500, 500, 200} {
		if response, _ := d.purge(t, "purge", d.server.URL+"/"+picture); response.StatusCode != want {
			t.Errorf("purge %d answered %d, want %d", i, response.StatusCode, want)
		}
	}
	d.front.Faults(cdn.Fault{Purge: "hang", Next: 1})
	client := &http.Client{Timeout: 50 * time.Millisecond}
	request, _ := http.NewRequest("POST", d.server.URL+"/client/v4/zones/zone/purge_cache", strings.NewReader(`{"files":["x"]}`))
	request.Header.Set("Authorization", "Bearer purge")
	if _, err := client.Do(request); err == nil {
		t.Error("a hanging purge answered")
	}
}

func TestCacheStaysWithinItsBound(t *testing.T) {
	d := open(t)
	large := strings.Repeat("x", 20<<20)
	for i := range 4 {
		key := fmt.Sprintf("%s/images/%d.png", account, i)
		d.set(key, "image/png", large)
		d.ask(t, "GET", d.link(key, time.Hour))
	}
	for i, want := range map[int]string{3: "HIT", 0: "MISS"} {
		response, _ := d.ask(t, "HEAD", d.link(fmt.Sprintf("%s/images/%d.png", account, i), time.Hour))
		if got := response.Header.Get("CF-Cache-Status"); got != want {
			t.Errorf("image %d: %s, want %s", i, got, want)
		}
	}
}

func TestPurgeByPrefixDropsWhatIsUnderItAndNothingElse(t *testing.T) {
	d := open(t)
	const mine, other = "k3v9q2m7x1c8b5n0z4w6r3t8y2/a.png", "2y8t3r6w4z0n5b8c1x7m2q9v3k/a.png"
	for _, key := range []string{mine, other} {
		d.set(key, "image/png", "x")
		d.ask(t, "GET", d.link(key, time.Hour))
	}
	_, host, _ := strings.Cut(d.server.URL, "://")
	for _, c := range []struct {
		prefix string
		want   int
	}{{"elsewhere.example/abc/", 400}, {host + "/", 400}, {host + "/k3v9q2m7x1c8b5n0z4w6r3t8y2/", 200}} {
		body := `{"prefixes":["` + c.prefix + `"]}`
		if response, text := send(t, "POST", d.server.URL+"/client/v4/zones/zone/purge_cache", body, "Authorization", "Bearer purge"); response.StatusCode != c.want {
			t.Errorf("%s answered %d %s", body, response.StatusCode, text)
		}
	}
	for key, want := range map[string]string{mine: "MISS", other: "HIT"} {
		if response, _ := d.ask(t, "GET", d.link(key, time.Hour)); response.Header.Get("CF-Cache-Status") != want {
			t.Errorf("%s is a %s, want %s", key, response.Header.Get("CF-Cache-Status"), want)
		}
	}
}
