package lambda

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
)

func post(t *testing.T, url, kind string, body []byte) (*http.Response, string) {
	t.Helper()
	request, err := http.NewRequest(http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("X-Amz-Invocation-Type", kind)
	reply, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer reply.Body.Close()
	text, err := io.ReadAll(reply.Body)
	if err != nil {
		t.Fatal(err)
	}
	return reply, string(text)
}

func TestTheInvokeAPIKnowsEveryFormOfAName(t *testing.T) {
	s, _ := run(t, Config{}, nil)
	server := httptest.NewServer(s)
	defer server.Close()
	for name, want := range map[string]int{
		"Probe": 200, "Probe%3Alive": 200, "arn%3Aaws%3Alambda%3Aus-east-1%3A123456789012%3Afunction%3AProbe": 200,
		"arn:aws:lambda:us-east-1:123456789012:function:Probe:live": 200, "123456789012:function:Probe": 200, "Nobody": 404,
	} {
		if reply, body := post(t, server.URL+"/2015-03-31/functions/"+name+"/invocations", "", []byte(`{}`)); reply.StatusCode != want {
			t.Errorf("%s: %s, %s", name, reply.Status, body)
		}
	}
}

func TestTheInvokeAPIAnswersByInvocationType(t *testing.T) {
	s, _ := run(t, Config{}, nil)
	server := httptest.NewServer(s)
	defer server.Close()
	file := filepath.Join(t.TempDir(), "notes")
	noting := fmt.Appendf(nil, `{"note":%q}`, file)
	large, small := bytes.Repeat([]byte("1"), SyncLimit+1), bytes.Repeat([]byte("1"), AsyncLimit+1)
	for _, c := range []struct {
		kind, want string
		body       []byte
		status     int
	}{
		{"RequestResponse", `"pid"`, nil, 200},
		{"RequestResponse", `"no"`, []byte(`{"fail":"no"}`), 200},
		{"RequestResponse", "ResponseSizeTooLarge", []byte(`{"weight":6300000}`), 200},
		{"RequestResponse", "could not parse", []byte(`{`), 400},
		{"RequestResponse", "larger than Lambda takes", large, 413},
		{"Event", "", noting, 202},
		{"Event", "larger than Lambda takes", small, 413},
		{"DryRun", "", noting, 204},
		{"Later", "is none of", nil, 400},
	} {
		reply, body := post(t, server.URL+"/2015-03-31/functions/Probe/invocations", c.kind, c.body)
		if reply.StatusCode != c.status || !strings.Contains(body, c.want) {
			t.Errorf("%s: %s, %.200s, want %d with %s", c.kind, reply.Status, body, c.status, c.want)
		}
		failed := reply.Header.Get("X-Amz-Function-Error") != ""
		if wantFailed := c.status == 200 && c.want != `"pid"`; failed != wantFailed {
			t.Errorf("%s %s: function error is %v", c.kind, c.want, failed)
		}
	}
	settle(t, s)
	if got := notes(t, file); got != 1 {
		t.Errorf("the event was delivered %d times; a dry run must not", got)
	}
}

func BenchmarkInvokeOneAfterAnother(b *testing.B) {
	s, _ := run(b, Config{}, nil)
	ask(b, s, `{}`)
	for b.Loop() {
		ask(b, s, `{}`)
	}
}
