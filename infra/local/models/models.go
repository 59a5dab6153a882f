// Package models is a local server that speaks the protocols of the two image providers, behind which a program draws.
package models

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"image"
	_ "image/gif" // providers take it, so the stand-in does
	_ "image/jpeg"
	_ "image/png"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"

	_ "golang.org/x/image/webp"

	"nanoflux.ai/backend/infra/local/models/painting"
	"nanoflux.ai/backend/infra/local/models/retouch"
)

// Config holds what callers must prove themselves with.
type Config struct {
	WorkersAIToken string
	GeminiAPIKey   string
}

// The providers, as faults and counts name them.
const (
	WorkersAI = "workers-ai"
	Gemini    = "gemini"
)

// Server answers both providers' APIs.
type Server struct {
	config Config
	routes *http.ServeMux

	mu     sync.Mutex
	faults []Fault
	calls  map[string]int // "provider model" → calls since start, refused ones included
}

// New makes a server without faults.
func New(config Config) *Server {
	s := &Server{config: config, routes: http.NewServeMux(), calls: map[string]int{}}
	s.routes.HandleFunc("POST /client/v4/accounts/{account}/ai/run/{model...}", s.workersAI)
	s.routes.HandleFunc("POST /v1beta/models/{call}", s.gemini)
	s.routes.HandleFunc("POST /_faults", s.takeFault)
	s.routes.HandleFunc("DELETE /_faults", func(w http.ResponseWriter, _ *http.Request) { s.Honest() })
	s.routes.HandleFunc("GET /_calls", func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, http.StatusOK, s.Calls()) })
	return s
}

func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.routes.ServeHTTP(w, r)
}

// Count says how often a provider was asked since the start, and for which of its models.
type Count struct {
	Total  int            `json:"total"`
	Models map[string]int `json:"models"`
}

// Calls counts every authorized call by provider, whatever came of it.
func (s *Server) Calls() map[string]Count {
	counts := map[string]Count{
		WorkersAI: {Models: map[string]int{}},
		Gemini:    {Models: map[string]int{}},
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for both, times := range s.calls {
		provider, model, _ := strings.Cut(both, " ")
		count := counts[provider]
		count.Total += times
		count.Models[model] += times
		counts[provider] = count
	}
	return counts
}

func (s *Server) count(provider, model string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls[provider+" "+model]++
}

// order is one request for a picture, whichever protocol it came by.
type order struct {
	prompt        string
	seed          *uint64 // chance decides where the caller gave none
	width, height int
	images        []image.Image
}

func (o order) forbidden() bool {
	return strings.Contains(strings.ToLower(o.prompt), "forbidden")
}

// draw makes the picture: from the prompt alone, or by changing the first image as the prompt says.
func (o order) draw() *image.RGBA {
	seed := rand.Uint64()
	if o.seed != nil {
		seed = *o.seed
	}
	if len(o.images) == 0 {
		return painting.Draw(o.prompt, seed, o.width, o.height)
	}
	// What other images are given takes part through the seed, so that they matter.
	for _, other := range o.images[1:] {
		seed ^= fingerprint(other)
	}
	return retouch.Change(o.images[0], o.prompt, seed, o.width, o.height)
}

func fingerprint(img image.Image) uint64 {
	sum := sha256.New()
	bounds := img.Bounds()
	for y := bounds.Min.Y; y < bounds.Max.Y; y += 8 {
		for x := bounds.Min.X; x < bounds.Max.X; x += 8 {
			r, g, b, _ := img.At(x, y).RGBA()
			sum.Write([]byte{byte(r >> 8), byte(g >> 8), byte(b >> 8)})
		}
	}
	return binary.BigEndian.Uint64(sum.Sum(nil))
}

// decode reads an image no larger than limit pixels on a side.
func decode(encoded []byte, limit int) (image.Image, error) {
	config, _, err := image.DecodeConfig(bytes.NewReader(encoded))
	if err != nil {
		return nil, fmt.Errorf("the image cannot be decoded: %w", err)
	}
	if config.Width > limit || config.Height > limit {
		return nil, fmt.Errorf("the image is %d×%d, at most %d×%d is taken", config.Width, config.Height, limit, limit)
	}
	img, _, err := image.Decode(bytes.NewReader(encoded))
	if err != nil {
		return nil, fmt.Errorf("the image cannot be decoded: %w", err)
	}
	return img, nil
}

func writeJSON(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json; charset=UTF-8")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(body)
}
