package main

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"strings"

	"nanoflux.ai/backend/shared/archive"
	"nanoflux.ai/backend/shared/image"
)

// index is how far the listing of images is.
type index struct {
	From int `json:"from"`
}

// imagesAStep is how many images are listed at once.
const imagesAStep = 1000

// images lists the originals that the archive was ordered with. Those that were deleted since are listed as not included.
func (p *packer) images(ctx context.Context) error {
	var at index
	if err := json.Unmarshal(p.Cursor, &at); err != nil {
		return err
	}
	tail, err := p.Tail(ctx, p.db)
	if err != nil {
		return err
	}
	for at.From < p.Images {
		if err := late(ctx); err != nil {
			return err
		}
		chosen, err := p.Chosen(ctx, p.db, at.From, imagesAStep)
		if err != nil {
			return err
		}
		items, err := p.originals(ctx, chosen)
		if err != nil {
			return err
		}
		for i := range items {
			items[i] = tail.Deal(items[i])
		}
		at.From += imagesAStep
		if err := p.Add(ctx, p.db, items, archive.StepImages, at, p.clock.Now()); err != nil {
			return err
		}
	}
	return p.Advance(ctx, p.db, archive.StepVolumes, struct{}{}, p.clock.Now())
}

// originals are the items of chosen images, in their order.
func (p *packer) originals(ctx context.Context, chosen []string) ([]archive.Item, error) {
	found, err := image.Originals(ctx, p.db, p.AccountID, chosen)
	if err != nil {
		return nil, err
	}
	there := map[string]image.Original{}
	for _, o := range found {
		there[o.ID] = o
	}
	deleted := archive.Deleted
	items := make([]archive.Item, len(chosen))
	for i, id := range chosen {
		o, ok := there[id]
		if !ok {
			items[i] = archive.Item{Name: "images/" + id, ImageID: &id, Omitted: &deleted}
			continue
		}
		items[i] = archive.Item{
			Name: imageName(o), ImageID: &id, Key: o.Key, Bytes: o.Bytes, CRC32: o.CRC32, SHA256: hex.EncodeToString(o.SHA256),
		}
	}
	return items, nil
}

// imageName is an image's name in the archive: the day that it was made, so that a folder of them is in order, and its id.
func imageName(o image.Original) string {
	extension := strings.TrimPrefix(o.ContentType, "image/")
	if extension == "jpeg" {
		extension = "jpg"
	}
	return "images/" + o.CreatedAt.UTC().Format("2006-01-02") + "-" + o.ID + "." + extension
}
