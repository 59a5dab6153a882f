package model

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"strings"
	"time"

	"nanoflux.ai/backend/shared/outbound"
)

// Gemini draws with Google's Gemini image models over REST (https://ai.google.dev/api/generate-content). They give opaque
// pictures only.
type Gemini struct {
	url, key string
	client   *http.Client
}

// ErrRetention says that Gemini may not be used, because it keeps what it gets for longer than this service may.
var ErrRetention = errors.New("Gemini keeps prompts for 55 days, an account must be gone after 30: " +
	"set GEMINI_ZERO_RETENTION=agreed once Google has approved zero data retention for the project, or do without Gemini")

// NewGemini takes the API's origin, a key, and whether zero retention is agreed with Google: only "agreed" opens the door, as
// shared/party says.
func NewGemini(url, key, zeroRetention string) (*Gemini, error) {
	if zeroRetention != "agreed" {
		return nil, ErrRetention
	}
	return &Gemini{strings.TrimRight(url, "/"), key, outbound.Client(0)}, nil
}

// What goes out.
type (
	geminiRequest struct {
		Contents   []geminiContent `json:"contents"`
		Generation geminiConfig    `json:"generationConfig"`
	}
	geminiContent struct {
		Role  string       `json:"role,omitempty"`
		Parts []geminiPart `json:"parts"`
	}
	geminiPart struct {
		Text    string      `json:"text,omitempty"`
		Inline  *geminiBlob `json:"inlineData,omitempty"`
		Thought bool        `json:"thought,omitempty"` // a sketch on the way, in answers only
	}
	geminiBlob struct {
		MIMEType string `json:"mimeType"`
		Data     string `json:"data"` // base64
	}
	geminiConfig struct {
		Modalities []string     `json:"responseModalities"`
		Seed       int64        `json:"seed"`
		Image      *geminiRatio `json:"imageConfig,omitempty"`
	}
	geminiRatio struct {
		AspectRatio string `json:"aspectRatio"`
	}
)

// What comes back.
type geminiAnswer struct {
	Candidates []struct {
		Content      geminiContent `json:"content"`
		FinishReason string        `json:"finishReason"`
	} `json:"candidates"`
	Feedback struct {
		BlockReason string `json:"blockReason"`
	} `json:"promptFeedback"`
	Error *geminiError `json:"error"`
}

// geminiError is google.rpc.Status with the two details that say how long a 429 lasts (https://google.aip.dev/193).
type geminiError struct {
	Status  string `json:"status"`
	Details []struct {
		RetryDelay string `json:"retryDelay"` // of a RetryInfo, "46s"
		Violations []struct {
			QuotaID string `json:"quotaId"`
		} `json:"violations"` // of a QuotaFailure
	} `json:"details"`
}

// Draw asks for one picture. Its size is the model's own for the ratio nearest to the order's.
func (g *Gemini) Draw(ctx context.Context, order Order) ([]byte, error) {
	body, err := json.Marshal(geminiOrder(order))
	if err != nil {
		return nil, failure(Misconfigured, "request", nil)
	}
	address := g.url + "/v1beta/models/" + order.Model + ":generateContent"
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		return nil, failure(Misconfigured, "address", nil)
	}
	request.Header.Set("X-Goog-Api-Key", g.key)
	request.Header.Set("Content-Type", "application/json")
	r, err := send(g.client, request)
	if err != nil {
		return nil, err
	}
	return geminiImage(r)
}

func geminiOrder(order Order) geminiRequest {
	var parts []geminiPart
	for _, image := range order.Images {
		parts = append(parts, geminiPart{Inline: inline(image)})
	}
	parts = append(parts, geminiPart{Text: order.Prompt})
	config := geminiConfig{Modalities: []string{"IMAGE"}, Seed: seed31(order.Seed)}
	if order.Width > 0 && order.Height > 0 {
		config.Image = &geminiRatio{nearestRatio(order.Width, order.Height)}
	}
	return geminiRequest{[]geminiContent{{Role: "user", Parts: parts}}, config}
}

