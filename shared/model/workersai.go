package model

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"strconv"
	"strings"

	"nanoflux.ai/backend/shared/outbound"
)

// WorkersAI draws with the FLUX.2 models of Cloudflare Workers AI
// (https://developers.cloudflare.com/workers-ai/models/flux-2-klein-4b/).
type WorkersAI struct {
	url, token string
	client     *http.Client
}

// NewWorkersAI takes the address up to /ai/run, without the model, plus an API token that may run Workers AI.
func NewWorkersAI(url, token string) *WorkersAI {
	return &WorkersAI{strings.TrimRight(url, "/"), token, outbound.Client(0)}
}

// Draw runs a model. The answer's size is the order's width and height.
func (w *WorkersAI) Draw(ctx context.Context, order Order) ([]byte, error) {
	body, contentType, err := workersForm(order)
	if err != nil {
		return nil, failure(Misconfigured, "form", err)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, w.url+"/"+order.Model, body)
	if err != nil {
		return nil, failure(Misconfigured, "address", nil)
	}
	request.Header.Set("Authorization", "Bearer "+w.token)
	request.Header.Set("Content-Type", contentType)
	r, err := send(w.client, request)
	if err != nil {
		return nil, err
	}
	return workersImage(r)
}

// workersForm is multipart even for a bare prompt; the FLUX.2 models take nothing else.
func workersForm(order Order) (*bytes.Buffer, string, error) {
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	fields := [][2]string{{"prompt", order.Prompt}, {"seed", strconv.FormatInt(seed31(order.Seed), 10)}}
	if order.Width > 0 && order.Height > 0 {
		fields = append(fields, [2]string{"width", strconv.Itoa(order.Width)}, [2]string{"height", strconv.Itoa(order.Height)})
	}
	for _, f := range fields {
		if err := form.WriteField(f[0], f[1]); err != nil {
			return nil, "", err
		}
	}
	for i, image := range order.Images {
		part, err := form.CreatePart(textproto.MIMEHeader{
			"Content-Disposition": {fmt.Sprintf(`form-data; name="input_image_%d"; filename="input_%d"`, i, i)},
			"Content-Type":        {http.DetectContentType(image)},
		})
		if err != nil {
			return nil, "", err
		}
		if _, err := part.Write(image); err != nil {
			return nil, "", err
		}
	}
	err := form.Close()
	return &body, form.FormDataContentType(), err
}

func seed31(seed int64) int64 { return seed & (1<<31 - 1) }

// workersAnswer is the envelope of Cloudflare's API.
type workersAnswer struct {
	Success bool
	Result  struct{ Image string }
	Errors  []struct {
		Code    int
		Message string
	}
}

func workersImage(r reply) ([]byte, error) {
	var a workersAnswer
	if err := json.Unmarshal(r.body, &a); err != nil {
		f := byStatus(r)
		f.Detail += ", not JSON"
		return nil, f
	}
	switch {
	case len(a.Errors) > 0:
		return nil, workersFailure(r, a)
	case r.status >= 300:
		return nil, byStatus(r)
	case !a.Success || a.Result.Image == "":
		return nil, failure(Broken, "no image", nil)
	}
	return decodeImage(a.Result.Image)
}

// workersFailure goes by Cloudflare's internal code: one status means several things, 429 both "come back soon" and "not
// today" (https://developers.cloudflare.com/workers-ai/platform/errors/).
func workersFailure(r reply, a workersAnswer) *Failure {
	e := a.Errors[0]
	detail := fmt.Sprintf("HTTP %d, code %d", r.status, e.Code)
	switch e.Code {
	case 3036, 4006: // the daily allocation is used up; 4006 is not in the table, but is what accounts see
		return failure(Exhausted, detail, nil)
	case 3040: // out of capacity
		f := failure(Later, detail, nil)
		f.After = retryAfter(r.header, busy)
		return f
	case 3007, 3008: // timeout, aborted
		return failure(Broken, detail, nil)
	case 3003, 3006, 3023, 3039, 3041, 3042, 5004, 5005, 5006, 5007, 5016, 5018, 5019: // request, model or account is wrong
		return failure(Misconfigured, detail, nil)
	}
	// The filter for prompts answers 3030 or 8007, neither documented, and 3030 has other meanings: the words decide.
	if words := strings.ToLower(e.Message); strings.Contains(words, "nsfw") || strings.Contains(words, "flagged") {
		return failure(Refused, detail, nil)
	}
	f := byStatus(r)
	if e.Code == 3030 { // any other fault of the model's own, though the status is 400
		f = failure(Broken, "", nil)
	}
	f.Detail = detail
	return f
}
