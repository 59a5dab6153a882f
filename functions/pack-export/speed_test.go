package main

import (
	"context"
	"flag"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"nanoflux.ai/backend/shared/archive"
	"nanoflux.ai/backend/shared/bucket"
	"nanoflux.ai/backend/shared/testbed"
	"nanoflux.ai/backend/shared/zipfile"
)

// `make bench` packs 400 images with 1 GB together, in five rounds.
var (
	rounds = flag.Int("rounds", 1, "rounds in which packing is measured beside reading")
	weight = flag.Int("weight", 100_000, "bytes of each of the 400 images that are packed then")
)

// Three things run in turns on the same bytes: reading the images and nothing else, as many at once; making every part of their
// volume and throwing it away; the binary that packs them, upload and all. It asserts only that all of it was done.
func TestPackingBesideReading(t *testing.T) {
	folder := t.TempDir()
	testbed.Build(t, folder, "pack-export")
	s := openScene(t, folder)
	s.do(t, `delete from app.image`)
	s.do(t, `delete from app.archive`)
	const many = 400
	before, size := *images, *bytesOf
	*images, *bytesOf = many, *weight
	wanted := s.fill(t)
	*images, *bytesOf = before, size
	p, j := s.job(t)
	empty := s.emptyPeak(t)
	megabytes := float64(j.Bytes) / 1e6
	t.Logf("%d images, %.0f MB, %d at once, in MB/s:", many, megabytes, abreast)
	var made, whole []float64
	peak := int64(0)
	for round := range *rounds {
		read := megabytes / seconds(t, func() error { return s.readOnly(t.Context(), j) })
		thrown := megabytes / seconds(t, func() error { return discard(t.Context(), p, j) })
		s.do(t, `delete from app.archive`)
		s.order = s.packing.order(t, s.ada)
		packed := megabytes / seconds(t, func() error {
			died, most := s.diesBehind(t, s.begun.Add(time.Duration(round)*time.Second), 0, false)
			peak = max(peak, most)
			if died {
				return fmt.Errorf("the packer died")
			}
			return nil
		})
		made, whole = append(made, thrown/read), append(whole, packed/read)
		t.Logf("round %d: only read %.0f; read and laid out %.0f, ratio %.2f; packed and uploaded %.0f, ratio %.2f",
			round+1, read, thrown, thrown/read, packed, packed/read)
	}
	t.Logf("median ratio: laid out %.2f of only read (aim: 0.9 or more), packed and uploaded %.2f", median(made), median(whole))
	t.Logf("memory: %d MB at most, %d MB for an archive that is not there (aim: at most 64 MB more)", peak>>20, empty>>20)
	s.verify(t, wanted)
}

// job is the volume of all images of the library.
func (s *scene) job(t *testing.T) (*packer, job) {
	t.Helper()
	j := job{}
	var files []zipfile.File
	for n, key := range testbed.Column[string](t, s.testbed, `select key from app.image where account_id = $1 order by id`, s.ada.AccountID) {
		crc := testbed.One[int64](t, s.testbed, `select crc32 from app.image where key = $1 limit 1`, key)
		length := testbed.One[int64](t, s.testbed, `select bytes from app.image where key = $1 limit 1`, key)
		item := archive.Item{Name: fmt.Sprintf("images/%d.png", n), Key: key, Bytes: length, CRC32: uint32(crc)}
		j.contents = append(j.contents, content{Item: item})
		files = append(files, zipfile.File{Name: item.Name, Bytes: item.Bytes, CRC32: item.CRC32})
	}
	var err error
	if j.layout, err = zipfile.Lay(files, s.begun); err != nil {
		t.Fatal(err)
	}
	j.Bytes = j.layout.Bytes()
	return &packer{packExport: s.packExport}, j
}

// emptyPeak is how much memory the binary has where there is nothing to pack.
func (s *scene) emptyPeak(t *testing.T) int64 {
	t.Helper()
	s.order = uuid.NewString()
	_, peak := s.diesBehind(t, s.begun, 0, false)
	return peak
}

// readOnly gets every image of a volume, several at once.
func (s *scene) readOnly(ctx context.Context, j job) error {
	return inTurns(ctx, len(j.contents), func(ctx context.Context, next func() (int, bool)) error {
		var buffer []byte
		for i, ok := next(); ok; i, ok = next() {
			c := j.contents[i]
			buffer = slices.Grow(buffer[:0], int(c.Bytes))[:c.Bytes]
			if _, err := s.objects.GetRange(ctx, c.Key, 0, buffer); err != nil {
				return err
			}
		}
		return nil
	})
}

// discard makes every part of a volume, several at once, and keeps none.
func discard(ctx context.Context, p *packer, j job) error {
	return inTurns(ctx, j.parts(), func(ctx context.Context, next func() (int, bool)) error {
		buffer := make([]byte, bucket.PartSize)
		for i, ok := next(); ok; i, ok = next() {
			if _, _, err := p.assemble(ctx, j, i+1, buffer); err != nil {
				return err
			}
		}
		return nil
	})
}

func seconds(t *testing.T, do func() error) float64 {
	t.Helper()
	began := time.Now()
	if err := do(); err != nil {
		t.Fatal(err)
	}
	return time.Since(began).Seconds()
}

func median(values []float64) float64 {
	slices.Sort(values)
	return values[len(values)/2]
}
