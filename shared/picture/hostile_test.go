package picture

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"os"
	"runtime"
	"strings"
	"testing"
)

// chunk builds one PNG chunk.
func chunk(kind string, body []byte) []byte {
	b := binary.BigEndian.AppendUint32(nil, uint32(len(body)))
	b = append(append(b, kind...), body...)
	return binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b[4:]))
}

func pngClaiming(width, height uint32, colour byte, data []byte) []byte {
	ihdr := binary.BigEndian.AppendUint32(nil, width)
	ihdr = append(binary.BigEndian.AppendUint32(ihdr, height), 8, colour, 0, 0, 0)
	return bytes.Join([][]byte{[]byte(pngSignature), chunk("IHDR", ihdr), chunk("IDAT", data), chunk("IEND", nil)}, nil)
}

// riff builds a WebP of kind, body, kind, body…
func riff(parts ...string) []byte {
	var body bytes.Buffer
	body.WriteString("WEBP")
	for i := 0; i < len(parts); i += 2 {
		body.WriteString(parts[i])
		body.Write(binary.LittleEndian.AppendUint32(nil, uint32(len(parts[i+1]))))
		body.WriteString(parts[i+1])
		if len(parts[i+1])%2 == 1 {
			body.WriteByte(0)
		}
	}
	return append(binary.LittleEndian.AppendUint32([]byte("RIFF"), uint32(body.Len())), body.Bytes()...)
}

// lossless is a VP8L picture of one colour: five codes of one symbol each, so that pixels take no bits at all.
func lossless(width, height int) string {
	bits := uint64(width-1) | uint64(height-1)<<14
	head := binary.LittleEndian.AppendUint32([]byte{0x2f}, uint32(bits))
	return string(head) + "\x88\x88\x08\x00\x00\x00"[:5] + strings.Repeat("\x00", 4)
}

func readFile(t *testing.T, name string) []byte {
	t.Helper()
	b, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func quarters(w, h int) *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			c := color.RGBA{220, 0, 0, 255}
			switch {
			case x >= w/2 && y < h/2:
				c = color.RGBA{0, 200, 0, 255}
			case x < w/2 && y >= h/2:
				c = color.RGBA{0, 0, 0, 255}
			case x >= w/2:
				c = color.RGBA{255, 255, 255, 255}
			}
			img.SetRGBA(x, y, c)
		}
	}
	return img
}

func asJPEG(t *testing.T, img image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, &jpeg.Options{Quality: 90}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func asPNG(t *testing.T, img image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// claiming writes another size into a JPEG's frame header.
func claiming(b []byte, width, height uint16) []byte {
	b = bytes.Clone(b)
	at := max(bytes.Index(b, []byte{0xff, 0xc0, 0x00, 0x11}), bytes.Index(b, []byte{0xff, 0xc2, 0x00, 0x11}))
	binary.BigEndian.PutUint16(b[at+5:], height)
	binary.BigEndian.PutUint16(b[at+7:], width)
	return b
}

func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

func TestHostilePicturesAreRefusedWithoutBeingDecoded(t *testing.T) {
	var animatedGIF bytes.Buffer
	frame := image.NewPaletted(image.Rect(0, 0, 4, 4), color.Palette{color.Black, color.White})
	if err := gif.EncodeAll(&animatedGIF, &gif.GIF{Image: []*image.Paletted{frame, frame}, Delay: []int{1, 1}}); err != nil {
		t.Fatal(err)
	}
	photo := asJPEG(t, quarters(640, 480))
	drawing := asPNG(t, quarters(640, 480))
	const rgba = 6
	oneMegabyte := make([]byte, 1<<20)
	for name, c := range map[string]struct {
		file []byte
		want error
	}{
		"nothing":                      {nil, ErrFormat},
		"zero bytes":                   {make([]byte, 100), ErrFormat},
		"PNG of 20,000²":               {pngClaiming(20_000, 20_000, rgba, oneMegabyte), ErrTooManyPixels},
		"PNG of 4 billion²":            {pngClaiming(1<<32-1, 1<<32-1, rgba, nil), ErrTooManyPixels},
		"PNG of 12,000²":               {pngClaiming(12_000, 12_000, rgba, oneMegabyte), ErrTooManyPixels},
		"PNG of 12,001 in a row":       {pngClaiming(12_001, 1, rgba, nil), ErrTooManyPixels},
		"gray PNG of 41 MP":            {pngClaiming(8_200, 5_000, 0, nil), ErrTooManyPixels},
		"PNG of no size":               {pngClaiming(0, 10, rgba, nil), ErrDamaged},
		"28 bytes of WebP":             {riff("VP8L", lossless(16_384, 16_384)[:8])[:28], ErrTooManyPixels},
		"WebP of 16,384²":              {riff("VP8L", lossless(16_384, 16_384)), ErrTooManyPixels},
		"small canvas, huge WebP":      {riff("VP8X", "\x00\x00\x00\x00\x0f\x00\x00\x0f\x00\x00", "VP8L", lossless(16_384, 16_384)), ErrDamaged},
		"huge WebP canvas":             {riff("VP8X", "\x00\x00\x00\x00\xff\xff\xff\xff\xff\xff"), ErrTooManyPixels},
		"WebP without a picture":       {riff("VP8X", "\x00\x00\x00\x00\x0f\x00\x00\x0f\x00\x00"), ErrDamaged},
		"WebP of nothing":              {riff(), ErrDamaged},
		"JPEG of 65,535²":              {claiming(photo, 65_535, 65_535), ErrTooManyPixels},
		"progressive JPEG of 40 MP":    {claiming(readFile(t, "progressive.jpg"), 8000, 5000), ErrTooMuchMemory},
		"CMYK JPEG of 39 MP":           {claimingCMYK(readFile(t, "cmyk.jpg"), 7800, 5000), ErrTooMuchMemory},
		"JPEG cut in the middle":       {photo[:len(photo)/2], ErrDamaged},
		"JPEG cut in its header":       {photo[:30], ErrDamaged},
		"three bytes of JPEG":          {photo[:3], ErrDamaged},
		"PNG cut in the middle":        {drawing[:len(drawing)/2], ErrDamaged},
		"signature of a PNG":           {drawing[:8], ErrDamaged},
		"WebP cut in the middle":       {readFile(t, "lossy.webp")[:60], ErrDamaged},
		"animated WebP":                {readFile(t, "animated.webp"), ErrAnimated},
		"animated PNG":                 {readFile(t, "animated.png"), ErrAnimated},
		"animated GIF":                 {animatedGIF.Bytes(), ErrFormat},
		"SVG":                          {[]byte(`<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>`), ErrFormat},
		"HTML":                         {[]byte("<html><script>alert(1)</script>"), ErrFormat},
		"TIFF":                         {[]byte("II*\x00\x08\x00\x00\x00\x00\x00"), ErrFormat},
		"21 MB":                        {append(bytes.Clone(photo), make([]byte, MaxBytes)...), ErrTooLarge},
		"HTML in front of a JPEG":      {append([]byte("<html>"), photo...), ErrFormat},
		"PNG's name on a WebP's bytes": {append([]byte(pngSignature), readFile(t, "lossy.webp")...), ErrDamaged},
	} {
		t.Run(name, func(t *testing.T) {
			var err error
			spent := allocated(func() { _, _, err = Decode(c.file) })
			if !errors.Is(err, c.want) {
				t.Fatalf("got %v, want %v", err, c.want)
			}
			if refusal := (*Refusal)(nil); !errors.As(err, &refusal) || !strings.HasSuffix(refusal.Sentence, ".") {
				t.Errorf("no sentence for the sender: %v", err)
			}
			if spent > 3<<20 {
				t.Errorf("the refusal took %d bytes of memory", spent)
			}
		})
	}
}

func TestAProgressiveJPEGOfManyScansIsNotDecoded(t *testing.T) {
	_, _, err := Decode(manyScans(readFile(t, "progressive.jpg"), maxScans+1))
	if !errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), "scans") {
		t.Error(err)
	}
}

