package retouch_test

import (
	"bytes"
	"image"
	"image/color"
	"math"
	"sync"
	"testing"

	"nanoflux.ai/backend/infra/local/models/painting"
	"nanoflux.ai/backend/infra/local/models/retouch"
)

// scene is painted once, which takes longer than any change to it.
var scene = sync.OnceValue(func() *image.RGBA { return painting.Draw("a meadow with a house in summer", 3, 192, 192) })

func change(instruction string) *image.RGBA { return retouch.Change(scene(), instruction, 1, 192, 192) }

func TestEveryEffectVisiblyChangesTheImage(t *testing.T) {
	before := scene()
	for _, instruction := range []string{"make it black and white", "warmer", "a sunset mood", "turn day into night", "darker", "brighter",
		"cold", "more contrast", "vivid colours, colorful", "tint it red", "orange", "yellow", "green", "teal", "blue", "purple", "pink", "blur it",
		"a pencil sketch", "a drawing", "pixel art", "vintage", "sepia", "add a moon", "add a sun", "add snow", "add stars", "rain",
		"fog", "mirror it", "put it in a frame", "comic", "oil painting", "invert", "zoom in", "upside down", "remove the background",
		"A variation of this image: the same subject, style and colours, a new composition.", "something nobody planned", ""} {
		after := change(instruction)
		if d := distance(before, after); d < 3 {
			t.Errorf("%q changes the image by %.2f of 255 only", instruction, d)
		}
		if !bytes.Equal(after.Pix, change(instruction).Pix) {
			t.Errorf("%q is done differently the second time", instruction)
		}
		if !after.Opaque() {
			t.Errorf("%q left transparent pixels", instruction)
		}
	}
}

func TestEffectsDoWhatTheyAreCalled(t *testing.T) {
	before := mean(scene())
	for name, holds := range map[string]func(*image.RGBA) bool{
		"black and white": func(img *image.RGBA) bool {
			c := img.RGBAAt(30, 100)
			return c.R == c.G && c.G == c.B
		},
		"night":    func(img *image.RGBA) bool { return sum(mean(img)) < 0.6*sum(before) },
		"brighter": func(img *image.RGBA) bool { return sum(mean(img)) > 1.1*sum(before) },
		"warmer":   func(img *image.RGBA) bool { m := mean(img); return m[0]-m[2] > before[0]-before[2]+20 },
		"blue":     func(img *image.RGBA) bool { m := mean(img); return m[2] > m[0]+40 && m[2] > m[1]+20 },
		"mirror": func(img *image.RGBA) bool {
			mirrored, straight := 0.0, 0.0
			for y := range 192 {
				for x := range 192 {
					mirrored += apart(img.RGBAAt(191-x, y), scene().RGBAAt(x, y))
					straight += apart(img.RGBAAt(x, y), scene().RGBAAt(x, y))
				}
			}
			return mirrored < straight/10
		},
	} {
		if !holds(change(name)) {
			t.Errorf("%q did something else", name)
		}
	}
}

func TestPictureOfAnotherShapeIsCutNotStretched(t *testing.T) {
	disc := image.NewRGBA(image.Rect(0, 0, 400, 200))
	for y := range 200 {
		for x := range 400 {
			c := color.RGBA{255, 255, 255, 255}
			if math.Hypot(float64(x)-200, float64(y)-100) < 60 {
				c = color.RGBA{0, 0, 0, 255}
			}
			disc.SetRGBA(x, y, c)
		}
	}
	img := retouch.Change(disc, "black and white", 1, 200, 200)
	across, down := 0, 0
	for i := range 200 {
		if img.RGBAAt(i, 100).R < 128 {
			across++
		}
		if img.RGBAAt(100, i).R < 128 {
			down++
		}
	}
	if across < 110 || across-down > 3 || down-across > 3 {
		t.Errorf("a disc became %d by %d", across, down)
	}
}

func TestTransparencyIsPutOnWhite(t *testing.T) {
	clear := image.NewNRGBA(image.Rect(0, 0, 20, 20))
	if c := retouch.Change(clear, "black and white", 1, 20, 20).RGBAAt(10, 10); c != (color.RGBA{255, 255, 255, 255}) {
		t.Errorf("a clear pixel became %v", c)
	}
}

func apart(a, b color.RGBA) float64 {
	return math.Abs(float64(a.R)-float64(b.R)) + math.Abs(float64(a.G)-float64(b.G)) + math.Abs(float64(a.B)-float64(b.B))
}

func distance(a, b *image.RGBA) float64 {
	sum := 0.0
	for i := range a.Pix {
		sum += math.Abs(float64(a.Pix[i]) - float64(b.Pix[i]))
	}
	return sum / float64(len(a.Pix)) * 4 / 3
}

func mean(img *image.RGBA) (m [3]float64) {
	for i := range img.Pix {
		if i%4 < 3 {
			m[i%4] += float64(img.Pix[i]) / float64(len(img.Pix)/4)
		}
	}
	return m
}

func sum(m [3]float64) float64 { return m[0] + m[1] + m[2] }
