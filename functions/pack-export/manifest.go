package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"strconv"

	"nanoflux.ai/backend/shared/archive"
)

// listed is a file in a manifest.
type listed struct {
	Name   string `json:"name"`
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"`
	Volume int    `json:"volume"`
}

// left is what could not be included.
type left struct {
	Name   string `json:"name"`
	Reason string `json:"reason"`
}

// volumeManifest lists what a volume holds, and what of it could not be included.
func volumeManifest(number int, items []archive.Item) content {
	files, omitted := []listed{}, []left{}
	for _, item := range items {
		if item.Omitted != nil {
			omitted = append(omitted, left{item.Name, because(item.Omitted)})
		} else {
			files = append(files, listed{item.Name, item.Bytes, item.SHA256, item.Volume})
		}
	}
	text, _ := json.MarshalIndent(map[string]any{"files": files, "omitted": omitted}, "", " ") // of texts and numbers
	sum := sha256.Sum256(text)
	return content{made: text, Item: archive.Item{
		Name: "manifest-" + strconv.Itoa(number) + ".json", Bytes: int64(len(text)),
		CRC32: crc32.ChecksumIEEE(text), SHA256: hex.EncodeToString(sum[:]), Volume: number,
	}}
}

// manifest stages the one that lists everything, volume by volume, because there may be any number of files. items are those that
// are not recorded yet.
func (p *packer) manifest(ctx context.Context, volumes int, items []archive.Item) (archive.Item, error) {
	file := p.staging("manifest.json")
	head := fmt.Sprintf("{\n\"ordered_at\": %q,\n\"scope\": %q,\n\"volumes\": %d,\n\"files\": [", p.OrderedAt.Format("2006-01-02T15:04:05Z07:00"), p.Scope, volumes)
	if err := file.write(ctx, []byte(head)); err != nil {
		return archive.Item{}, err
	}
	for _, part := range []struct {
		line func(archive.Item) any
		end  string
	}{
		{func(i archive.Item) any {
			if i.Omitted != nil {
				return nil
			}
			return listed{i.Name, i.Bytes, i.SHA256, i.Volume}
		}, "\n],\n\"omitted\": ["},
		{func(i archive.Item) any {
			if i.Omitted == nil {
				return nil
			}
			return left{i.Name, because(i.Omitted)}
		}, "\n]\n}\n"},
	} {
		if err := p.manifestLines(ctx, file, volumes, items, part.line); err != nil {
			return archive.Item{}, err
		}
		if err := file.write(ctx, []byte(part.end)); err != nil {
			return archive.Item{}, err
		}
	}
	return file.close(ctx)
}

// manifestLines writes a line for each item that has one.
func (p *packer) manifestLines(ctx context.Context, file *staged, volumes int, behind []archive.Item, line func(archive.Item) any) error {
	written := 0
	for number := 1; number <= volumes; number++ {
		items, err := p.Items(ctx, p.db, number)
		if err != nil {
			return err
		}
		if number < volumes {
			items = append(items, volumeManifest(number, items).Item)
		} else {
			items = append(items, behind...)
		}
		var b bytes.Buffer
		for _, item := range items {
			if value := line(item); value != nil {
				text, err := json.Marshal(value)
				if err != nil {
					return err
				}
				b.WriteString(separator(written))
				b.Write(text)
				written++
			}
		}
		if err := file.write(ctx, b.Bytes()); err != nil {
			return err
		}
	}
	return nil
}
