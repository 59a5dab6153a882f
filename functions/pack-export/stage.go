package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"hash/crc32"

	"nanoflux.ai/backend/shared/archive"
	"nanoflux.ai/backend/shared/bucket"
)

// staging is what the names of objects begin with that are only there to be packed.
const staging = "staged-"

// stage puts a file that is made here, and gives its item. Every packer has keys of its own, so that one that lost its lease cannot
// put something else where its successor's file is.
func (p *packer) stage(ctx context.Context, name string, content []byte) (archive.Item, error) {
	s := p.staging(name)
	if err := s.write(ctx, content); err != nil {
		return archive.Item{}, err
	}
	return s.close(ctx)
}

// staged is a file that is being put, of any length: no more than a part of it is in memory.
type staged struct {
	objects *bucket.Bucket
	item    archive.Item
	upload  string   // "" while everything is in the buffer
	etags   []string // of the parts that are put
	buffer  []byte
	crc     uint32
	sha     hash.Hash
}

func (p *packer) staging(name string) *staged {
	p.staged++
	return &staged{objects: p.objects, sha: sha256.New(), item: archive.Item{
		Name: name, Key: fmt.Sprintf("%s/%s%d-%d", p.Folder, staging, p.Fence, p.staged),
	}}
}

func (s *staged) write(ctx context.Context, text []byte) error {
	s.crc = crc32.Update(s.crc, crc32.IEEETable, text)
	s.sha.Write(text)
	s.item.Bytes += int64(len(text))
	s.buffer = append(s.buffer, text...)
	for len(s.buffer) > bucket.PartSize {
		if err := s.part(ctx, s.buffer[:bucket.PartSize]); err != nil {
			return err
		}
		s.buffer = s.buffer[:copy(s.buffer, s.buffer[bucket.PartSize:])]
	}
	return nil
}

func (s *staged) part(ctx context.Context, body []byte) (err error) {
	if s.upload == "" {
		if s.upload, err = s.objects.BeginParts(ctx, s.item.Key, "application/octet-stream", "staged"); err != nil {
			return err
		}
	}
	etag, err := s.objects.PutPart(ctx, s.item.Key, s.upload, len(s.etags)+1, body)
	s.etags = append(s.etags, etag)
	return err
}

// close puts the rest and gives the item.
func (s *staged) close(ctx context.Context) (item archive.Item, err error) {
	if s.upload == "" {
		err = s.objects.Put(ctx, s.item.Key, "application/octet-stream", s.buffer)
	} else if err = s.part(ctx, s.buffer); err == nil {
		err = s.objects.CompleteParts(ctx, s.item.Key, s.upload, s.etags)
	}
	s.item.CRC32, s.item.SHA256 = s.crc, hex.EncodeToString(s.sha.Sum(nil))
	return s.item, err
}
