package main

import (
	"bytes"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"nanoflux.ai/backend/shared/bucket"
	"nanoflux.ai/backend/shared/image"
	"nanoflux.ai/backend/shared/picture"
	"nanoflux.ai/backend/shared/testbed"
	"nanoflux.ai/backend/shared/testbed/visitor"
	"nanoflux.ai/backend/shared/upload"
	"nanoflux.ai/backend/shared/web"
)

func TestAPhotoComesInUprightAndWithoutWhatItsCameraWroteIntoIt(t *testing.T) {
	b := open(t)
	ada, file := visitor.SignIn(t, b.testbed, b.service), photo(t)
	o := b.uploaded(t, ada, file, "image/jpeg")
	if left := time.Until(o.ExpiresAt); left < 9*time.Minute || left > 10*time.Minute {
		t.Errorf("the offer ends in %v", left)
	}
	var taken image.View
	reply := b.takeIn(t, ada, o.ID).Into(201, &taken)
	if reply.Header.Get("Location") != "/api/images/"+taken.ID || taken.Kind != "upload" || taken.Width != 40 || taken.Height != 60 || taken.Tool != nil {
		t.Errorf("it became %s", reply.Body)
	}
	keys := b.at.Keys(t)
	if len(keys) != 2 || slices.ContainsFunc(keys, func(key string) bool {
		return strings.Contains(key, "incoming") || !strings.HasPrefix(key, ada.Prefix+"/")
	}) {
		t.Errorf("the bucket holds %v", keys)
	}
	for _, key := range keys {
		stored, err := b.objects.Get(t.Context(), key, 1<<20)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(stored, []byte("Exif")) || bytes.Contains(stored, []byte("SpyCam")) {
			t.Errorf("%s still holds what the camera wrote", key)
		}
		pixels, format, err := picture.Decode(stored)
		if err != nil || pixels.Bounds().Dx() >= pixels.Bounds().Dy() {
			t.Fatalf("%s is %v, %v", key, pixels.Bounds(), err)
		}
		if r, _, blue, _ := pixels.At(pixels.Bounds().Dx()/2, 2).RGBA(); r < blue {
			t.Errorf("%s is turned the wrong way", key)
		}
		if strings.HasSuffix(taken.URL[:strings.Index(taken.URL, "?")], key) && (string(format) != taken.ContentType || int64(len(stored)) != taken.Bytes) {
			t.Errorf("the image is %s of %d bytes, and said to be %s of %d", format, len(stored), taken.ContentType, taken.Bytes)
		}
	}
	testbed.Audit(t, b.testbed, b.at)
}

func TestTakingInAgainGivesTheSameImage(t *testing.T) {
	b := open(t)
	ada := visitor.SignIn(t, b.testbed, b.service)
	o := b.uploaded(t, ada, photo(t), "image/jpeg")
	now := visitor.At(time.Now())
	first := ada.Send(t, b.handler, "POST", "/api/uploads/"+o.ID, now).Is(201)
	if again := ada.Send(t, b.handler, "POST", "/api/uploads/"+o.ID, now).Is(201); again.Body != first.Body {
		t.Errorf("first %s\nthen %s", first.Body, again.Body)
	}
	testbed.Audit(t, b.testbed, b.at)
}

func TestTakingInFiveTimesAtOnceGivesOneImage(t *testing.T) {
	b := open(t)
	ada := visitor.SignIn(t, b.testbed, b.service)
	o := b.uploaded(t, ada, photo(t), "image/jpeg")
	replies := make(chan visitor.Reply, 5)
	for range cap(replies) {
		go func() { replies <- b.takeIn(t, ada, o.ID) }()
	}
	ids := map[string]bool{}
	for range cap(replies) {
		var taken image.View
		reply := <-replies
		reply.Into(201, &taken)
		ids[taken.ID] = true
	}
	if ready := testbed.Column[string](t, b.testbed, "select id::text from app.image where state = 'ready'"); len(ids) != 1 || len(ready) != 1 || !ids[ready[0]] {
		t.Errorf("told of %v, stored %v", ids, ready)
	}
	testbed.Audit(t, b.testbed, b.at) // copies of the losers have their pending rows, by which they are swept
}

