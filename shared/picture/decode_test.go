package picture

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"os"
	"testing"
)

// corners are the colours in the middle of the four quarters: top left, top right, bottom left, bottom right.
func corners(img image.Image) string {
	b := img.Bounds()
	name := func(x, y int) string {
		r, g, bl, a := img.At(b.Min.X+x, b.Min.Y+y).RGBA()
		near := func(v uint32, want int) bool { return int(v>>8)-want < 32 && want-int(v>>8) < 32 }
		switch {
		case a>>8 < 16:
			return "."
		case near(r, 220) && near(g, 0) && near(bl, 0):
			return "R"
		case near(r, 0) && near(g, 200) && near(bl, 0):
			return "G"
		case near(r, 0) && near(g, 0) && near(bl, 0):
			return "K"
		case near(r, 255) && near(g, 255) && near(bl, 255):
			return "W"
		}
		return fmt.Sprintf("(%d,%d,%d,%d)", r>>8, g>>8, bl>>8, a>>8)
	}
	l, r, t, bt := b.Dx()/4, b.Dx()*3/4, b.Dy()/4, b.Dy()*3/4
	return name(l, t) + name(r, t) + name(l, bt) + name(r, bt)
}

func TestEveryKindOfPictureIsRead(t *testing.T) {
	sixteen := image.NewNRGBA64(image.Rect(0, 0, 320, 240))
	palette := image.NewPaletted(sixteen.Rect, color.Palette{
		color.RGBA{220, 0, 0, 255}, color.RGBA{0, 200, 0, 255}, color.RGBA{0, 0, 0, 255}, color.RGBA{255, 255, 255, 255}})
	source := quarters(320, 240)
	for y := range 240 {
		for x := range 320 {
			sixteen.Set(x, y, source.RGBAAt(x, y))
			palette.Set(x, y, source.RGBAAt(x, y))
		}
	}
	files := map[string][]byte{
		"jpeg": asJPEG(t, quarters(320, 240)), "png": asPNG(t, quarters(320, 240)),
		"16-bit png": asPNG(t, sixteen), "paletted png": asPNG(t, palette),
	}
	for _, name := range []string{"lossy.webp", "lossless.webp", "alpha.webp", "cmyk.jpg", "progressive.jpg",
		"progressive420.jpg", "ratio422.jpg", "rgb.jpg"} {
		files[name] = readFile(t, name)
	}
	for name, file := range files {
		t.Run(name, func(t *testing.T) {
			img, _, err := Decode(file)
			if err != nil {
				t.Fatal(err)
			}
			want := "RGKW"
			if name == "alpha.webp" {
				want = ".GKW"
			}
			if got := corners(img); got != want || img.Bounds() != image.Rect(0, 0, 320, 240) {
				t.Errorf("%T %v of %s, want %s", img, img.Bounds(), got, want)
			}
			e, err := Encode(img, None)
			if err != nil {
				t.Fatal(err)
			}
			again, format, err := Decode(e.Bytes)
			if err != nil || corners(again) != want || string(format) != e.ContentType {
				t.Errorf("encoded and read again: %v %s %s", err, format, corners(again))
			}
		})
	}
}

func TestGrayPicturesStayGray(t *testing.T) {
	img, _, err := Decode(readFile(t, "gray.jpg"))
	if _, ok := img.(*image.Gray); err != nil || !ok {
		t.Fatalf("%T, %v", img, err)
	}
	deep := image.NewGray16(image.Rect(0, 0, 2, 1))
	deep.SetGray16(1, 0, color.Gray16{0xffff})
	if img, _, err = Decode(asPNG(t, deep)); err != nil {
		t.Fatal(err)
	}
	if r, _, _, _ := img.At(1, 0).RGBA(); r != 0xffff {
		t.Errorf("white became %d", r)
	}
}

// exif is a TIFF block with a filler entry before the orientation.
func exif(order binary.ByteOrder, o uint16) []byte {
	b := []byte("II*\x00")
	if order == binary.BigEndian {
		b = []byte("MM\x00*")
	}
	put16 := func(v uint16) { b = append(b, 0, 0); order.PutUint16(b[len(b)-2:], v) }
	put32 := func(v uint32) { b = append(b, 0, 0, 0, 0); order.PutUint32(b[len(b)-4:], v) }
	put32(8)
	put16(2)
	put16(0x010f)
	put16(2)
	put32(4)
	put32(0x41414100)
	put16(0x0112)
	put16(3)
	put32(1)
	put16(o)
	put16(0)
	put32(0)
	return b
}

