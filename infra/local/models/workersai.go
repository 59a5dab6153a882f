package models

import (
	"bytes"
	"crypto/subtle"
	"encoding/json"
	"fmt"
	"image/jpeg"
	"io"
	"mime/multipart"
	"net/http"
	"strconv"
	"strings"
)

const (
	klein   = "@cf/black-forest-labs/flux-2-klein-4b"
	schnell = "@cf/black-forest-labs/flux-1-schnell"

	maxPrompt     = 2048 // characters, for both models
	maxInputSide  = 512  // pixels of an input image, for flux-2
	maxInputFiles = 4
)

// problem is a refusal of Workers AI: https://developers.cloudflare.com/workers-ai/platform/errors/
type problem struct {
	status, code int
	message      string
}

var (
	outOfCapacity = &problem{http.StatusTooManyRequests, 3040, "AiError: Capacity temporarily exceeded, please try again."}
	dailyLimit    = &problem{http.StatusTooManyRequests, 3036, "AiError: You have used up your daily free allocation of 10,000 neurons. " +
		"Please upgrade to Cloudflare's Workers Paid plan if you would like to continue usage."}
	rateLimit = &problem{http.StatusTooManyRequests, 971, "Please wait and consider throttling your request speed"}
	flagged   = &problem{http.StatusBadRequest, 3030, "AiError: AiError: Input prompt contains NSFW content"}
	broken    = &problem{http.StatusInternalServerError, 3043, "AiError: Internal server error"}
)

func invalid(format string, arguments ...any) *problem {
	return &problem{http.StatusBadRequest, 5006, "AiError: Bad input: " + fmt.Sprintf(format, arguments...)}
}

// workersAI answers POST /client/v4/accounts/{account}/ai/run/{model}.
func (s *Server) workersAI(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, 16<<20)
	token := "Bearer " + s.config.WorkersAIToken
	if subtle.ConstantTimeCompare([]byte(r.Header.Get("Authorization")), []byte(token)) != 1 {
		answerProblem(w, &problem{http.StatusUnauthorized, 10000, "Authentication error"})
		return
	}
	model := r.PathValue("model")
	s.count(WorkersAI, model)
	var asked order
	var wrong *problem
	switch model {
	case klein:
		asked, wrong = readKlein(r)
	case schnell:
		asked, wrong = readSchnell(r)
	default:
		wrong = &problem{http.StatusBadRequest, 5007, "No such model " + model + " or task"}
	}
	// A fault strikes before the order is judged, but after it is read: leaving is noticed only then.
	fault := s.nextFault(WorkersAI)
	if suffer(w, r, fault) {
		return
	}
	if told := faultProblem(fault); told != nil {
		wrong = told
	}
	if wrong == nil && asked.forbidden() {
		wrong = flagged
	}
	if wrong != nil {
		answerProblem(w, wrong)
		return
	}
	answerImage(w, asked, fault)
}

func faultProblem(fault Fault) *problem {
	return map[string]*problem{
		Safety:        flagged,
		RateLimit:     rateLimit,
		DailyLimit:    dailyLimit,
		OutOfCapacity: outOfCapacity,
		Error500:      broken,
	}[fault.Kind]
}

// readKlein reads the multipart form that flux-2 wants even for a bare prompt.
func readKlein(r *http.Request) (order, *problem) {
	if !strings.HasPrefix(r.Header.Get("Content-Type"), "multipart/form-data") {
		return order{}, invalid("required properties at '/' are 'multipart'")
	}
	if err := r.ParseMultipartForm(16 << 20); err != nil {
		return order{}, invalid("the form cannot be read: %v", err)
	}
	asked := order{prompt: r.PostForm.Get("prompt"), width: 1024, height: 1024}
	for name, side := range map[string]*int{"width": &asked.width, "height": &asked.height} {
		if text := r.PostForm.Get(name); text != "" {
			pixels, err := strconv.Atoi(text)
			if err != nil || pixels < 256 || pixels > 1920 {
				return order{}, invalid("%s must be a number from 256 to 1920", name)
			}
			*side = pixels
		}
	}
	if text := r.PostForm.Get("seed"); text != "" {
		seed, err := strconv.ParseUint(text, 10, 64)
		if err != nil {
			return order{}, invalid("seed must be a whole number")
		}
		asked.seed = &seed
	}
	for i := range maxInputFiles {
		for _, file := range r.MultipartForm.File["input_image_"+strconv.Itoa(i)] {
			if wrong := asked.take(file); wrong != nil {
				return order{}, wrong
			}
		}
	}
	return asked, checkPrompt(asked.prompt)
}

func (o *order) take(header *multipart.FileHeader) *problem {
	file, err := header.Open()
	if err != nil {
		return invalid("%v", err)
	}
	defer file.Close()
	encoded, err := io.ReadAll(file)
	if err != nil {
		return invalid("%v", err)
	}
	img, err := decode(encoded, maxInputSide)
	if err != nil {
		return invalid("%v", err)
	}
	o.images = append(o.images, img)
	return nil
}

// readSchnell reads the JSON of flux-1-schnell, which knows one size only.
func readSchnell(r *http.Request) (order, *problem) {
	var body struct {
		Prompt string  `json:"prompt"`
		Steps  *int    `json:"steps"`
		Seed   *uint64 `json:"seed"`
	}
	if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
		return order{}, invalid("the JSON cannot be read: %v", err)
	}
	if body.Steps != nil && (*body.Steps < 1 || *body.Steps > 8) {
		return order{}, invalid("'/steps' must be from 1 to 8")
	}
	return order{prompt: body.Prompt, seed: body.Seed, width: 1024, height: 1024}, checkPrompt(body.Prompt)
}

func checkPrompt(prompt string) *problem {
	if length := len([]rune(prompt)); length < 1 || length > maxPrompt {
		return invalid("length of '/prompt' must be from 1 to %d", maxPrompt)
	}
	return nil
}

func answerImage(w http.ResponseWriter, asked order, fault Fault) {
	result := map[string]string{}
	if fault.Kind == WrongSize {
		asked.width, asked.height = asked.width/2, asked.height/3
	}
	if fault.Kind != Refuse {
		var encoded bytes.Buffer
		if err := jpeg.Encode(&encoded, asked.draw(), &jpeg.Options{Quality: 92}); err != nil {
			answerProblem(w, broken)
			return
		}
		result["image"] = spoil(encoded.Bytes(), fault)
	}
	writeJSON(w, http.StatusOK, map[string]any{"result": result, "success": true, "errors": []any{}, "messages": []any{}})
}

func answerProblem(w http.ResponseWriter, wrong *problem) {
	writeJSON(w, wrong.status, map[string]any{
		"result":   map[string]any{},
		"success":  false,
		"errors":   []any{map[string]any{"code": wrong.code, "message": wrong.message}},
		"messages": []any{},
	})
}
