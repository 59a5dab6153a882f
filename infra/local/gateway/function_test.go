package gateway

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"nanoflux.ai/backend/infra/local/lambda"
	"nanoflux.ai/backend/infra/local/template"
)

// realFunction serves the probe of package lambda, built and run as functions are.
func realFunction(t testing.TB) *httptest.Server {
	t.Helper()
	probe := filepath.Join(t.TempDir(), "bootstrap")
	build := exec.Command("go", "build", "-tags", "lambda.norpc", "-o", probe, "../lambda/probe")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	functions := lambda.New(lambda.Config{
		Functions: []template.Function{{ID: "F", Folder: "f", Timeout: 5 * time.Second}},
		Binary:    func(string) (string, error) { return probe, nil },
	})
	t.Cleanup(functions.Close)
	server := httptest.NewServer(New(Config{Routes: everything, Invoke: functions.Invoke}))
	t.Cleanup(server.Close)
	return server
}

func ask(t testing.TB, server *httptest.Server) []byte {
	t.Helper()
	request, err := http.NewRequest(http.MethodGet, server.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Host = "localhost"
	reply, err := server.Client().Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer reply.Body.Close()
	body, err := io.ReadAll(reply.Body)
	if err != nil || reply.StatusCode != http.StatusOK {
		t.Fatalf("%s, %v: %s", reply.Status, err, body)
	}
	return body
}

func TestARealFunctionAnswersThroughTheGateway(t *testing.T) {
	var got struct{ PID int }
	if err := json.Unmarshal(ask(t, realFunction(t)), &got); err != nil || got.PID == os.Getpid() || got.PID == 0 {
		t.Errorf("process %d, %v", got.PID, err)
	}
}

func BenchmarkRequestsOneAfterAnother(b *testing.B) {
	server := realFunction(b)
	ask(b, server)
	for b.Loop() {
		ask(b, server)
	}
}