func claimingCMYK(b []byte, width, height uint16) []byte {
	b = bytes.Clone(b)
	at := bytes.Index(b, []byte{0xff, 0xc0, 0x00, 0x14})
	binary.BigEndian.PutUint16(b[at+5:], height)
	binary.BigEndian.PutUint16(b[at+7:], width)
	return b
}

// manyScans repeats the last scan of a progressive JPEG.
func manyScans(b []byte, n int) []byte {
	last := bytes.LastIndex(b, []byte{0xff, 0xda})
	scan := b[last : len(b)-2]
	return append(bytes.Join([][]byte{b[:last], bytes.Repeat(scan, n)}, nil), 0xff, 0xd9)
}

func TestAStrangersFormatIsNamed(t *testing.T) {
	for file, name := range map[string]string{
		"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1": "iPhone",
		"\x00\x00\x00\x18ftypavif\x00\x00\x00\x00":     "AVIF",
		"\x00\x00\x00\x18ftypisom\x00\x00\x00\x00":     "video",
		"GIF89a": "GIF", "BM\x00\x00": "BMP", "MM\x00*": "TIFF", "%PDF-1.7": "PDF", " <SVG ": "SVG", "": "empty",
	} {
		_, _, err := Decode([]byte(file))
		if !errors.Is(err, ErrFormat) || !strings.Contains(err.Error(), name) {
			t.Errorf("%q: %v", file, err)
		}
	}
}

func TestWhatHidesBehindAPictureIsLeftBehind(t *testing.T) {
	polyglot := append(asJPEG(t, quarters(64, 48)), "<script>alert(1)</script>PK\x03\x04"...)
	img, _, err := Decode(polyglot)
	if err != nil {
		t.Fatal(err)
	}
	e, err := Encode(img, None)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(e.Bytes, []byte("script")) || bytes.Contains(e.Bytes, []byte("PK")) {
		t.Error("the stored file carries what hid behind the picture")
	}
}

func FuzzDecode(f *testing.F) {
	for _, name := range []string{"lossy.webp", "alpha.webp", "lossless.webp", "cmyk.jpg", "progressive.jpg", "animated.png"} {
		b, err := os.ReadFile("testdata/" + name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		img, _, err := Decode(b)
		if refusal := (*Refusal)(nil); err != nil && !errors.As(err, &refusal) {
			t.Errorf("an error without a sentence: %v", err)
		}
		if err == nil && (img.Bounds().Empty() || img.Bounds().Min != image.Point{}) {
			t.Errorf("bounds %v", img.Bounds())
		}
	})
}
