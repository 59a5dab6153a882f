package main

import (
	"archive/zip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"hash/crc32"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"nanoflux.ai/backend/shared/archive"
	"nanoflux.ai/backend/shared/testbed"
)

// `make test-export` packs a library of 10,000 images with 5 GB together.
var (
	images   = flag.Int("images", 1500, "images in the library that is packed")
	bytesOf  = flag.Int("bytes", 40_000, "bytes of each of them")
	lifetime = flag.Int("parts", 2, "parts that a packer may put before it is killed")
)

const (
	memory   = 256 << 20 // of the function
	distinct = 7         // objects that the images share; they are read as often as there are images
)

// policy P6.3: however much there is.
func TestALibraryOfAnySizeIsPackedInFlatMemory(t *testing.T) {
	if *images <= 1500 {
		t.Parallel()
	}
	folder := t.TempDir()
	testbed.Build(t, folder, "pack-export")
	s := openScene(t, folder)
	s.do(t, `delete from app.image`)
	s.do(t, `delete from app.archive`)
	wanted := s.fill(t)
	s.order = s.packing.order(t, s.ada)
	killed, peak := 0, int64(0)
	for at := s.begun; testbed.One[string](t, s.testbed, `select state from app.archive`) == "packing"; at = at.Add(archive.Lease + time.Minute) {
		died, most := s.diesBehind(t, at, *lifetime, killed < 5)
		if peak = max(peak, most); died {
			killed++
		}
	}
	t.Logf("killed %d times; %d MB of memory at most", killed, peak>>20)
	if killed < 5 && *images > 1500 || killed == 0 || peak > memory {
		t.Errorf("killed %d times, %d MB of memory", killed, peak>>20)
	}
	s.verify(t, wanted)
}

// fill puts rows into the library whose objects are shared, and gives the hash of each image.
func (s *scene) fill(t *testing.T) (wanted map[string]string) {
	t.Helper()
	testbed.Column[string](t, s.testbed, `do $$ begin alter table app.image drop constraint image_key_key, drop constraint image_thumbnail_key_key; end $$`)
	wanted = map[string]string{}
	for n := range distinct {
		file := noise(t, *bytesOf+n)
		sum := sha256.Sum256(file)
		key := s.ada.Prefix + "/" + s.newID(t) + "/a.png"
		if err := s.objects.Put(t.Context(), key, "image/png", file); err != nil {
			t.Fatal(err)
		}
		for _, id := range testbed.Column[string](t, s.testbed, `
			insert into app.image (id, account_id, kind, state, state_at, key, thumbnail_key, content_type, thumbnail_type, width, height, bytes,
				crc32, sha256, thumbnail_bytes, thumbnail_crc32, thumbnail_sha256, created_at)
			select gen_random_uuid(), $1, 'upload', 'ready', $2, $3, $3, 'image/png', 'image/png', 1, 1, $4, $5, $6, 1, 1, $6, $2
			from generate_series(1, $7) n where n % $8 = $9 returning id::text`,
			s.ada.AccountID, s.begun.Add(-time.Second), key, len(file), int64(crc32.ChecksumIEEE(file)), sum[:], *images, distinct, n) {
			wanted[id] = hex.EncodeToString(sum[:])
		}
	}
	return wanted
}