func withExif(t *testing.T, format Format, img *image.RGBA, block []byte) []byte {
	t.Helper()
	switch format {
	case JPEG:
		b, body := asJPEG(t, img), append([]byte(exifPrefix), block...)
		app1 := binary.BigEndian.AppendUint16([]byte{0xff, 0xe1}, uint16(2+len(body)))
		return bytes.Join([][]byte{b[:2], app1, body, b[2:]}, nil)
	case PNG:
		b := asPNG(t, img)
		return bytes.Join([][]byte{b[:33], chunk("eXIf", block), b[33:]}, nil)
	}
	b := readFile(t, "lossless.webp")
	return riff("VP8X", "\x08\x00\x00\x00\x3f\x01\x00\xef\x00\x00", "VP8L", string(b[20:]), "EXIF", string(block))
}

// upright follows the wording of the EXIF standard: which visual side the first row is at, and which the first column.
func upright(o int) string {
	sides := [9]string{1: "TL", 2: "TR", 3: "BR", 4: "BL", 5: "LT", 6: "RT", 7: "RB", 8: "LB"}[o]
	opposite := map[byte]byte{'T': 'B', 'B': 'T', 'L': 'R', 'R': 'L'}
	var seen [4]byte
	put := func(colour, a, b byte) {
		i := 0
		if a == 'B' || b == 'B' {
			i += 2
		}
		if a == 'R' || b == 'R' {
			i++
		}
		seen[i] = colour
	}
	row, column := sides[0], sides[1]
	put('R', row, column)
	put('G', row, opposite[column])
	put('K', opposite[row], column)
	put('W', opposite[row], opposite[column])
	return string(seen[:])
}

func TestAllEightOrientationsComeOutUpright(t *testing.T) {
	for o := 1; o <= 8; o++ {
		for _, c := range []struct {
			format Format
			order  binary.ByteOrder
			w, h   int
		}{{JPEG, binary.LittleEndian, 320, 240}, {JPEG, binary.BigEndian, 321, 239}, {PNG, binary.BigEndian, 320, 240}, {WebP, binary.LittleEndian, 320, 240}} {
			file := withExif(t, c.format, quarters(c.w, c.h), exif(c.order, uint16(o)))
			img, _, err := Decode(file)
			if err != nil {
				t.Fatalf("%s, %d: %v", c.format, o, err)
			}
			size := image.Rect(0, 0, c.w, c.h)
			if o >= 5 {
				size = image.Rect(0, 0, c.h, c.w)
			}
			if corners(img) != upright(o) || img.Bounds() != size {
				t.Errorf("%s, orientation %d: %v of %s, want %v of %s", c.format, o, img.Bounds(), corners(img), size, upright(o))
			}
			e, err := Encode(img, Generated)
			if err != nil {
				t.Fatal(err)
			}
			if bytes.Contains(e.Bytes, []byte("Exif")) || bytes.Contains(e.Bytes, []byte("eXIf")) {
				t.Errorf("%s, %d: EXIF in the stored file", c.format, o)
			}
		}
	}
}

func TestEverySubsamplingTurns(t *testing.T) {
	for _, name := range []string{"ratio422.jpg", "progressive.jpg", "progressive420.jpg", "cmyk.jpg", "rgb.jpg"} {
		b, body := readFile(t, name), append([]byte(exifPrefix), exif(binary.LittleEndian, 6)...)
		app1 := binary.BigEndian.AppendUint16([]byte{0xff, 0xe1}, uint16(2+len(body)))
		img, _, err := Decode(bytes.Join([][]byte{b[:2], app1, body, b[2:]}, nil))
		if err != nil || corners(img) != upright(6) || img.Bounds() != image.Rect(0, 0, 240, 320) {
			t.Errorf("%s: %v %v", name, err, img)
		}
	}
}

