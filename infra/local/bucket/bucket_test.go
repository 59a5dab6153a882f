package bucket

import (
	"context"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"

	"nanoflux.ai/backend/infra/local/process"
)

func plan(t *testing.T) Plan {
	t.Helper()
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	binary, err := Build(t.Context(), process.NewStarter(), "..", filepath.Join(cache, "nanoflux"), func(line string) { t.Log(line) })
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	return Plan{Binary: binary, Folder: folder, Log: filepath.Join(folder, "log"), AccessKeyID: "local", SecretAccessKey: "secret"}
}

func start(t *testing.T, p Plan) *Server {
	t.Helper()
	server, err := Start(t.Context(), process.NewStarter(), p)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Stop)
	return server
}

func put(t *testing.T, server *Server, client *s3.Client) error {
	t.Helper()
	name, key := "images", "a/b.txt"
	_, err := client.PutObject(t.Context(), &s3.PutObjectInput{Bucket: &name, Key: &key, Body: strings.NewReader("kept")})
	return err
}

func TestObjectsSurviveARestartAndCreateMayBeRepeated(t *testing.T) {
	p := plan(t)
	first := start(t, p)
	for range 2 {
		if err := first.Create(t.Context(), "images", "http://localhost:8080"); err != nil {
			t.Fatal(err)
		}
	}
	if err := put(t, first, first.client); err != nil {
		t.Fatal(err)
	}
	first.Stop()
	second := start(t, p)
	name, key := "images", "a/b.txt"
	if _, err := second.client.HeadObject(t.Context(), &s3.HeadObjectInput{Bucket: &name, Key: &key}); err != nil {
		t.Error(err)
	}
}

func TestAnotherSecretIsRefused(t *testing.T) {
	p := plan(t)
	server := start(t, p)
	if err := server.Create(t.Context(), "images", "http://localhost:8080"); err != nil {
		t.Fatal(err)
	}
	p.SecretAccessKey = "guess"
	var refused smithy.APIError
	if err := put(t, server, p.client(server.Port)); !errors.As(err, &refused) || refused.ErrorCode() != "SignatureDoesNotMatch" {
		t.Errorf("err = %v", err)
	}
}

func TestOnlyTheSitesPagesMayPut(t *testing.T) {
	server := start(t, plan(t))
	if err := server.Create(t.Context(), "images", "http://localhost:8080"); err != nil {
		t.Fatal(err)
	}
	for origin, want := range map[string]string{"http://localhost:8080": "http://localhost:8080", "http://evil.example": ""} {
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		preflight, err := http.NewRequestWithContext(ctx, http.MethodOptions, server.URL()+"/images/key", nil)
		if err != nil {
			t.Fatal(err)
		}
		preflight.Header.Set("Origin", origin)
		preflight.Header.Set("Access-Control-Request-Method", "PUT")
		preflight.Header.Set("Access-Control-Request-Headers", "content-type")
		reply, err := http.DefaultClient.Do(preflight)
		if err != nil {
			t.Fatal(err)
		}
		reply.Body.Close()
		if got := reply.Header.Get("Access-Control-Allow-Origin"); got != want {
			t.Errorf("%s is allowed as %q; want %q", origin, got, want)
		}
	}
}

func TestMetadataGoesBesideTheObjectsOnceItHasBeenThere(t *testing.T) {
	p := plan(t)
	objects := filepath.Join(p.Folder, "objects")
	for _, folder := range []string{objects, filepath.Join(p.Folder, "metadata")} {
		if err := os.Mkdir(folder, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	arguments, err := p.metadata(objects)
	if err != nil || len(arguments) != 3 || arguments[0] != "--sidecar" {
		t.Errorf("%v, %v", arguments, err)
	}
	server := start(t, p)
	if err := server.Create(t.Context(), "images", "http://localhost:8080"); err != nil {
		t.Fatal(err)
	}
	if err := put(t, server, server.client); err != nil {
		t.Error(err)
	}
}
