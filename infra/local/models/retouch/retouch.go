// Package retouch changes a given picture as an instruction says.
package retouch

import (
	"hash/fnv"
	"image"
	"math/rand/v2"
	"strings"
	"unicode"

	"golang.org/x/image/draw"

	"nanoflux.ai/backend/infra/local/models/canvas"
)

// Change applies everything that the instruction names, or a style of chance where it names nothing known. The same
// picture, instruction, seed, width and height give the same bytes.
func Change(src image.Image, instruction string, seed uint64, width, height int) *image.RGBA {
	hash := fnv.New64a()
	hash.Write([]byte(strings.ToLower(instruction)))
	chance := rand.New(rand.NewPCG(hash.Sum64(), seed))
	p := &photo{
		Canvas: canvas.Of(src, width, height, func(dst *image.RGBA, src image.Image, from image.Rectangle) {
			draw.CatmullRom.Scale(dst, dst.Bounds(), src, from, draw.Over, nil)
		}),
		chance: chance,
		noise:  canvas.Noise(chance.Uint64()),
		unit:   float64(min(width, height)) / 1024,
	}
	words := map[string]bool{}
	for _, word := range strings.FieldsFunc(strings.ToLower(instruction), func(r rune) bool { return !unicode.IsLetter(r) }) {
		words[word] = true
	}
	told := false
	for _, effect := range effects {
		for _, word := range strings.Fields(effect.words) {
			if words[word] {
				effect.apply(p)
				told = true
				break
			}
		}
	}
	if !told {
		styles := []func(*photo){(*photo).duotone, (*photo).posterize, (*photo).oil, (*photo).vintage, (*photo).halftone}
		styles[chance.IntN(len(styles))](p)
	}
	return p.Image()
}

// photo is the picture under change.
type photo struct {
	*canvas.Canvas
	chance *rand.Rand
	noise  canvas.Noise
	unit   float64 // what one pixel is on a picture of 1024
}

// effects are in the order in which they are applied: where things are, then colours, then what is added on top.
var effects = []struct {
	words string
	apply func(*photo)
}{
	{"variation variations variant", (*photo).variation},
	{"background cutout", (*photo).whiteGround},
	{"mirror mirrored flip flipped reverse", (*photo).mirror},
	{"upside", (*photo).upsideDown},
	{"zoom closer crop", func(p *photo) { p.zoom(1.6, 0.5, 0.5) }},
	{"upscale enhance sharpen sharper sharp detail details", (*photo).sharpen},
	{"blur blurry blurred soft softer dreamy", func(p *photo) { p.blur(14) }},
	{"pixel pixels pixelate pixelated mosaic pixelart retro", (*photo).pixelate},
	{"oil paint painted painting watercolor watercolour impressionist brush", (*photo).oil},
	{"comic cartoon poster posterize pop", (*photo).posterize},
	{"sketch sketched drawing pencil drawn lineart charcoal", (*photo).sketch},
	{"warm warmer sunset golden autumn cozy sunrise", func(p *photo) { p.grade(1.16, 1.0, 0.74, 0xffb060) }},
	{"cold cool cooler winter icy", func(p *photo) { p.grade(0.84, 1.0, 1.2, 0xa8d0ff) }},
	{"night dark darker midnight moody", (*photo).night},
	{"bright brighter lighter light sunny day daylight", func(p *photo) { p.level(1.28, 0.07) }},
	{"contrast dramatic", func(p *photo) { p.contrast(1.5) }},
	{"vivid colorful colourful saturated vibrant", func(p *photo) { p.saturate(1.8) }},
	{"red crimson", func(p *photo) { p.tint(0xe02030) }},
	{"orange", func(p *photo) { p.tint(0xff8a1f) }},
	{"yellow", func(p *photo) { p.tint(0xf5d020) }},
	{"green emerald", func(p *photo) { p.tint(0x1fa84f) }},
	{"teal turquoise cyan", func(p *photo) { p.tint(0x14b8b0) }},
	{"blue azure", func(p *photo) { p.tint(0x2060e0) }},
	{"purple violet", func(p *photo) { p.tint(0x7a30c8) }},
	{"pink magenta", func(p *photo) { p.tint(0xf050a0) }},
	{"vintage sepia old antique nostalgic", (*photo).vintage},
	{"black grayscale greyscale gray grey monochrome noir bw", func(p *photo) { p.saturate(0); p.contrast(1.15) }},
	{"invert negative inverted", (*photo).invert},
	{"moon", (*photo).addMoon},
	{"sun", (*photo).addSun},
	{"star stars starry", (*photo).addStars},
	{"snow snowy snowing snowfall snowflakes", (*photo).addSnow},
	{"rain rainy raining", (*photo).addRain},
	{"fog foggy mist misty haze", (*photo).addFog},
	{"frame framed border", (*photo).addFrame},
}
