package journey

import (
	"bytes"
	"image"
	"image/color"
	_ "image/jpeg"
	"image/png"
	"net/http"
	"reflect"
	"slices"
	"testing"
	"time"

	_ "golang.org/x/image/webp"
)

func TestAProgramUploadsMakesListsAndDeletesImages(t *testing.T) {
	p := newcomer(t)
	before := into[account](p.call("GET", "/api/account", nil).is(200)).Credits
	if before.Available == 0 || before.Held != 0 {
		t.Fatalf("a new account has %+v", before)
	}

	mine := p.bring(testPicture(400, 300))
	if mine.Kind != "upload" || mine.Width != 400 || mine.Height != 300 || mine.Tool != nil {
		t.Errorf("what was uploaded is %+v", mine)
	}
	p.shows(mine)

	key, order := uuid(), map[string]any{"tool": "text-to-image", "prompt": "A lighthouse in a storm", "size": "1344x768", "seed": 7}
	accepted := p.call("POST", "/api/generations", order, "Idempotency-Key", key).is(202)
	queued := into[generation](accepted)
	if accepted.header.Get("Location") != "/api/generations/"+queued.ID || queued.Status != "queued" {
		t.Errorf("the order is %s at %q", queued.Status, accepted.header.Get("Location"))
	}
	done := p.await(queued.ID)
	made := done.Images[0]
	if made.Width != 1344 || made.Height != 768 || made.Kind != "result" || made.GenerationID == nil || *made.GenerationID != done.ID {
		t.Errorf("what was made is %+v", made)
	}
	p.shows(made)

	repeated := into[generation](p.call("POST", "/api/generations", order, "Idempotency-Key", key).is(202))
	if repeated.ID != queued.ID {
		t.Errorf("the repeated order is %s, not %s", repeated.ID, queued.ID)
	}
	order["seed"] = 8
	p.call("POST", "/api/generations", order, "Idempotency-Key", key).refuses(422, "idempotency_key_reused")
	after := into[account](p.call("GET", "/api/account", nil).is(200)).Credits
	if after.Available != before.Available-done.Cost || after.Held != 0 {
		t.Errorf("after one order of %d, credits went from %+v to %+v", done.Cost, before, after)
	}

	list := into[pictures](p.call("GET", "/api/images", nil).is(200))
	if len(list.Images) != 2 || list.Images[0].ID != made.ID || list.Images[1].ID != mine.ID || list.NextCursor != nil {
		t.Errorf("the library has %+v", list)
	}
	orders := into[generations](p.call("GET", "/api/generations?limit=1", nil).is(200))
	if len(orders.Generations) != 1 || orders.Generations[0].ID != done.ID || orders.NextCursor != nil {
		t.Errorf("the orders are %+v", orders)
	}
	p.deletes(made)
	p.call("POST", "/api/logout", nil).is(204)
	p.call("GET", "/api/account", nil).refuses(401, "sign_in_required")
}

func TestEveryToolMakesAnImage(t *testing.T) {
	p := newcomer(t)
	mine := p.bring(testPicture(320, 256))
	for _, tool := range into[tools](p.call("GET", "/api/tools", nil).is(200)).Tools {
		order := map[string]any{"tool": tool.Name}
		if tool.Inputs.Prompt.Required {
			order["prompt"] = "A small red boat on a calm lake"
		}
		if tool.Inputs.Images.Min > 0 {
			order["images"] = []string{mine.ID}
		}
		queued := into[generation](p.call("POST", "/api/generations", order, "Idempotency-Key", uuid()).is(202))
		done := p.await(queued.ID)
		if done.Cost != tool.Price {
			t.Errorf("%s cost %d instead of %d", tool.Name, done.Cost, tool.Price)
		}
		p.shows(done.Images[0])
	}
}

func TestAnotherPersonsThingsAnswerLikeThingsThatAreNot(t *testing.T) {
	owner, other := newcomer(t), newcomer(t)
	mine := owner.bring(testPicture(64, 64))
	offered := into[upload](owner.call("POST", "/api/uploads", map[string]any{"content_type": "image/png", "bytes": 100}).is(201))
	order := map[string]any{"tool": "upscale", "images": []string{mine.ID}}
	ordered := into[generation](owner.call("POST", "/api/generations", order, "Idempotency-Key", uuid()).is(202))

	cases := []struct{ method, path, id string }{
		{"GET", "/api/images/", mine.ID},
		{"DELETE", "/api/images/", mine.ID},
		{"GET", "/api/generations/", ordered.ID},
		{"POST", "/api/uploads/", offered.ID},
	}
	for _, c := range cases {
		theirs := into[refusal](other.call(c.method, c.path+c.id, nil).is(404))
		nobodys := into[refusal](other.call(c.method, c.path+uuid(), nil).is(404))
		theirs.RequestID, nobodys.RequestID = "", ""
		if !reflect.DeepEqual(theirs, nobodys) {
			t.Errorf("%s %s tells another person's id (%+v) from nobody's (%+v)", c.method, c.path, theirs, nobodys)
		}
	}
	theirs := other.call("POST", "/api/generations", order, "Idempotency-Key", uuid())
	nobodys := other.call("POST", "/api/generations", map[string]any{"tool": "upscale", "images": []string{uuid()}}, "Idempotency-Key", uuid())
	if theirs.status != nobodys.status || into[refusal](theirs).Code != into[refusal](nobodys).Code {
		t.Errorf("an order with another person's image answers %s, with nobody's %s", theirs.body, nobodys.body)
	}
	owner.call("GET", "/api/images/"+mine.ID, nil).is(200)
}

