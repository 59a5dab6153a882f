package main

import (
	"bytes"
	"encoding/binary"
	stdimage "image"
	"image/color"
	"image/jpeg"
	"io"
	"net/http"
	"slices"
	"testing"
	"time"

	"nanoflux.ai/backend/shared/bucket"
	"nanoflux.ai/backend/shared/cdn"
	"nanoflux.ai/backend/shared/seal"
	"nanoflux.ai/backend/shared/testbed"
	"nanoflux.ai/backend/shared/testbed/visitor"
	"nanoflux.ai/backend/shared/web"
)

const origin = "https://nanoflux.ai"

// bench is the function with its parts.
type bench struct {
	desk
	handler visitor.Handler
	testbed testbed.Database
	service *seal.Service
	at      testbed.BucketAddress
}

func open(t *testing.T) bench {
	t.Parallel()
	b := bench{testbed: testbed.Postgres(t), service: visitor.Service(t), at: testbed.Bucket(t)}
	b.desk = desk{
		db: visitor.Open(t, b.testbed.Web), service: b.service,
		objects: bucket.Open(b.at.Endpoint, b.at.Name, b.at.AccessKeyID, b.at.SecretAccessKey),
		links:   cdn.NewLinks("https://images.example", visitor.Secret()),
	}
	b.handler = web.Handler(origin, b.routes())
	return b
}

type offered struct {
	ID, URL   string
	Headers   map[string]string
	ExpiresAt time.Time `json:"expires_at"`
}

func (b bench) offer(t *testing.T, v visitor.Visitor, kind string, length int) (o offered) {
	t.Helper()
	v.Send(t, b.handler, "POST", "/api/uploads", visitor.Body(map[string]any{"content_type": kind, "bytes": length})).Into(201, &o)
	return o
}

// put is what the browser does with an offer.
func put(t *testing.T, o offered, file []byte, kind string) int {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPut, o.URL, bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", kind)
	reply, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer reply.Body.Close()
	_, _ = io.Copy(io.Discard, reply.Body)
	return reply.StatusCode
}

func (b bench) takeIn(t *testing.T, v visitor.Visitor, id string) visitor.Reply {
	t.Helper()
	return v.Send(t, b.handler, "POST", "/api/uploads/"+id, visitor.Body(""))
}

// uploaded is an offer that a file was put to.
func (b bench) uploaded(t *testing.T, v visitor.Visitor, file []byte, kind string) offered {
	t.Helper()
	o := b.offer(t, v, kind, len(file))
	if status := put(t, o, file, o.Headers["Content-Type"]); status != 200 {
		t.Fatalf("the bucket answers %d", status)
	}
	return o
}

// photo is a JPEG of 60×40 with its left half red, taken with the camera on its side in a place that its EXIF names.
func photo(t *testing.T) []byte {
	t.Helper()
	pixels := stdimage.NewNRGBA(stdimage.Rect(0, 0, 60, 40))
	for y := range 40 {
		for x := range 60 {
			c := color.NRGBA{0, 0, 255, 255}
			if x < 30 {
				c = color.NRGBA{255, 0, 0, 255}
			}
			pixels.SetNRGBA(x, y, c)
		}
	}
	var file bytes.Buffer
	if err := jpeg.Encode(&file, pixels, &jpeg.Options{Quality: 95}); err != nil {
		t.Fatal(err)
	}
	exif := exif()
	segment := binary.BigEndian.AppendUint16([]byte{0xff, 0xd8, 0xff, 0xe1}, uint16(len(exif)+2))
	return slices.Concat(segment, exif, file.Bytes()[2:])
}

// exif says "turn me by 90 degrees", the camera's maker, and where it was (CIPA DC-008).
func exif() []byte {
	b := []byte("Exif\x00\x00MM\x00*\x00\x00\x00\x08")
	entry := func(tag, kind uint16, count, value uint32) {
		b = binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint16(b, tag), kind)
		b = binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(b, count), value)
	}
	b = append(b, 0, 3)
	entry(0x010f, 2, 10, 50)   // maker, at 50
	entry(0x0112, 3, 1, 6<<16) // orientation
	entry(0x8825, 4, 1, 60)    // GPS, at 60
	b = append(b, 0, 0, 0, 0)  // no further directory
	b = append(b, "SpyCam Co\x00"...)
	b = append(b, 0, 1)
	entry(0x0001, 2, 2, 'N'<<24)
	return append(b, 0, 0, 0, 0)
}
