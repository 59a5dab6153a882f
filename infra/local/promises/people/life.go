package people

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"image"
	"image/png"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Image is one of the library.
type Image struct {
	ID           string
	URL          string
	ThumbnailURL string `json:"thumbnail_url"`
}

// Account is what the service says about who is signed in.
type Account struct {
	ID, Name, Email string
	Credits         struct{ Available, Held, Owed int64 }
}

// Leaving is what is told to who leaves.
type Leaving struct {
	ID           string
	RequestedAt  time.Time `json:"requested_at"`
	UndoUntil    time.Time `json:"undo_until"`
	ErasedBy     time.Time `json:"erased_by"`
	BackupsUntil time.Time `json:"backups_until"`
}

// SignIn goes to the provider's page, through its form, and back. It ends at the library, or where the service sends who leaves.
func (p *Person) SignIn() (at string) {
	led, page := p.form(p.site+"/login?next=/library", url.Values{"email": {p.Email}})
	if p.Err != nil {
		return ""
	}
	if !strings.HasPrefix(led.String(), p.site) {
		p.fail(fmt.Errorf("signing in ended at %s: %.300s", led, page))
	}
	return led.Path
}

// Account reads who is signed in.
func (p *Person) Account() (a Account) {
	p.Call(http.MethodGet, "/api/account", nil, http.StatusOK, &a)
	return a
}

// Uploads brings an image of noise, which nobody else has, and looks at what was made of it.
func (p *Person) Uploads(side int) (mine Image) {
	content := noise(side)
	var offer struct {
		ID, URL string
		Headers map[string]string
	}
	p.Call(http.MethodPost, "/api/uploads", map[string]any{"content_type": "image/png", "bytes": len(content)}, http.StatusCreated, &offer)
	header := http.Header{}
	for name, value := range offer.Headers {
		header.Set(name, value)
	}
	if reply := p.send(http.MethodPut, offer.URL, header, content); reply != nil && reply.status != http.StatusOK {
		p.fail(fmt.Errorf("the upload is answered %d: %s", reply.status, reply.body))
	}
	p.Call(http.MethodPost, "/api/uploads/"+offer.ID, nil, http.StatusCreated, &mine)
	p.Files["upload "+offer.ID] = content
	p.Looks(mine)
	return mine
}

// noise is a PNG that is the only one of its kind, before a plain background.
func noise(side int) []byte {
	canvas := image.NewNRGBA(image.Rect(0, 0, side, side))
	rand.Read(canvas.Pix)
	inside := canvas.Bounds().Inset(side / 6)
	for y := range side {
		for x := range side {
			at := canvas.PixOffset(x, y)
			if canvas.Pix[at+3] = 255; !(image.Point{x, y}).In(inside) {
				copy(canvas.Pix[at:], []byte{240, 240, 236})
			}
		}
	}
	var out bytes.Buffer
	_ = png.Encode(&out, canvas) // into memory
	return out.Bytes()
}

// Looks fetches an image and its thumbnail through the CDN, which keeps a copy of both.
func (p *Person) Looks(at Image) {
	for _, link := range []string{at.URL, at.ThumbnailURL} {
		reply := p.send(http.MethodGet, link, nil, nil)
		if reply == nil {
			return
		}
		if reply.status != http.StatusOK {
			p.fail(fmt.Errorf("%s answers %d", link, reply.status))
			return
		}
		p.Files[strings.TrimPrefix(reply.at.Path, "/")] = reply.body
		p.Links = append(p.Links, link)
	}
}

// Makes orders an image with a tool and waits for it; a prompt is unique.
func (p *Person) Makes(tool string, from ...Image) (made Image) {
	order := map[string]any{"tool": tool}
	if tool == "text-to-image" || tool == "edit" {
		order["prompt"] = p.plants("prompt", "A lighthouse of "+strings.ToLower(rand.Text()[:20])+" at dusk")
	}
	var images []string
	for _, each := range from {
		images = append(images, each.ID)
	}
	if images != nil {
		order["images"] = images
	}
	var queued struct{ ID string }
	p.Call(http.MethodPost, "/api/generations", order, http.StatusAccepted, &queued)
	var done struct {
		Status string
		Images []Image
	}
	p.until("the image of "+tool+" is made", func() bool {
		p.Call(http.MethodGet, "/api/generations/"+queued.ID, nil, http.StatusOK, &done)
		if done.Status == "failed" {
			p.fail(fmt.Errorf("the order of %s failed", tool))
		}
		return done.Status == "succeeded"
	})
	if p.Err != nil || len(done.Images) == 0 {
		return made
	}
	p.Looks(done.Images[0])
	return done.Images[0]
}

// Deletes removes one image.
func (p *Person) Deletes(one Image) {
	p.Call(http.MethodDelete, "/api/images/"+one.ID, nil, http.StatusNoContent, nil)
}

// Corrects gives another name.
func (p *Person) Corrects() {
	name := p.plants("corrected name", strings.ToUpper(p.Name[:1])+p.Name[1:]+" von "+strings.ToLower(rand.Text()[:14]))
	p.Call(http.MethodPatch, "/api/account", map[string]any{"name": name}, http.StatusNoContent, nil)
}

// Exports orders everything, waits for the archive and downloads it.
func (p *Person) Exports() (bytes int) {
	var ordered struct {
		ID, State string
		Volumes   []struct{ URL string }
	}
	p.Call(http.MethodPost, "/api/exports", map[string]any{}, http.StatusAccepted, &ordered)
	p.until("the archive is packed", func() bool {
		p.Call(http.MethodGet, "/api/exports/"+ordered.ID, nil, http.StatusOK, &ordered)
		return ordered.State == "ready"
	})
	for _, volume := range ordered.Volumes {
		if reply := p.send(http.MethodGet, volume.URL, nil, nil); reply != nil && reply.status == http.StatusOK {
			bytes += len(reply.body)
		}
	}
	return bytes
}

// Leaves deletes the account, with the days of grace or without.
func (p *Person) Leaves(withGrace bool) (told Leaving) {
	p.SignIn()
	p.Call(http.MethodPost, "/api/account/deletion", map[string]any{"without_grace": !withGrace}, http.StatusAccepted, &told)
	return told
}

// TakesBack comes back in the days of grace.
func (p *Person) TakesBack() {
	if at := p.SignIn(); at != "/deletion" {
		p.fail(fmt.Errorf("who comes back is sent to %s", at))
	}
	p.Call(http.MethodDelete, "/api/account/deletion", nil, http.StatusNoContent, nil)
}