// diesBehind runs the binary until it has put so many parts, or to its end; it gives how much memory it had.
func (s *scene) diesBehind(t *testing.T, at time.Time, parts int, die bool) (died bool, peak int64) {
	t.Helper()
	victim := make(chan *testbed.Process, 1)
	var put atomic.Int32
	objects := testbed.Between(t, s.at.Endpoint, func(_ http.ResponseWriter, r *http.Request) bool {
		if die && strings.Contains(r.URL.RawQuery, "partNumber") && put.Add(1) == int32(parts)+1 {
			p := <-victim
			p.Kill()
			panic(http.ErrAbortHandler)
		}
		return true
	}, nil)
	if !die {
		objects = s.at.Endpoint
	}
	p := testbed.Start(t, filepath.Join(s.folder, "pack-export"), event(t, s.order, at),
		"DATABASE_URL="+s.testbed.Worker, "SERVICE_KEYS="+s.keys, "BUCKET_ENDPOINT="+objects, "BUCKET_NAME="+s.at.Name,
		"BUCKET_ACCESS_KEY_ID="+s.at.AccessKeyID, "BUCKET_SECRET_ACCESS_KEY="+s.at.SecretAccessKey)
	victim <- p
	switch outcome := p.WaitFor(t, time.Minute); outcome {
	case "":
		return true, p.Peak()
	case "response":
	default:
		t.Fatalf("pack-export ends with %q", outcome)
	}
	return false, p.Peak()
}

// verify reads every file of every volume and holds it to the row that it came from, and to the manifest.
func (s *scene) verify(t *testing.T, wanted map[string]string) {
	t.Helper()
	sums, manifest := map[string]string{}, manifest{}
	volumes := testbed.Column[string](t, s.testbed, "select key from app.archive_volume order by number")
	for _, key := range volumes {
		s.read(t, key, func(name string, content io.Reader) {
			sum := sha256.New()
			if name == "manifest.json" {
				if err := json.NewDecoder(io.TeeReader(content, sum)).Decode(&manifest); err != nil {
					t.Fatal(err)
				}
			}
			if _, err := io.Copy(sum, content); err != nil {
				t.Fatal(name, err)
			}
			sums[name] = hex.EncodeToString(sum.Sum(nil))
		})
	}
	if least := len(wanted)/archive.MaxVolumeFiles + 1; len(volumes) < least || manifest.Volumes != len(volumes) || len(manifest.Files) != len(sums)-1 || len(manifest.Omitted) != 0 {
		t.Errorf("%d volumes with %d files; the manifest lists %d files, %d left out", len(volumes), len(sums), len(manifest.Files), len(manifest.Omitted))
	}
	found := 0
	for _, f := range manifest.Files {
		if sums[f.Name] != f.SHA256 {
			t.Errorf("%s is not what the manifest says", f.Name)
		}
		if file, its := strings.CutPrefix(f.Name, "images/"); its {
			id := strings.TrimSuffix(file[len("2006-01-02-"):], ".png")
			if wanted[id] != f.SHA256 {
				t.Errorf("the image %s is not what its row says", id)
			}
			found++
		}
	}
	if found != len(wanted) {
		t.Errorf("%d of %d images are in there", found, len(wanted))
	}
	t.Logf("%d volumes, %d files, %d images as they were", len(volumes), len(sums), found)
}

// read fetches a volume piece by piece and shows its files.
func (s *scene) read(t *testing.T, key string, each func(name string, content io.Reader)) {
	t.Helper()
	file, err := os.Create(filepath.Join(t.TempDir(), "volume.zip"))
	if err != nil {
		t.Fatal(err)
	}
	defer os.Remove(file.Name())
	defer file.Close()
	length, err := s.objects.Length(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	buffer := make([]byte, 16<<20)
	for at := int64(0); at < length; at += int64(len(buffer)) {
		piece := buffer[:min(int64(len(buffer)), length-at)]
		if _, err := s.objects.GetRange(t.Context(), key, at, piece); err != nil {
			t.Fatal(err)
		}
		if _, err := file.Write(piece); err != nil {
			t.Fatal(err)
		}
	}
	volume, err := zip.NewReader(file, length)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range volume.File {
		content, err := f.Open()
		if err != nil {
			t.Fatal(f.Name, err)
		}
		_, name, _ := strings.Cut(f.Name, "/")
		each(name, content)
		if err := content.Close(); err != nil {
			t.Fatal(fmt.Errorf("%s: %w", f.Name, err))
		}
	}
}