func TestWhoeverIsOvertakenWhileTakingInGetsTheWinnersImage(t *testing.T) {
	b := open(t)
	ada := visitor.SignIn(t, b.testbed, b.service)
	o := b.uploaded(t, ada, photo(t), "image/jpeg")
	var winner image.View
	slow := b.desk
	slow.objects = bucket.Open(testbed.Between(t, b.at.Endpoint, func(_ http.ResponseWriter, r *http.Request) bool {
		if r.Method == http.MethodGet {
			b.takeIn(t, ada, o.ID).Into(201, &winner) // which removes the file as it came
		}
		return true
	}, nil), b.at.Name, b.at.AccessKeyID, b.at.SecretAccessKey)
	var taken image.View
	ada.Send(t, web.Handler(origin, slow.routes()), "POST", "/api/uploads/"+o.ID).Into(201, &taken)
	if taken.ID != winner.ID {
		t.Errorf("the loser got %s, the winner %s", taken.ID, winner.ID)
	}
}

func TestTheBucketTakesNothingButWhatWasOffered(t *testing.T) {
	b := open(t)
	ada, file := visitor.SignIn(t, b.testbed, b.service), photo(t)
	o := b.offer(t, ada, "image/jpeg", len(file))
	if status := put(t, o, file, "text/html"); status != 403 {
		t.Errorf("another type is answered %d", status)
	}
	for _, other := range [][]byte{file[:len(file)-1], append(slices.Clone(file), 0), {}} {
		if status := put(t, o, other, "image/jpeg"); status != 403 {
			t.Errorf("%d bytes in place of %d are answered %d", len(other), len(file), status)
		}
	}
	elsewhere := o
	elsewhere.URL = strings.Replace(o.URL, ada.Prefix, strings.Repeat("a", 26), 1)
	if status := put(t, elsewhere, file, "image/jpeg"); status != 403 {
		t.Errorf("another key is answered %d", status)
	}
	if keys := b.at.Keys(t); len(keys) != 0 {
		t.Errorf("the bucket holds %v", keys)
	}
	b.takeIn(t, ada, o.ID).Refuses(409, "upload_not_put")
	if status := put(t, o, file, "image/jpeg"); status != 200 {
		t.Errorf("what was offered is answered %d", status)
	}
	b.takeIn(t, ada, o.ID).Is(201)
}

func TestFilesThatAreNoPicturesOfOursAreRefusedWithASentence(t *testing.T) {
	b := open(t)
	ada := visitor.SignIn(t, b.testbed, b.service)
	for _, c := range []struct {
		file       []byte
		code, says string
	}{
		{append([]byte("\x00\x00\x00\x18ftypheic"), make([]byte, 100)...), "image_format", "HEIC"},
		{[]byte(`<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>`), "image_format", "SVG"},
		{[]byte("GIF89a" + strings.Repeat("x", 50)), "image_format", "GIF"},
		{[]byte("<!doctype html><script>alert(1)</script>"), "image_format", "JPEG, PNG or WebP"},
		{bytes.Repeat([]byte{7}, 100), "image_format", "JPEG, PNG or WebP"},
		{photo(t)[:300], "image_damaged", "save it again"},
	} {
		o := b.uploaded(t, ada, c.file, "image/jpeg")
		if reply := b.takeIn(t, ada, o.ID).Refuses(422, c.code); !strings.Contains(reply.Body, c.says) {
			t.Errorf("it does not say %q: %s", c.says, reply.Body)
		}
		b.takeIn(t, ada, o.ID).Refuses(409, "upload_not_put") // what was refused is gone, and is not decoded again
	}
	if keys := b.at.Keys(t); len(keys) != 0 {
		t.Errorf("the bucket holds %v", keys)
	}
	if rows := testbed.One[int64](t, b.testbed, "select count(*) from app.image"); rows != 0 {
		t.Errorf("there are %d images", rows)
	}
	testbed.Audit(t, b.testbed, b.at)
}

