package painting_test

import (
	"bytes"
	"fmt"
	"image"
	"math"
	"testing"
	"time"

	"nanoflux.ai/backend/infra/local/models/painting"
)

var prompts = []string{"a sunset at the alps", "a calm sea at night with the moon", "foggy pine forest at dawn",
	"city skyline at night", "an orange cat", "abstract geometric poster", "a red flower", "desert dunes",
	"a meadow with a house in summer", "a planet with rings", "blue liquid marble", "hello world", "", "猫と月", "🌋🌋🌋"}

func TestSamePromptAndSeedGiveTheSameBytes(t *testing.T) {
	for _, prompt := range prompts {
		first, again := painting.Draw(prompt, 42, 160, 120), painting.Draw(prompt, 42, 160, 120)
		if !bytes.Equal(first.Pix, again.Pix) {
			t.Errorf("%q is drawn differently the second time", prompt)
		}
	}
}

func TestDifferentPromptsLookDifferent(t *testing.T) {
	drawn := map[string]*image.RGBA{}
	for _, prompt := range prompts {
		drawn[prompt] = painting.Draw(prompt, 7, 128, 128)
	}
	for i, one := range prompts {
		for _, other := range prompts[:i] {
			if d := distance(drawn[one], drawn[other]); d < 12 {
				t.Errorf("%q and %q differ by %.1f of 255 a channel only", one, other, d)
			}
		}
	}
}

func TestAnotherSeedIsAnotherPicture(t *testing.T) {
	for _, prompt := range prompts {
		if d := distance(painting.Draw(prompt, 1, 128, 128), painting.Draw(prompt, 2, 128, 128)); d < 4 {
			t.Errorf("%q differs by %.1f only between seeds", prompt, d)
		}
	}
}

func TestColoursFollowTheWords(t *testing.T) {
	night, day := painting.Draw("mountains at night", 3, 128, 128), painting.Draw("mountains on a sunny day", 3, 128, 128)
	if mean(night)[1] > mean(day)[1]/2 {
		t.Errorf("night is as bright as day: %v, %v", mean(night), mean(day))
	}
	for channel, colour := range []string{"red", "green", "blue"} {
		m := mean(painting.Draw(colour+" silk", 3, 128, 128))
		for other := range m {
			if other != channel && m[other] > m[channel] {
				t.Errorf("%s silk has the mean colour %v", colour, m)
			}
		}
	}
}

func TestEverySizeIsFilledWithOpaquePixels(t *testing.T) {
	for _, size := range []image.Point{{1, 1}, {3, 200}, {384, 168}, {64, 480}} {
		for _, prompt := range prompts[:6] {
			img := painting.Draw(prompt, 5, size.X, size.Y)
			if img.Bounds().Size() != size || !img.Opaque() {
				t.Errorf("%q at %v has size %v, opaque %v", prompt, size, img.Bounds().Size(), img.Opaque())
			}
		}
	}
}

func TestDrawingTakesAboutASecondAtMost(t *testing.T) {
	if testing.Short() {
		t.Skip("measures time")
	}
	for _, prompt := range prompts[:3] {
		began := time.Now()
		painting.Draw(prompt, 1, 512, 512)
		// A quarter of a picture, and generous, because other tests and the race detector run beside this one.
		if took := time.Since(began); took > 6*time.Second {
			t.Errorf("a quarter of %q took %v", prompt, took)
		}
	}
}

func BenchmarkDraw(b *testing.B) {
	for _, prompt := range prompts[:12] {
		b.Run(fmt.Sprintf("%.20s", prompt), func(b *testing.B) {
			for b.Loop() {
				painting.Draw(prompt, 1, 1024, 1024)
			}
		})
	}
}

// distance is the mean difference of a channel, of 255.
func distance(a, b *image.RGBA) float64 {
	sum := 0.0
	for i := range a.Pix {
		sum += math.Abs(float64(a.Pix[i]) - float64(b.Pix[i]))
	}
	return sum / float64(len(a.Pix)) * 4 / 3 // alpha never differs
}

func mean(img *image.RGBA) (m [3]float64) {
	for i := range img.Pix {
		if i%4 < 3 {
			m[i%4] += float64(img.Pix[i]) / float64(len(img.Pix)/4)
		}
	}
	return m
}
