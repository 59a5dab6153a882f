package cdn_test

import (
	"bytes"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"nanoflux.ai/backend/infra/local/cdn"
)

const archive = account + "/exports/0d9f4a52-6a1e-4c1b-9a53-2f1f6a6d7c11/nanoflux-1.zip"

// vault is a front before a real bucket with one archive.
func vault(t *testing.T) (*desk, *s3.Client) {
	t.Helper()
	objects, client := realBucket(t)
	d := &desk{key: bytes.Repeat([]byte{7}, 32), now: time.Now()}
	d.front = cdn.New(cdn.Config{Key: d.key, Fetch: objects.Fetch, Open: objects.Open, Now: func() time.Time { return d.now }})
	d.server = httptest.NewServer(d.front)
	t.Cleanup(d.server.Close)
	store(t, client, archive, "application/zip", "0123456789")
	return d, client
}

func store(t *testing.T, client *s3.Client, key, contentType, body string) {
	t.Helper()
	if _, err := client.PutObject(t.Context(), &s3.PutObjectInput{Bucket: aws.String("images"), Key: &key,
		Body: strings.NewReader(body), ContentType: &contentType}); err != nil {
		t.Fatal(err)
	}
}

func TestAnArchiveIsPassedThroughWholeOrInPart(t *testing.T) {
	d, client := vault(t)
	link := d.link(archive, 24*time.Hour)
	response, body := d.ask(t, "GET", link)
	if response.StatusCode != 200 || body != "0123456789" || response.ContentLength != 10 {
		t.Errorf("%d %q of %d bytes", response.StatusCode, body, response.ContentLength)
	}
	tag := response.Header.Get("ETag")
	for name, want := range map[string]string{
		"Content-Type": "application/zip", "Content-Disposition": `attachment; filename="nanoflux-1.zip"`, "Cache-Control": "private, no-store",
		"Accept-Ranges": "bytes", "Cf-Cache-Status": "", "X-Content-Type-Options": "nosniff",
	} {
		if got := response.Header.Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	for name, c := range map[string]struct {
		method  string
		header  []string
		status  int
		content string
		ranges  string
	}{
		"the middle":      {"GET", []string{"Range", "bytes=2-4"}, 206, "234", "bytes 2-4/10"},
		"gone on with":    {"GET", []string{"Range", "bytes=7-", "If-Range", tag}, 206, "789", "bytes 7-9/10"},
		"another version": {"GET", []string{"Range", "bytes=7-", "If-Range", `"other"`}, 200, "0123456789", ""},
		"behind the end":  {"GET", []string{"Range", "bytes=10-"}, 416, "", ""},
		"the head":        {"HEAD", nil, 200, "", ""},
	} {
		response, body := d.ask(t, c.method, link, c.header...)
		if response.StatusCode != c.status || c.status < 300 && (body != c.content || response.Header.Get("Content-Range") != c.ranges) {
			t.Errorf("%s: %d %q %s", name, response.StatusCode, body, response.Header.Get("Content-Range"))
		}
	}
	store(t, client, archive, "application/zip", "replaced")
	if _, body := d.ask(t, "GET", link); body != "replaced" {
		t.Errorf("the edge kept an archive: %q", body)
	}
}

func TestAnArchiveThatMayNotBeReadIsRefused(t *testing.T) {
	d, client := vault(t)
	other := strings.Replace(archive, ".zip", ".html", 1)
	store(t, client, other, "text/html", "<script>")
	if response, _ := d.ask(t, "GET", d.link(other, time.Hour)); response.StatusCode != 403 {
		t.Errorf("a page among the archives: %d", response.StatusCode)
	}
	if response, _ := d.ask(t, "GET", d.link(strings.Replace(archive, "-1", "-2", 1), time.Hour)); response.StatusCode != 404 {
		t.Errorf("a missing archive: %d", response.StatusCode)
	}
	link := d.link(archive, time.Hour)
	if response, _ := d.ask(t, "GET", strings.Replace(link, "-1.zip", "-2.zip", 1)); response.StatusCode != 403 {
		t.Errorf("another's signature: %d", response.StatusCode)
	}
	d.now = d.now.Add(time.Hour)
	if response, _ := d.ask(t, "GET", link); response.StatusCode != 403 {
		t.Errorf("after its end: %d", response.StatusCode)
	}
	link = d.link(archive, 24*time.Hour)
	store(t, client, "revoked/"+account, "text/plain", "")
	d.now = d.now.Add(30 * time.Second)
	if response, _ := d.ask(t, "GET", link); response.StatusCode != 403 {
		t.Errorf("of a revoked account: %d", response.StatusCode)
	}
}

func TestAnImageIsSavedUnderTheNameThatTheLinkAsksFor(t *testing.T) {
	d := open(t)
	link := d.link(picture, time.Hour)
	for query, want := range map[string]string{
		"":                                      "",
		"&download=":                            "",
		"&download=a-red_fox.png":               `attachment; filename="a-red_fox.png"`,
		"&download=%22%0d%0aX:%20y%3B/..":       `attachment; filename="---X--y--.."`,
		"&download=../.profile":                 `attachment; filename="-.profile"`,
		"&download=" + strings.Repeat("a", 200): `attachment; filename="` + strings.Repeat("a", 100) + `"`,
	} {
		response, body := d.ask(t, "GET", link+query)
		if got := response.Header.Get("Content-Disposition"); got != want || response.StatusCode != 200 || body != "0123456789" {
			t.Errorf("%s: %d %q, %q", query, response.StatusCode, body, got)
		}
	}
}