func TestOffersThatCannotBeMadeAreRefused(t *testing.T) {
	b := open(t)
	ada := visitor.SignIn(t, b.testbed, b.service)
	for _, c := range []struct {
		body   any
		status int
		code   string
	}{
		{map[string]any{"content_type": "image/heic", "bytes": 1}, 415, "image_type_unsupported"}, {map[string]any{"content_type": "image/svg+xml", "bytes": 1}, 415, "image_type_unsupported"},
		{map[string]any{"bytes": 1}, 415, "image_type_unsupported"}, {map[string]any{"content_type": "image/jpeg"}, 422, "invalid_upload"},
		{map[string]any{"content_type": "image/jpeg", "bytes": 20<<20 + 1}, 413, "image_too_large"}, {map[string]any{"content_type": "image/jpeg", "bytes": -1}, 422, "invalid_upload"},
		{map[string]any{"content_type": "image/jpeg", "bytes": "1"}, 422, "wrong_type"}, {map[string]any{"content_type": "image/jpeg", "bytes": 1.5}, 422, "wrong_type"},
		{map[string]any{"content_type": "image/jpeg", "bytes": 1, "key": "../x"}, 422, "unknown_field"}, {"{", 400, "malformed_json"}, {"[]", 422, "object_required"},
	} {
		ada.Send(t, b.handler, "POST", "/api/uploads", visitor.Body(c.body)).Refuses(c.status, c.code)
	}
	ada.Send(t, b.handler, "POST", "/api/uploads", visitor.Header("content-type", "text/plain")).Refuses(415, "json_required")
	ada.Send(t, b.handler, "POST", "/api/uploads?x=1").Refuses(400, "unknown_parameter", "x")
	ada.Send(t, b.handler, "GET", "/api/uploads").Refuses(405, "method_not_allowed")
	if n := testbed.One[int64](t, b.testbed, "select count(*) from app.upload"); n != 0 {
		t.Errorf("%d offers were made", n)
	}
	var o offered
	ada.Send(t, b.handler, "POST", "/api/uploads").Into(201, &o) // as in event.json
	b.offer(t, ada, "image/webp", 20<<20)
}

func TestWhoHasFiftyUploadsOpenIsAskedToWait(t *testing.T) {
	b := open(t)
	ada := visitor.SignIn(t, b.testbed, b.service)
	o := b.uploaded(t, ada, photo(t), "image/jpeg")
	for range upload.MaxOpen - 1 {
		b.offer(t, ada, "image/png", 1)
	}
	ada.Send(t, b.handler, "POST", "/api/uploads").Refuses(429, "too_many_uploads")
	b.takeIn(t, ada, o.ID).Is(201)
	b.offer(t, ada, "image/png", 1)
}

func TestAnothersUploadAnswersExactlyLikeOneThatDoesNotExist(t *testing.T) {
	b := open(t)
	ada, bob := visitor.SignIn(t, b.testbed, b.service), visitor.SignIn(t, b.testbed, b.service)
	foreign := b.uploaded(t, bob, photo(t), "image/jpeg")
	unknown := b.takeIn(t, ada, uuid.NewString()).Refuses(404, "upload_not_found")
	for _, id := range []string{foreign.ID, "1", "%27"} {
		if reply := b.takeIn(t, ada, id).Refuses(404, "upload_not_found"); reply.Body != unknown.Body {
			t.Errorf("%s answers %s", id, reply.Body)
		}
	}
	b.takeIn(t, bob, foreign.ID).Is(201)
	ended := visitor.At(time.Now().Add(time.Hour + time.Minute))
	bob.Send(t, b.handler, "POST", "/api/uploads/"+foreign.ID, ended).Refuses(404, "upload_not_found")
	bob.Send(t, b.handler, "POST", "/api/uploads/"+foreign.ID+"?x=1").Refuses(400, "unknown_parameter", "x")
}

func TestNobodyUploadsSignedOutOrFromAnotherSite(t *testing.T) {
	b := open(t)
	ada := visitor.SignIn(t, b.testbed, b.service)
	o := b.uploaded(t, ada, photo(t), "image/jpeg")
	foreign := []visitor.Change{visitor.Header("sec-fetch-site", "cross-site"), visitor.Header("origin", "https://evil.example")}
	for _, target := range []string{"/api/uploads", "/api/uploads/" + o.ID, "/api/uploads/" + uuid.NewString()} {
		visitor.Visitor{}.Send(t, b.handler, "POST", target).Refuses(401, "sign_in_required")
		ada.Send(t, b.handler, "POST", target, foreign...).Refuses(403, "cross_origin")
	}
	if n := testbed.One[int64](t, b.testbed, "select count(*) from app.image"); n != 0 {
		t.Error("something was taken in")
	}
}

func TestAnAccountClosedMeanwhileTakesNothingIn(t *testing.T) {
	b := open(t)
	ada := visitor.SignIn(t, b.testbed, b.service)
	o := b.uploaded(t, ada, photo(t), "image/jpeg")
	testbed.Column[string](t, b.testbed, "update app.account set closed_at = now() returning id::text")
	b.takeIn(t, ada, o.ID).Refuses(401, "sign_in_required")
	testbed.Audit(t, b.testbed, b.at)
}
