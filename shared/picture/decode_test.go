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
