package main

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"io"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"time"

	"nanoflux.ai/backend/shared/archive"
	"nanoflux.ai/backend/shared/bucket"
	"nanoflux.ai/backend/shared/image"
	"nanoflux.ai/backend/shared/picture"
	"nanoflux.ai/backend/shared/postgres"
	"nanoflux.ai/backend/shared/task"
	"nanoflux.ai/backend/shared/testbed"
	"nanoflux.ai/backend/shared/testbed/visitor"
)

// packing is the function with parts of a test's own.
type packing struct {
	packExport
	web     *postgres.Database
	testbed testbed.Database
	at      testbed.BucketAddress
	queue   *testbed.Queue
	begun   time.Time
}

func open(t testing.TB) packing {
	s := packing{testbed: testbed.Postgres(t), at: testbed.Bucket(t), queue: testbed.Invocations(t), begun: time.Now().UTC().Truncate(time.Millisecond)}
	s.web = visitor.Open(t, s.testbed.Web)
	s.packExport = packExport{
		db: visitor.Open(t, s.testbed.Worker), service: visitor.Service(t),
		objects: bucket.Open(s.at.Endpoint, s.at.Name, s.at.AccessKeyID, s.at.SecretAccessKey),
	}
	return s
}

// noise is a file of a length that no other file equals.
func noise(t testing.TB, length int) []byte {
	t.Helper()
	source := rand.NewChaCha8([32]byte(visitor.Secret()))
	file := make([]byte, length)
	_, _ = source.Read(file)
	return file
}

// shelve puts a file into somebody's library as it is and returns the image's id.
func (s packing) shelve(t testing.TB, v visitor.Visitor, file []byte, prompt string) string {
	t.Helper()
	encoded := picture.Encoded{Bytes: file, ContentType: "image/png", Extension: "png", Width: 640, Height: 480,
		CRC32: crc32.ChecksumIEEE(file), SHA256: sha256.Sum256(file)}
	small := encoded
	small.Bytes = file[:1]
	order, tool := image.NewID(), "text-to-image"
	stored, err := image.Store(t.Context(), s.db, s.objects, v.Key, image.New{
		AccountID: v.AccountID, Prefix: v.Prefix, Kind: image.Result, GenerationID: &order, Tool: &tool, Prompt: prompt,
		Original: encoded, Thumbnail: small,
	}, s.begun.Add(-time.Second))
	if err != nil {
		t.Fatal(err)
	}
	if shown, err := image.Ready(t.Context(), s.db, stored.ID, s.begun); err != nil || !shown {
		t.Fatal(shown, err)
	}
	return stored.ID
}

// order orders an archive as the function export does.
func (s packing) order(t testing.TB, v visitor.Visitor, images ...string) string {
	t.Helper()
	row, _, err := archive.Order(t.Context(), s.web, v.Hash, s.begun, images)
	if err != nil {
		t.Fatal(err)
	}
	return row.ID
}

// ring runs the job for an archive at a time, as Lambda does.
func (s packing) ring(t testing.TB, id string, at time.Time) error {
	t.Helper()
	return s.ringUntil(t.Context(), t, id, at)
}

// ringUntil is ring with a deadline in the context.
func (s packing) ringUntil(ctx context.Context, t testing.TB, id string, at time.Time) error {
	t.Helper()
	handler := task.Handler(func(ctx context.Context, clock task.Clock, bell rung) (struct{}, error) {
		return struct{}{}, s.run(ctx, clock, bell)
	})
	_, err := handler(ctx, event(t, id, at))
	return err
}

// event is that of event.json for another archive and time.
func event(t testing.TB, id string, at time.Time) json.RawMessage {
	t.Helper()
	text, err := os.ReadFile("event.json")
	if err != nil {
		t.Fatal(err)
	}
	var bell map[string]any
	if err := json.Unmarshal(text, &bell); err != nil {
		t.Fatal(err)
	}
	bell["id"], bell["at"] = id, at.Format(time.RFC3339Nano)
	if text, err = json.Marshal(bell); err != nil {
		t.Fatal(err)
	}
	return text
}

