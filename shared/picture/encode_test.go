package picture

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"hash/crc32"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"testing"
)

func halfTransparent(w, h int) *image.NRGBA {
	img := image.NewNRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w / 2 {
			img.SetNRGBA(x, y, color.NRGBA{200, 40, 80, 255})
		}
		img.SetNRGBA(w/2, y, color.NRGBA{200, 40, 80, 100})
	}
	return img
}

func TestTheSourceIsMarkedAndReadBack(t *testing.T) {
	for name, img := range map[string]image.Image{"jpg": quarters(64, 48), "png": halfTransparent(64, 48)} {
		for _, source := range []DigitalSource{None, Generated, Edited, Enhanced} {
			e, err := Encode(img, source)
			if err != nil {
				t.Fatal(err)
			}
			if e.Extension != name || Source(e.Bytes) != source {
				t.Errorf("%s: %q, want %q", e.Extension, Source(e.Bytes), source)
			}
			if marked := bytes.Contains(e.Bytes, []byte("Iptc4xmpExt:DigitalSourceType")); marked != (source != None) {
				t.Errorf("%s, %q: marked %t", name, source, marked)
			}
			if e.CRC32 != crc32.ChecksumIEEE(e.Bytes) || e.SHA256 != sha256.Sum256(e.Bytes) || e.Width != 64 || e.Height != 48 {
				t.Errorf("%+v does not describe its bytes", e.ContentType)
			}
			decode := jpeg.Decode
			if name == "png" {
				decode = png.Decode
			}
			if _, err := decode(bytes.NewReader(e.Bytes)); err != nil {
				t.Errorf("%s, %q: the standard library cannot read it: %v", name, source, err)
			}
		}
	}
}

func TestSourceOfAStrangersFileIsNone(t *testing.T) {
	for _, b := range [][]byte{nil, []byte("rubbish"), []byte(pngSignature), readFile(t, "progressive.jpg"), readFile(t, "lossy.webp")} {
		if s := Source(b); s != None {
			t.Errorf("%q", s)
		}
	}
}

func TestAlphaSurvivesEncodingUnchanged(t *testing.T) {
	premultiplied := image.NewRGBA(image.Rect(0, 0, 64, 48))
	for y := range 48 {
		for x := range 64 {
			premultiplied.Set(x, y, halfTransparent(64, 48).At(x, y))
		}
	}
	for _, img := range []image.Image{halfTransparent(64, 48), premultiplied} {
		e, err := Encode(img, None)
		if err != nil {
			t.Fatal(err)
		}
		got, _, err := Decode(e.Bytes)
		if err != nil {
			t.Fatal(err)
		}
		for x, want := range map[int]color.NRGBA{0: {200, 40, 80, 255}, 32: {200, 40, 80, 100}, 63: {}} {
			c := color.NRGBAModel.Convert(got.At(x, 3)).(color.NRGBA)
			if c.A != want.A || max(c.R, want.R)-min(c.R, want.R) > 2 {
				t.Errorf("%T at %d: %v, want %v", img, x, c, want)
			}
		}
	}
}

func TestThumbnailsAreSmallAndLookTheSame(t *testing.T) {
	e, err := Thumbnail(quarters(2000, 1000))
	if err != nil {
		t.Fatal(err)
	}
	img, format, err := Decode(e.Bytes)
	if err != nil || format != JPEG || corners(img) != "RGKW" || img.Bounds() != image.Rect(0, 0, 512, 256) {
		t.Errorf("%v %s %v", err, format, img.Bounds())
	}
	if e, err = Thumbnail(quarters(30, 3000)); err != nil || e.Width != 5 || e.Height != 512 {
		t.Errorf("%d × %d, %v", e.Width, e.Height, err)
	}
	if e, err = Thumbnail(quarters(100, 50)); err != nil || e.Width != 100 {
		t.Errorf("a small picture was enlarged to %d", e.Width)
	}
	if e, err = Thumbnail(halfTransparent(1000, 1000)); err != nil || e.ContentType != "image/png" {
		t.Errorf("transparency lost: %s, %v", e.ContentType, err)
	}
}

func TestShrinkingAveragesInsteadOfSkipping(t *testing.T) {
	stripes := image.NewGray(image.Rect(0, 0, 1024, 1024))
	for i := range stripes.Pix {
		stripes.Pix[i] = uint8(i % 4 / 3 * 255) // one column of four is white
	}
	small := Fit(stripes, 256)
	for x := 4; x < 252; x++ {
		if r, _, _, _ := small.At(x, 100).RGBA(); r>>8 < 58 || r>>8 > 70 {
			t.Fatalf("grey of %d at %d", r>>8, x)
		}
	}
}

