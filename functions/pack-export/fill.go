package main

import (
	"context"
	"errors"
	"io"
	"sync"

	"nanoflux.ai/backend/shared/archive"
	"nanoflux.ai/backend/shared/bucket"
	"nanoflux.ai/backend/shared/image"
)

// abreast is how many parts are made at once; each has a buffer of a part's length, which is all that memory is needed for.
const abreast = 3

// unfit is an item that the bucket does not have as it should be.
type unfit struct {
	item   archive.Item
	reason string
}

func (u *unfit) Error() string { return "a file is " + u.reason }

// read fills into with an item's bytes from an offset on; *unfit if they are not there, or if there are others than there should be.
func (p *packer) read(ctx context.Context, item archive.Item, offset int64, into []byte) error {
	length, err := p.objects.GetRange(ctx, item.Key, offset, into)
	switch {
	case errors.Is(err, bucket.ErrMissing):
		return &unfit{item, archive.Missing}
	case errors.Is(err, io.ErrUnexpectedEOF), err == nil && length != item.Bytes:
		return &unfit{item, archive.Damaged}
	}
	return err
}

// fill makes and puts the parts that are missing, several at once. Where an item is not there, it names all that are not.
func (p *packer) fill(ctx context.Context, j job) (omitted map[int64]string, err error) {
	parts := make([]int, 0, j.parts())
	for number := 1; number <= j.parts(); number++ {
		if _, there := j.Parts[number]; !there {
			parts = append(parts, number)
		}
	}
	err = inTurns(ctx, len(parts), func(ctx context.Context, next func() (int, bool)) error {
		buffer := make([]byte, bucket.PartSize)
		for i, ok := next(); ok; i, ok = next() {
			if err := late(ctx); err != nil {
				return err
			}
			if err := p.part(ctx, j, parts[i], buffer); err != nil {
				return err
			}
		}
		return nil
	})
	if first := (*unfit)(nil); errors.As(err, &first) {
		return p.inspect(ctx, j, first)
	}
	return nil, err
}

func (p *packer) part(ctx context.Context, j job, number int, buffer []byte) error {
	body, crcs, err := p.assemble(ctx, j, number, buffer)
	if err != nil {
		return err
	}
	etag, err := p.objects.PutPart(ctx, j.Key, j.UploadID, number, body)
	if err != nil {
		return err
	}
	return p.Put(ctx, p.db, j.Number, archive.Part{Number: number, Bytes: int64(len(body)), ETag: etag, CRCs: crcs}, p.clock.Now())
}

// inspect looks at every item of a volume of which one was found unfit, so that the volume is laid out anew once and not for each.
func (p *packer) inspect(ctx context.Context, j job, first *unfit) (map[int64]string, error) {
	var mutex sync.Mutex
	omitted := map[int64]string{first.item.Number: first.reason}
	err := inTurns(ctx, len(j.contents), func(ctx context.Context, next func() (int, bool)) error {
		for i, ok := next(); ok; i, ok = next() {
			c := j.contents[i]
			if c.made != nil {
				continue
			}
			length, err := p.objects.Length(ctx, c.Key)
			mutex.Lock()
			switch {
			case errors.Is(err, bucket.ErrMissing):
				omitted[c.Number], err = archive.Missing, nil
			case err == nil && length != c.Bytes:
				omitted[c.Number] = archive.Damaged
			}
			mutex.Unlock()
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return omitted, p.explain(ctx, j, omitted)
}

// explain tells images that are missing because they were deleted from those that should be there.
func (p *packer) explain(ctx context.Context, j job, omitted map[int64]string) error {
	numbers := map[string]int64{}
	var ids []string
	for _, c := range j.contents {
		if omitted[c.Number] == archive.Missing && c.ImageID != nil {
			numbers[*c.ImageID], ids = c.Number, append(ids, *c.ImageID)
		}
	}
	there, err := image.Originals(ctx, p.db, p.AccountID, ids)
	if err != nil {
		return err
	}
	for _, o := range there {
		delete(numbers, o.ID)
	}
	for _, number := range numbers {
		omitted[number] = archive.Deleted
	}
	return nil
}

// inTurns runs several workers that take the numbers below n in turns; the first error ends all and is given.
func inTurns(ctx context.Context, n int, work func(ctx context.Context, next func() (int, bool)) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var mutex sync.Mutex
	taken := 0
	next := func() (int, bool) {
		mutex.Lock()
		defer mutex.Unlock()
		if taken >= n || ctx.Err() != nil {
			return 0, false
		}
		taken++
		return taken - 1, true
	}
	var all sync.WaitGroup
	for range min(abreast, n) {
		all.Go(func() {
			if err := work(ctx, next); err != nil {
				cancel(err)
			}
		})
	}
	all.Wait()
	return context.Cause(ctx)
}