// packed runs the job and wants the archive to be ready.
func (s packing) packed(t testing.TB, id string) unpacked {
	t.Helper()
	if err := s.ring(t, id, s.begun); err != nil {
		t.Fatal(err)
	}
	return s.unpack(t, id)
}

// unpacked is what its owner has after unpacking all volumes in one place.
type unpacked struct {
	files map[string][]byte
	manifest
}

// manifest is manifest.json.
type manifest struct {
	Files   []listed
	Omitted []left
	Volumes int
}

// unpack reads all volumes of an archive that is ready, and holds the manifest to what is in them.
func (s packing) unpack(t testing.TB, id string) unpacked {
	t.Helper()
	if state := testbed.One[string](t, s.testbed, "select state || coalesce(error_code, '') from app.archive where id = $1", id); state != "ready" {
		t.Fatalf("the archive is %s", state)
	}
	u := unpacked{files: map[string][]byte{}}
	keys := testbed.Column[string](t, s.testbed, "select key from app.archive_volume where archive_id = $1 order by number", id)
	for _, key := range keys {
		file, err := s.objects.Get(t.Context(), key, 1<<32)
		if err != nil {
			t.Fatal(err)
		}
		u.read(t, file)
	}
	if err := json.Unmarshal(u.files["manifest.json"], &u.manifest); err != nil {
		t.Fatal(err)
	}
	if u.Volumes != len(keys) {
		t.Errorf("the manifest speaks of %d volumes, there are %d", u.Volumes, len(keys))
	}
	u.check(t)
	for _, key := range s.at.Keys(t) {
		if strings.Contains(key, staging) {
			t.Errorf("%s was only there to be packed", key)
		}
	}
	return u
}

func (u unpacked) read(t testing.TB, file []byte) {
	t.Helper()
	volume, err := zip.NewReader(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range volume.File {
		in, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(in) // it holds the content to its checksum
		if err != nil {
			t.Fatal(f.Name, err)
		}
		_, name, _ := strings.Cut(f.Name, "/")
		if _, twice := u.files[name]; twice {
			t.Errorf("%s is in there twice", name)
		}
		u.files[name] = content
	}
}

// check holds the manifest to the files.
func (u unpacked) check(t testing.TB) {
	t.Helper()
	listed := map[string]bool{"manifest.json": true}
	for _, f := range u.Files {
		content, there := u.files[f.Name]
		sum := sha256.Sum256(content)
		if listed[f.Name] = true; !there || int64(len(content)) != f.Bytes || hex.EncodeToString(sum[:]) != f.SHA256 {
			t.Errorf("the manifest is wrong about %s: there %v, %d bytes", f.Name, there, len(content))
		}
	}
	for name := range u.files {
		if !listed[name] {
			t.Errorf("%s is not in the manifest", name)
		}
	}
	for _, l := range u.Omitted {
		if listed[l.Name] {
			t.Errorf("%s is in there and is not", l.Name)
		}
	}
}

// reason why an image is not in the archive, "" where it is.
func (u unpacked) reason(t testing.TB, id string) string {
	t.Helper()
	for _, l := range u.Omitted {
		if strings.Contains(l.Name, id) {
			return l.Reason
		}
	}
	return ""
}

// image is an image's file.
func (u unpacked) image(t testing.TB, id string) []byte {
	t.Helper()
	for name, content := range u.files {
		if strings.HasPrefix(name, "images/") && strings.Contains(name, id) {
			return content
		}
	}
	return nil
}

// rows of a table in all of its pages.
func (u unpacked) rows(t testing.TB, table string) (rows []map[string]any) {
	t.Helper()
	for page := 1; ; page++ {
		text, there := u.files[fmt.Sprintf("data/%s-%d.json", table, page)]
		if !there {
			return rows
		}
		var some []map[string]any
		if err := json.Unmarshal(text, &some); err != nil {
			t.Fatal(err)
		}
		rows = append(rows, some...)
	}
}
