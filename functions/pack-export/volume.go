package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"

	"nanoflux.ai/backend/shared/archive"
	"nanoflux.ai/backend/shared/bucket"
	"nanoflux.ai/backend/shared/postgres"
	"nanoflux.ai/backend/shared/zipfile"
)

// volumes packs all but the last, which waits for the pages: they say what could not be included.
func (p *packer) volumes(ctx context.Context) error {
	tail, err := p.Tail(ctx, p.db)
	if err != nil {
		return err
	}
	for number := 1; number < tail.Volume; {
		omitted, err := p.volume(ctx, number, false)
		if err != nil {
			return err
		}
		if len(omitted) == 0 {
			number++
			continue
		}
		err = p.db.Transaction(ctx, func(tx postgres.Querier) error {
			return p.Omit(ctx, tx, number, omitted, p.clock.Now())
		})
		if err != nil {
			return err
		}
	}
	return p.Advance(ctx, p.db, archive.StepPages, sheet{First: tail.Number + 1}, p.clock.Now())
}

// last packs the last volume; where one of its files turns out to be missing, the pages are made again.
func (p *packer) last(ctx context.Context) error {
	var at sheet
	if err := json.Unmarshal(p.Cursor, &at); err != nil {
		return err
	}
	tail, err := p.Tail(ctx, p.db)
	if err != nil {
		return err
	}
	omitted, err := p.volume(ctx, tail.Volume, true)
	if err != nil {
		return err
	}
	if len(omitted) > 0 {
		return p.db.Transaction(ctx, func(tx postgres.Querier) error {
			if err := p.Omit(ctx, tx, tail.Volume, omitted, p.clock.Now()); err != nil {
				return err
			}
			return p.Again(ctx, tx, at.First, sheet{First: at.First}, p.clock.Now())
		})
	}
	return p.Advance(ctx, p.db, archive.StepDone, struct{}{}, p.clock.Now())
}

// content is a file of a volume: an item's object, or text that is made of the items.
type content struct {
	archive.Item
	made []byte
}

// job is a volume with everything that its bytes follow from.
type job struct {
	archive.Volume
	contents []content
	layout   zipfile.Layout
}

// volume packs one volume as far as it is not packed, or says which of its items cannot be, and why.
func (p *packer) volume(ctx context.Context, number int, last bool) (omitted map[int64]string, err error) {
	for {
		j, err := p.plan(ctx, number, last)
		if err != nil || j.Done {
			return nil, err
		}
		omitted, err := p.upload(ctx, j)
		if !errors.Is(err, bucket.ErrMissing) {
			return omitted, err
		}
		if err := p.settle(ctx, j); err != nil {
			return nil, err
		}
	}
}

// upload puts what is missing of a volume and completes it; bucket.ErrMissing if its upload is there no more.
func (p *packer) upload(ctx context.Context, j job) (omitted map[int64]string, err error) {
	if omitted, err = p.fill(ctx, j); err != nil || len(omitted) > 0 {
		return omitted, err
	}
	if j.Volume, _, err = p.Volume(ctx, p.db, j.Number); err != nil {
		return nil, err
	}
	if damaged := j.damaged(); len(damaged) > 0 {
		return damaged, nil
	}
	etags := make([]string, j.parts())
	for i := range etags {
		etags[i] = j.Parts[i+1].ETag
	}
	if err := p.objects.CompleteParts(ctx, j.Key, j.UploadID, etags); err != nil {
		return nil, err
	}
	return nil, p.Complete(ctx, p.db, j.Number, p.clock.Now())
}

// settle is for an upload that is there no more: either the volume was completed and nobody lived to say so, or it is begun anew.
func (p *packer) settle(ctx context.Context, j job) error {
	length, err := p.objects.Length(ctx, j.Key)
	if err == nil && length == j.Bytes {
		return p.Complete(ctx, p.db, j.Number, p.clock.Now())
	}
	if err != nil && !errors.Is(err, bucket.ErrMissing) {
		return err
	}
	return p.db.Transaction(ctx, func(tx postgres.Querier) error {
		return p.Omit(ctx, tx, j.Number, nil, p.clock.Now())
	})
}

// plan lays a volume out, and begins its upload where that was not done.
func (p *packer) plan(ctx context.Context, number int, last bool) (job, error) {
	items, err := p.Items(ctx, p.db, number)
	if err != nil {
		return job{}, err
	}
	j := job{}
	for _, item := range items {
		if item.Omitted == nil {
			j.contents = append(j.contents, content{Item: item})
		}
	}
	if !last {
		j.contents = append(j.contents, volumeManifest(number, items))
	}
	files := make([]zipfile.File, len(j.contents))
	for i, c := range j.contents {
		files[i] = zipfile.File{Name: p.top() + "/" + c.Name, Bytes: c.Bytes, CRC32: c.CRC32}
	}
	if j.layout, err = zipfile.Lay(files, p.OrderedAt); err != nil {
		return job{}, err
	}
	volume, found, err := p.Volume(ctx, p.db, number)
	if err != nil || found {
		j.Volume = volume
		return j, err
	}
	j.Volume = archive.Volume{Number: number, Name: fmt.Sprintf("%s-%d.zip", p.top(), number), Bytes: j.layout.Bytes()}
	j.Key = p.Folder + "/" + j.Name
	if j.UploadID, err = p.objects.BeginParts(ctx, j.Key, "application/zip", j.Name); err != nil {
		return job{}, err
	}
	return j, p.Begin(ctx, p.db, j.Volume, p.clock.Now())
}

// top is the folder that every volume unpacks into.
func (p *packer) top() string {
	name := "nanoflux-export-"
	if p.Scope == archive.Images {
		name = "nanoflux-images-"
	}
	return name + p.OrderedAt.Format("2006-01-02")
}

// stretch of the volume that a part, counted from 1, is.
func (j job) stretch(part int) (from, to int64) {
	from = int64(part-1) * bucket.PartSize
	return from, min(from+bucket.PartSize, j.Bytes)
}

func (j job) parts() int { return int((j.Bytes + bucket.PartSize - 1) / bucket.PartSize) }

// damaged names the items whose bytes, as they were uploaded, have another checksum than they should.
func (j job) damaged() map[int64]string {
	crcs := make([]uint32, len(j.contents))
	for number := 1; number <= j.parts(); number++ {
		next := 0
		for _, piece := range j.layout.Pieces(j.stretch(number)) {
			if piece.Literal == nil {
				crcs[piece.File] = zipfile.Join(crcs[piece.File], uint32(j.Parts[number].CRCs[next]), piece.Length)
				next++
			}
		}
	}
	damaged := map[int64]string{}
	for i, c := range j.contents {
		if crcs[i] != c.CRC32 {
			damaged[c.Number] = archive.Damaged
		}
	}
	return damaged
}

// assemble fills the buffer with a part, and gives the checksums of the pieces of files in it.
func (p *packer) assemble(ctx context.Context, j job, number int, buffer []byte) (body []byte, crcs []int64, err error) {
	from, to := j.stretch(number)
	body = buffer[:0]
	for _, piece := range j.layout.Pieces(from, to) {
		if piece.Literal != nil {
			body = append(body, piece.Literal...)
			continue
		}
		at, c := len(body), j.contents[piece.File]
		body = body[:at+int(piece.Length)]
		if c.made != nil {
			copy(body[at:], c.made[piece.Offset:])
		} else if err := p.read(ctx, c.Item, piece.Offset, body[at:]); err != nil {
			return nil, nil, err
		}
		crcs = append(crcs, int64(crc32.ChecksumIEEE(body[at:])))
	}
	return body, crcs, nil
}
