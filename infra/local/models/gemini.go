package models

import (
	"bytes"
	"crypto/rand"
	"crypto/subtle"
	"encoding/json"
	"image"
	"image/png"
	"net/http"
	"slices"
	"strings"
)

// Gemini's image models; https://ai.google.dev/gemini-api/docs/image-generation lists them and the size of each ratio.
var (
	geminiModels = []string{"gemini-2.5-flash-image", "gemini-3-pro-image-preview", "gemini-3-pro-image", "gemini-3.1-flash-image-preview",
		"gemini-3.1-flash-image"}
	geminiSizes = map[string]image.Point{
		"1:1": {X: 1024, Y: 1024}, "2:3": {X: 832, Y: 1248}, "3:2": {X: 1248, Y: 832}, "3:4": {X: 864, Y: 1184},
		"4:3": {X: 1184, Y: 864}, "4:5": {X: 896, Y: 1152}, "5:4": {X: 1152, Y: 896}, "9:16": {X: 768, Y: 1344},
		"16:9": {X: 1344, Y: 768}, "21:9": {X: 1536, Y: 672},
	}
)

// Protocol buffers in JSON take both spellings of a field.
type blob struct {
	MimeType  string `json:"mimeType"`
	MimeSnake string `json:"mime_type"`
	Data      []byte `json:"data"`
}

type part struct {
	Text        string `json:"text"`
	InlineData  *blob  `json:"inlineData"`
	InlineSnake *blob  `json:"inline_data"`
}

type content struct {
	Role  string `json:"role"`
	Parts []part `json:"parts"`
}

type geminiRequest struct {
	Contents         []content `json:"contents"`
	GenerationConfig struct {
		ResponseModalities []string `json:"responseModalities"`
		Seed               *uint64  `json:"seed"`
		ImageConfig        struct {
			AspectRatio string `json:"aspectRatio"`
		} `json:"imageConfig"`
	} `json:"generationConfig"`
}

// gemini answers POST /v1beta/models/{model}:generateContent.
func (s *Server) gemini(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, 20<<20)
	model, isGenerate := strings.CutSuffix(r.PathValue("call"), ":generateContent")
	if subtle.ConstantTimeCompare([]byte(r.Header.Get("x-goog-api-key")), []byte(s.config.GeminiAPIKey)) != 1 {
		geminiError(w, http.StatusBadRequest, "INVALID_ARGUMENT", "API key not valid. Please pass a valid API key.")
		return
	}
	s.count(Gemini, model)
	if !isGenerate || !slices.Contains(geminiModels, model) {
		geminiError(w, http.StatusNotFound, "NOT_FOUND", "models/"+model+" is not found for API version v1beta, or is not supported for generateContent.")
		return
	}
	asked, wrong := readGemini(r)
	fault := s.nextFault(Gemini)
	if suffer(w, r, fault) || geminiFault(w, fault, model) {
		return
	}
	if wrong != "" {
		geminiError(w, http.StatusBadRequest, "INVALID_ARGUMENT", wrong)
		return
	}
	if asked.forbidden() {
		writeJSON(w, http.StatusOK, blockedPrompt(model))
		return
	}
	if fault.Kind == WrongSize {
		asked.width, asked.height = asked.width/2, asked.height/3
	}
	var encoded bytes.Buffer
	fastPNG := png.Encoder{CompressionLevel: png.BestSpeed}
	if err := fastPNG.Encode(&encoded, asked.draw()); err != nil {
		geminiError(w, http.StatusInternalServerError, "INTERNAL", err.Error())
		return
	}
	shown := map[string]any{"inlineData": map[string]string{"mimeType": "image/png", "data": spoil(encoded.Bytes(), fault)}}
	writeJSON(w, http.StatusOK, geminiAnswer(model, "STOP", asked, shown))
}

// readGemini reads the order, or says what is wrong with it.
func readGemini(r *http.Request) (order, string) {
	var body geminiRequest
	if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
		return order{}, "Invalid JSON payload received. " + err.Error()
	}
	ratio := body.GenerationConfig.ImageConfig.AspectRatio
	if ratio == "" {
		ratio = "1:1"
	}
	size, ok := geminiSizes[ratio]
	if !ok {
		return order{}, "Invalid aspect ratio " + ratio
	}
	if modalities := body.GenerationConfig.ResponseModalities; len(modalities) > 0 && !slices.Contains(modalities, "IMAGE") {
		return order{}, "The model does not support the requested response modalities: " + strings.Join(modalities, ",")
	}
	asked := order{seed: body.GenerationConfig.Seed, width: size.X, height: size.Y}
	for _, content := range body.Contents {
		for _, part := range content.Parts {
			asked.prompt = strings.TrimSpace(asked.prompt + " " + part.Text)
			data := part.InlineData
			if data == nil {
				data = part.InlineSnake
			}
			if data == nil {
				continue
			}
			img, err := decode(data.Data, 8192)
			if err != nil || data.MimeType+data.MimeSnake == "" {
				return order{}, "Unable to process input image. Please retry or report the image."
			}
			asked.images = append(asked.images, img)
		}
	}
	if asked.prompt == "" && len(asked.images) == 0 {
		return order{}, "* GenerateContentRequest.contents: contents is not specified"
	}
	return asked, ""
}

// geminiFault answers the faults that Gemini has words for.
func geminiFault(w http.ResponseWriter, fault Fault, model string) bool {
	switch fault.Kind {
	case Refuse:
		sorry := map[string]any{"text": "I can't make that picture, but I can describe it to you."}
		writeJSON(w, http.StatusOK, geminiAnswer(model, "STOP", order{}, sorry))
	case Safety:
		writeJSON(w, http.StatusOK, geminiAnswer(model, "IMAGE_SAFETY", order{}))
	case RateLimit, DailyLimit:
		geminiError(w, http.StatusTooManyRequests, "RESOURCE_EXHAUSTED", "You exceeded your current quota, please check your plan and billing details.")
	case OutOfCapacity:
		geminiError(w, http.StatusServiceUnavailable, "UNAVAILABLE", "The model is overloaded. Please try again later.")
	case Error500:
		geminiError(w, http.StatusInternalServerError, "INTERNAL", "An internal error has occurred.")
	default:
		return false
	}
	return true
}

func geminiAnswer(model, finish string, asked order, parts ...map[string]any) map[string]any {
	candidate := map[string]any{"index": 0, "finishReason": finish}
	if len(parts) > 0 {
		candidate["content"] = map[string]any{"role": "model", "parts": parts}
	} else {
		candidate["finishMessage"] = "Unable to show the generated image, because it may go against the policies."
	}
	prompted := len(asked.prompt)/4 + 1 + 258*len(asked.images)
	const drawn = 1290 // tokens of one image, as the price list counts
	return map[string]any{
		"candidates":   []any{candidate},
		"modelVersion": model,
		"responseId":   rand.Text(),
		"usageMetadata": map[string]any{
			"promptTokenCount": prompted, "candidatesTokenCount": drawn, "totalTokenCount": prompted + drawn,
		},
	}
}

func blockedPrompt(model string) map[string]any {
	return map[string]any{
		"promptFeedback": map[string]any{"blockReason": "PROHIBITED_CONTENT"},
		"usageMetadata":  map[string]any{"promptTokenCount": 8, "totalTokenCount": 8},
		"modelVersion":   model,
		"responseId":     rand.Text(),
	}
}

func geminiError(w http.ResponseWriter, status int, name, message string) {
	writeJSON(w, status, map[string]any{"error": map[string]any{"code": status, "message": message, "status": name}})
}