func TestUpscaleDoublesAndStaysWithinTheLimits(t *testing.T) {
	up := Upscale(quarters(100, 60), 2)
	if up.Bounds() != image.Rect(0, 0, 200, 120) || corners(up) != "RGKW" {
		t.Errorf("%v %s", up.Bounds(), corners(up))
	}
	for _, size := range []image.Point{{8000, 10}, {6000, 4000}, {12_000, 3000}} {
		got := enlarged(size, 2)
		if got.X > MaxSide || got.Y > MaxSide || got.X*got.Y > MaxPixels || got.X < size.X {
			t.Errorf("%v became %v", size, got)
		}
	}
}

func TestUpscaleOfTransparencyHasNoDarkFringe(t *testing.T) {
	up := Upscale(halfTransparent(40, 40), 2)
	for x := range 80 {
		c := color.NRGBAModel.Convert(up.At(x, 40)).(color.NRGBA)
		if c.A > 40 && (c.R < 180 || c.G > 60) {
			t.Errorf("at %d: %v", x, c)
		}
	}
}

func TestUpscaleKeepsColoursBelowTheirAlpha(t *testing.T) {
	img := image.NewNRGBA(image.Rect(0, 0, 16, 16))
	for y := range 16 {
		for x := range 16 {
			img.SetNRGBA(x, y, color.NRGBA{255, 255, 255, 60})
			if x >= 8 {
				img.SetNRGBA(x, y, color.NRGBA{0, 0, 0, 255})
			}
		}
	}
	p := Upscale(img, 2).(*image.RGBA).Pix
	for i := 0; i < len(p); i += 4 {
		if a := p[i+3]; p[i] > a || p[i+1] > a || p[i+2] > a {
			t.Fatalf("pixel %d: %v", i/4, p[i:i+4])
		}
	}
}

// onBackground is a red disc in front of what background says.
func onBackground(background func(x, y int) color.RGBA) *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, 200, 200))
	for y := range 200 {
		for x := range 200 {
			img.SetRGBA(x, y, background(x, y))
			if dx, dy := x-100, y-100; dx*dx+dy*dy < 60*60 && dx*dx+dy*dy > 20*20 {
				img.SetRGBA(x, y, color.RGBA{210, 30, 30, 255})
			}
		}
	}
	return img
}

func TestAPlainBackgroundIsRemovedAndTheSubjectKept(t *testing.T) {
	noisy := onBackground(func(x, y int) color.RGBA {
		v := uint8(235 + (x*7+y*13)%15)
		return color.RGBA{v, v, v, 255}
	})
	cut, err := RemoveBackground(noisy)
	if err != nil {
		t.Fatal(err)
	}
	alpha := func(x, y int) uint32 { _, _, _, a := cut.At(x, y).RGBA(); return a >> 8 }
	if alpha(2, 2) != 0 || alpha(150, 190) != 0 {
		t.Error("the background is still there")
	}
	if alpha(100, 60) != 255 {
		t.Error("the subject is gone")
	}
	if alpha(100, 100) != 255 {
		t.Error("the hole in the subject, not connected with the border, is gone")
	}
	soft := 0
	for x := range 200 {
		if a := alpha(x, 100); a > 0 && a < 255 {
			soft++
		}
	}
	if soft == 0 {
		t.Error("the edge is hard")
	}
}

func TestABackgroundOfTwoColoursIsRemoved(t *testing.T) {
	cut, err := RemoveBackground(onBackground(func(_, y int) color.RGBA {
		if y < 120 {
			return color.RGBA{120, 180, 250, 255}
		}
		return color.RGBA{30, 120, 40, 255}
	}))
	if err != nil {
		t.Fatal(err)
	}
	for _, y := range []int{5, 195} {
		if _, _, _, a := cut.At(5, y).RGBA(); a != 0 {
			t.Errorf("row %d is still there", y)
		}
	}
}

func TestABusyOrEmptyPictureIsRefused(t *testing.T) {
	busy := onBackground(func(x, y int) color.RGBA { return color.RGBA{uint8(x * 37), uint8(y * 91), uint8(x * y), 255} })
	half := onBackground(func(x, y int) color.RGBA {
		if y < 100 {
			return color.RGBA{255, 255, 255, 255}
		}
		return color.RGBA{uint8(x * 37), uint8(y * 91), uint8(x * y), 255}
	})
	plain := image.NewRGBA(image.Rect(0, 0, 50, 50))
	for name, img := range map[string]image.Image{"busy": busy, "half of it busy": half, "nothing but background": plain, "one pixel": quarters(1, 1)} {
		if _, err := RemoveBackground(img); !errors.Is(err, ErrNoPlainBackground) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