func TestRareSubsamplingTurnsByWayOfRGBA(t *testing.T) {
	img := image.NewYCbCr(image.Rect(0, 0, 320, 240), image.YCbCrSubsampleRatio411)
	source := quarters(320, 240)
	for y := range 240 {
		for x := range 320 {
			c := source.RGBAAt(x, y)
			img.Y[img.YOffset(x, y)], img.Cb[img.COffset(x, y)], img.Cr[img.COffset(x, y)] = color.RGBToYCbCr(c.R, c.G, c.B)
		}
	}
	for o := 1; o <= 8; o++ {
		if got := corners(turn(img, o)); got != upright(o) {
			t.Errorf("%d: %s, want %s", o, got, upright(o))
		}
	}
}

func TestHostileExifCountsAsUpright(t *testing.T) {
	good := exif(binary.LittleEndian, 6)
	far, many, wrong, nine := bytes.Clone(good), bytes.Clone(good), bytes.Clone(good), exif(binary.BigEndian, 9)
	binary.LittleEndian.PutUint32(far[4:], 0xffffffff)
	binary.LittleEndian.PutUint16(many[8:], 0xffff)
	many[22] = 0 // the orientation's tag, so that all 65,535 entries are looked for
	wrong[24] = 4
	for name, b := range map[string][]byte{"far": far, "many": many, "wrong type": wrong, "nine": nine, "empty": nil, "rubbish": []byte("rubbish!")} {
		if o := orientation(b); o != 1 {
			t.Errorf("%s: %d", name, o)
		}
	}
	for n := range good {
		orientation(good[:n]) // must not panic
	}
	if orientation(good) != 6 {
		t.Error("the good one is not read")
	}
}

func TestLossyWebPKeepsItsBlacksAndWhites(t *testing.T) {
	img, _, err := Decode(readFile(t, "lossy.webp"))
	if err != nil {
		t.Fatal(err)
	}
	if black, _, _, _ := img.At(80, 180).RGBA(); black>>8 > 2 {
		t.Errorf("black became %d", black>>8)
	}
	if white, _, _, _ := img.At(240, 180).RGBA(); white>>8 < 253 {
		t.Errorf("white became %d", white>>8)
	}
}

func TestTheBudgetHoldsForEveryKind(t *testing.T) {
	big := quarters(1600, 1200)
	files := map[string][]byte{
		"jpeg": asJPEG(t, big), "png": asPNG(t, big),
		"turned jpeg": withExif(t, JPEG, big, exif(binary.LittleEndian, 6)),
		"turned png":  withExif(t, PNG, big, exif(binary.LittleEndian, 6)),
	}
	names, err := os.ReadDir("testdata")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range names {
		files[f.Name()] = readFile(t, f.Name())
	}
	for name, file := range files {
		format, err := recognise(file)
		if err != nil {
			continue // the text beside the pictures
		}
		h, err := inspect(file, format)
		if err != nil {
			continue // an animation
		}
		budget := float64(h.width*h.height) * h.decoding
		if h.orientation > 1 {
			budget += float64(h.width*h.height) * h.turning
		}
		spent := allocated(func() { _, _, err = Decode(file) })
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if float64(spent) > budget+96<<10 { // the decoders' own tables, whatever the picture's size
			t.Errorf("%s: %d bytes, promised %.0f", name, spent, budget)
		}
	}
}

func TestAPhoneSizedPhotoIsAffordableEvenTurned(t *testing.T) {
	h, err := inspectJPEG(claiming(withExif(t, JPEG, quarters(320, 240), exif(binary.BigEndian, 6)), 7300, 5475))
	if err != nil || h.orientation != 6 || h.afford() != nil {
		t.Errorf("%+v: %v, %v", h, err, h.afford())
	}
}

func TestPNGPalettesWithTransparencyKeepIt(t *testing.T) {
	p := image.NewPaletted(image.Rect(0, 0, 2, 1), color.Palette{color.NRGBA{10, 20, 30, 0}, color.NRGBA{200, 100, 50, 255}})
	p.SetColorIndex(1, 0, 1)
	var b bytes.Buffer
	if err := png.Encode(&b, p); err != nil {
		t.Fatal(err)
	}
	img, _, err := Decode(b.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	if e, err := Encode(img, None); err != nil || e.ContentType != "image/png" {
		t.Errorf("%s, %v", e.ContentType, err)
	}
}