func TestPagesGoThroughTheWholeLibraryOnce(t *testing.T) {
	p := newcomer(t)
	var want []string
	for range 5 {
		want = append([]string{p.bring(testPicture(32, 32)).ID}, want...)
	}
	var got []string
	for path := "/api/images?limit=2&kind=upload"; path != ""; {
		page := into[pictures](p.call("GET", path, nil).is(200))
		for _, image := range page.Images {
			got = append(got, image.ID)
		}
		path = ""
		if page.NextCursor != nil {
			path = "/api/images?limit=2&kind=upload&cursor=" + *page.NextCursor
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("the pages have %v, not %v", got, want)
	}
	if results := into[pictures](p.call("GET", "/api/images?kind=result", nil).is(200)); len(results.Images) != 0 {
		t.Errorf("there are %d results", len(results.Images))
	}
}

// bring uploads a PNG the way the page does.
func (p *person) bring(content []byte) picture {
	p.t.Helper()
	offer := into[upload](p.call("POST", "/api/uploads", map[string]any{"content_type": "image/png", "bytes": len(content)}).is(201))
	put, err := http.NewRequestWithContext(p.t.Context(), "PUT", offer.URL, bytes.NewReader(content))
	if err != nil {
		p.t.Fatal(err)
	}
	for name, value := range offer.Headers {
		put.Header.Set(name, value)
	}
	p.send(put).is(200)
	return into[picture](p.call("POST", "/api/uploads/"+offer.ID, nil).is(201))
}

// await follows an order until it has succeeded.
func (p *person) await(id string) generation {
	p.t.Helper()
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(200 * time.Millisecond) {
		order := into[generation](p.call("GET", "/api/generations/"+id, nil).is(200))
		if order.Status == "failed" {
			p.t.Fatalf("the order failed: %+v", order.Error)
		}
		if order.Status == "succeeded" {
			if len(order.Images) != 1 || order.FinishedAt == nil || order.Error != nil {
				p.t.Fatalf("the order succeeded with %+v", order)
			}
			return order
		}
	}
	p.t.Fatalf("the order %s was not carried out within a minute", id)
	return generation{}
}

// shows fetches an image and its thumbnail from the CDN and looks at them.
func (p *person) shows(want picture) {
	p.t.Helper()
	reply, err := http.Get(want.URL)
	if err != nil {
		p.t.Fatal(err)
	}
	defer reply.Body.Close()
	decoded, format, err := image.DecodeConfig(reply.Body)
	if err != nil || decoded.Width != want.Width || decoded.Height != want.Height || "image/"+format != want.ContentType || int(reply.ContentLength) != want.Bytes {
		p.t.Errorf("the link gives %d, %s %dx%d of %d bytes (%v) for %+v", reply.StatusCode, format, decoded.Width, decoded.Height, reply.ContentLength, err, want)
	}
	small, err := http.Get(want.ThumbnailURL)
	if err != nil {
		p.t.Fatal(err)
	}
	defer small.Body.Close()
	if _, _, err := image.DecodeConfig(small.Body); err != nil || small.StatusCode != 200 {
		p.t.Errorf("the thumbnail answers %d: %v", small.StatusCode, err)
	}
}

// deletes removes an image and looks everywhere for what is left.
func (p *person) deletes(image picture) {
	p.t.Helper()
	p.call("DELETE", "/api/images/"+image.ID, nil).is(204)
	p.call("DELETE", "/api/images/"+image.ID, nil).refuses(404, "image_not_found")
	p.call("GET", "/api/images/"+image.ID, nil).refuses(404, "image_not_found")
	for _, link := range []string{image.URL, image.ThumbnailURL} {
		reply, err := http.Get(link)
		if err != nil {
			p.t.Fatal(err)
		}
		reply.Body.Close()
		if reply.StatusCode < 400 {
			p.t.Errorf("a link of a deleted image still answers %d", reply.StatusCode)
		}
	}
	order := into[generation](p.call("GET", "/api/generations/"+*image.GenerationID, nil).is(200))
	if len(order.Images) != 0 {
		p.t.Errorf("the order still shows the deleted image")
	}
}

// testPicture is a PNG of a colourful disc before a plain background.
func testPicture(width, height int) []byte {
	canvas := image.NewRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			dx, dy, radius := x-width/2, y-height/2, min(width, height)/3
			canvas.Set(x, y, color.RGBA{240, 240, 236, 255})
			if dx*dx+dy*dy < radius*radius {
				canvas.Set(x, y, color.RGBA{uint8(x * 255 / width), uint8(y * 255 / height), 120, 255})
			}
		}
	}
	var out bytes.Buffer
	if err := png.Encode(&out, canvas); err != nil {
		panic(err)
	}
	return out.Bytes()
}
