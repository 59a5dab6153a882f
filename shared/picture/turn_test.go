package picture

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/color"
	"testing"
)

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
