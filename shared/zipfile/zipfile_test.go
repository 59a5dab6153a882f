package zipfile_test

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"nanoflux.ai/backend/shared/zipfile"
)

var made = time.Date(2026, 11, 23, 17, 45, 12, 0, time.UTC)

// sample is some files of random lengths, from none on, with names in several scripts.
func sample(random *rand.Rand, n int) (files []zipfile.File, contents [][]byte) {
	for i := range n {
		content := make([]byte, random.IntN(3000)*random.IntN(2))
		for j := range content {
			content[j] = byte(random.Uint32())
		}
		files = append(files, zipfile.File{
			Name: fmt.Sprintf("folder/%d-Größe-画像.bin", i), Bytes: int64(len(content)), CRC32: crc32.ChecksumIEEE(content),
		})
		contents = append(contents, content)
	}
	return files, contents
}

// write makes a stretch of the archive.
func write(l zipfile.Layout, contents [][]byte, from, to int64) []byte {
	var b []byte
	for _, p := range l.Pieces(from, to) {
		if p.Literal != nil {
			b = append(b, p.Literal...)
		} else {
			b = append(b, contents[p.File][p.Offset:p.Offset+p.Length]...)
		}
	}
	return b
}

func TestWhatIsLaidOutIsReadByOthers(t *testing.T) {
	t.Parallel()
	for _, n := range []int{0, 1, 2, 300} {
		files, contents := sample(rand.New(rand.NewPCG(1, uint64(n))), n)
		l, err := zipfile.Lay(files, made)
		if err != nil {
			t.Fatal(err)
		}
		whole := write(l, contents, 0, l.Bytes())
		if int64(len(whole)) != l.Bytes() {
			t.Fatalf("%d bytes, announced were %d", len(whole), l.Bytes())
		}
		r, err := zip.NewReader(bytes.NewReader(whole), l.Bytes())
		if err != nil || len(r.File) != n {
			t.Fatalf("%d files: %v", n, err)
		}
		for i, f := range r.File {
			in, err := f.Open()
			if err != nil {
				t.Fatal(err)
			}
			got, err := io.ReadAll(in)
			if err != nil || !bytes.Equal(got, contents[i]) || f.Name != files[i].Name || !f.Modified.Equal(made) || f.NonUTF8 || f.Mode() != 0o644 {
				t.Errorf("%s: %v, %v, %v", f.Name, err, f.Modified, f.Mode())
			}
		}
		unzip, err := exec.LookPath("unzip")
		if err != nil || n == 0 { // unzip warns of an empty archive
			continue
		}
		path := filepath.Join(t.TempDir(), "a.zip")
		if err := os.WriteFile(path, whole, 0o600); err != nil {
			t.Fatal(err)
		}
		if said, err := exec.Command(unzip, "-t", path).CombinedOutput(); err != nil {
			t.Errorf("unzip: %v\n%s", err, said)
		}
	}
}

func TestAnyStretchIsTheSameAsOfTheWhole(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(7, 7))
	files, contents := sample(random, 40)
	l, err := zipfile.Lay(files, made)
	if err != nil {
		t.Fatal(err)
	}
	whole := write(l, contents, 0, l.Bytes())
	for range 2000 {
		from := random.Int64N(l.Bytes())
		to := from + random.Int64N(l.Bytes()-from+1)
		if !bytes.Equal(write(l, contents, from, to), whole[from:to]) {
			t.Fatalf("from %d to %d is different", from, to)
		}
	}
}

func TestChecksumsOfStretchesJoin(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(3, 3))
	text := make([]byte, 100_000)
	for i := range text {
		text[i] = byte(random.Uint32())
	}
	for range 500 {
		at := random.IntN(len(text) + 1)
		first, second := text[:at], text[at:]
		if got := zipfile.Join(crc32.ChecksumIEEE(first), crc32.ChecksumIEEE(second), int64(len(second))); got != crc32.ChecksumIEEE(text) {
			t.Fatalf("at %d: %x", at, got)
		}
	}
}

func TestWhatDoesNotFitIsRefused(t *testing.T) {
	t.Parallel()
	for what, files := range map[string][]zipfile.File{
		"four gigabytes": {{Name: "a", Bytes: 2 << 30}, {Name: "b", Bytes: 2 << 30}},
		"65,535 files":   make([]zipfile.File, 65_535),
	} {
		for i := range files {
			files[i].Name = fmt.Sprint(i)
		}
		if _, err := zipfile.Lay(files, made); !errors.Is(err, zipfile.ErrTooLarge) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if _, err := zipfile.Lay([]zipfile.File{{}}, made); err == nil {
		t.Error("a file without a name was laid out")
	}
}
