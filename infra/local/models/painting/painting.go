// Package painting draws a picture that is determined by a prompt, a seed, the size.
package painting

import (
	"hash/fnv"
	"image"
	"math/rand/v2"
	"strings"
	"unicode"

	"nanoflux.ai/backend/infra/local/models/canvas"
)

// Draw draws what the prompt's words call for; what it does not know is decided by a hash of the words and the seed.
// The same prompt, seed, width and height give the same bytes.
func Draw(prompt string, seed uint64, width, height int) *image.RGBA {
	s := newScene(prompt, seed, width, height)
	s.subject()
	s.Finish(s.noise+99, 0.28, 0.035)
	return s.Image()
}

// scene is a canvas with everything that was decided about the picture.
type scene struct {
	*canvas.Canvas
	chance *rand.Rand
	noise  canvas.Noise
	words  map[string]bool
	light  light
	unit   float64 // what one pixel is on a canvas of 1024
	w, h   float64
	skyEnd float64 // where the sky meets the land
	sunX   float64
	sunY   float64
}

func newScene(prompt string, seed uint64, width, height int) *scene {
	hash := fnv.New64a()
	words := wordsOf(prompt)
	hash.Write([]byte(strings.ToLower(prompt)))
	chance := rand.New(rand.NewPCG(hash.Sum64(), seed))
	s := &scene{
		Canvas: canvas.New(width, height),
		chance: chance,
		noise:  canvas.Noise(chance.Uint64()),
		words:  map[string]bool{},
		unit:   float64(min(width, height)) / 1024,
		w:      float64(width),
		h:      float64(height),
	}
	for _, word := range words {
		s.words[word] = true
	}
	s.light = s.chooseLight()
	s.skyEnd = s.h * s.between(0.56, 0.68)
	s.sunX = s.w * s.between(0.2, 0.8)
	s.sunY = s.skyEnd * s.light.sunHeight
	return s
}

// wordsOf cuts a prompt into lower-case words without plural endings.
func wordsOf(prompt string) []string {
	words := strings.FieldsFunc(strings.ToLower(prompt), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	for i, word := range words {
		if len(word) > 3 && !strings.HasSuffix(word, "ss") {
			words[i] = strings.TrimSuffix(word, "s")
		}
	}
	return words
}

func (s *scene) says(any ...string) bool {
	for _, word := range any {
		if s.words[word] {
			return true
		}
	}
	return false
}

func (s *scene) between(low, high float64) float64 { return low + (high-low)*s.chance.Float64() }

// subject chooses the kind of picture, the most particular words first.
func (s *scene) subject() {
	switch {
	case s.says("cat", "kitten", "kitty"):
		s.catPicture()
	case s.says("planet", "space", "galaxy", "nebula", "cosmos", "cosmic", "universe", "saturn", "astronaut", "alien"):
		s.space()
	case s.says("abstract", "geometric", "geometry", "bauhaus", "shape", "cubist", "minimal", "poster", "logo", "icon"):
		s.geometric()
	case s.says("flower", "rose", "bloom", "blossom", "tulip", "lotu", "lotus", "daisy", "dahlia", "bouquet") && !s.says("field", "meadow", "garden"):
		s.flowerPicture()
	case s.says(landWords...):
		s.landscape()
	case s.says("flow", "swirl", "wind", "hair", "texture", "impressionist", "gogh", "brush", "stroke", "painting"):
		s.flow()
	case s.says("liquid", "marble", "ink", "smoke", "fluid", "silk", "dream", "psychedelic", "fabric", "wallpaper"):
		s.liquid()
	default:
		pictures := []func(){s.geometric, s.flow, s.liquid, s.space, s.landscape, s.landscape, s.flowerPicture}
		pictures[s.chance.IntN(len(pictures))]()
	}
}

var landWords = []string{"sunset", "sunrise", "mountain", "alp", "hill", "peak", "sea", "ocean", "lake", "river", "beach", "coast",
	"island", "water", "forest", "tree", "wood", "pine", "jungle", "city", "skyline", "town", "street", "tower", "skyscraper",
	"desert", "dune", "canyon", "meadow", "field", "garden", "village", "house", "cabin", "home", "lighthouse", "boat", "ship",
	"sail", "sailboat", "sailing", "yacht", "harbour", "harbor", "wave", "balloon", "bird", "sky", "cloud", "star", "moon", "sun", "snow", "winter", "rain", "storm", "aurora", "northern",
	"night", "landscape", "valley", "fog", "mist", "autumn", "spring", "summer", "dawn", "dusk", "evening", "morning", "castle",
	"dog", "fox", "wolf", "horse", "deer", "bear", "dragon", "farm", "bridge", "neon", "cyberpunk"}

// landscape puts sky, land, then what stands in it.
func (s *scene) landscape() {
	s.sky()
	ground := s.ground()
	switch ground {
	case "city":
		s.city()
	case "sea":
		s.farHills(2)
		s.islands()
	case "mountain":
		s.mountains()
	case "forest":
		s.mountainsBehind()
		s.forest()
	case "desert":
		s.dunes()
	default:
		s.farHills(3)
		s.meadow()
	}
	if ground == "sea" || s.hasLake() {
		s.water()
	}
	s.residents(ground)
	s.weather()
}

// hasLake says whether water lies before the land.
func (s *scene) hasLake() bool {
	return s.says("lake", "river", "water", "reflection", "harbour", "harbor", "bay")
}

func (s *scene) ground() string {
	switch {
	case s.says("city", "skyline", "town", "street", "tower", "skyscraper", "neon", "cyberpunk", "bridge"):
		return "city"
	case s.says("mountain", "alp", "peak", "canyon", "aurora", "northern", "castle", "dragon"):
		return "mountain"
	case s.says("sea", "ocean", "beach", "coast", "island", "boat", "ship", "sail", "sailboat", "sailing", "yacht", "wave", "lighthouse"):
		return "sea"
	case s.says("forest", "tree", "wood", "pine", "jungle", "fog", "mist", "fox", "wolf", "deer", "bear", "cabin"):
		return "forest"
	case s.says("desert", "dune", "camel", "sahara"):
		return "desert"
	case s.says("meadow", "field", "garden", "village", "house", "home", "hill", "farm", "spring", "horse", "dog"):
		return "meadow"
	}
	return []string{"mountain", "sea", "forest", "desert", "meadow", "mountain", "sea"}[s.chance.IntN(7)]
}