// nearestRatio picks from the ratios that gemini-2.5-flash-image knows.
func nearestRatio(width, height int) string {
	best, least := "", math.Inf(1)
	for _, r := range [][2]int{{1, 1}, {2, 3}, {3, 2}, {3, 4}, {4, 3}, {4, 5}, {5, 4}, {9, 16}, {16, 9}, {21, 9}} {
		off := math.Abs(math.Log(float64(width*r[1]) / float64(height*r[0])))
		if off < least {
			best, least = fmt.Sprintf("%d:%d", r[0], r[1]), off
		}
	}
	return best
}

// geminiImage finds the picture. The API answers 200 for refusals too, and may send words where a picture was asked for.
func geminiImage(r reply) ([]byte, error) {
	var a geminiAnswer
	if err := json.Unmarshal(r.body, &a); err != nil {
		f := byStatus(r)
		f.Detail += ", not JSON"
		return nil, f
	}
	switch {
	case a.Error != nil:
		return nil, geminiFailure(r, *a.Error)
	case r.status >= 300:
		return nil, byStatus(r)
	case a.Feedback.BlockReason != "":
		return nil, failure(Refused, "block reason "+code(a.Feedback.BlockReason), nil)
	case len(a.Candidates) == 0:
		return nil, failure(Broken, "no candidates", nil)
	}
	c := a.Candidates[0]
	if f := geminiFinish(c.FinishReason); f != nil {
		return nil, f
	}
	for _, p := range c.Content.Parts {
		if p.Inline != nil && !p.Thought {
			return decodeImage(p.Inline.Data)
		}
	}
	return nil, failure(Broken, "no image, finish reason "+code(c.FinishReason), nil)
}

// geminiFinish sorts the reasons that blame the order from those that do not, which end in "no image" by themselves
// (https://ai.google.dev/api/generate-content#FinishReason).
func geminiFinish(reason string) *Failure {
	switch reason {
	case "SAFETY", "IMAGE_SAFETY", "PROHIBITED_CONTENT", "IMAGE_PROHIBITED_CONTENT", "BLOCKLIST", "SPII",
		"RECITATION", "IMAGE_RECITATION", "LANGUAGE":
		return failure(Refused, "finish reason "+code(reason), nil)
	}
	return nil
}

// geminiFailure goes by the RPC status (https://ai.google.dev/gemini-api/docs/troubleshooting).
func geminiFailure(r reply, e geminiError) *Failure {
	detail := fmt.Sprintf("HTTP %d, status %s", r.status, code(e.Status))
	switch e.Status {
	case "RESOURCE_EXHAUSTED":
		return geminiQuota(r, e, detail)
	case "UNAVAILABLE": // overloaded
		f := failure(Later, detail, nil)
		f.After = retryAfter(r.header, busy)
		return f
	case "INTERNAL", "DEADLINE_EXCEEDED", "CANCELLED", "UNKNOWN", "ABORTED":
		return failure(Broken, detail, nil)
	case "INVALID_ARGUMENT", "FAILED_PRECONDITION", "UNAUTHENTICATED", "PERMISSION_DENIED", "NOT_FOUND":
		return failure(Misconfigured, detail, nil)
	}
	f := byStatus(r)
	f.Detail = detail
	return f
}

// geminiQuota tells a limit by the minute, worth waiting for, from one by the day.
func geminiQuota(r reply, e geminiError, detail string) *Failure {
	const worthWaiting = 10 * time.Minute
	f := failure(Later, detail, nil)
	f.After = retryAfter(r.header, busy)
	for _, d := range e.Details {
		if wait, err := time.ParseDuration(d.RetryDelay); err == nil && wait > 0 {
			f.After = wait
		}
		for _, v := range d.Violations {
			if strings.Contains(v.QuotaID, "PerDay") {
				return failure(Exhausted, detail+", by the day", nil)
			}
		}
	}
	if f.After > worthWaiting {
		return failure(Exhausted, detail+", for long", nil)
	}
	return f
}

func inline(image []byte) *geminiBlob {
	return &geminiBlob{http.DetectContentType(image), base64.StdEncoding.EncodeToString(image)}
}

// code lets only an enum's letters through to the log, whatever the provider put in its place.
func code(s string) string {
	for _, r := range s {
		if r != '_' && (r < 'A' || r > 'Z') {
			return "unknown"
		}
	}
	return s[:min(len(s), 40)]
}
