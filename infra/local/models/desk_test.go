package models_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"image"
	"image/jpeg"
	"image/png"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"nanoflux.ai/backend/infra/local/models"
)

const (
	klein   = "@cf/black-forest-labs/flux-2-klein-4b"
	schnell = "@cf/black-forest-labs/flux-1-schnell"
	banana  = "gemini-2.5-flash-image"
)

type desk struct {
	*models.Server
	url string
}

func open(t *testing.T) desk {
	t.Helper()
	server := models.New(models.Config{WorkersAIToken: "token", GeminiAPIKey: "key"})
	listening := httptest.NewServer(server)
	t.Cleanup(listening.Close)
	return desk{server, listening.URL}
}

type answer struct {
	status int
	body   []byte
	header http.Header
}

func send(t *testing.T, request *http.Request) answer {
	t.Helper()
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{response.StatusCode, body, response.Header}
}

// flux sends a form to Workers AI; fields are names and values in turn.
func (d desk) flux(t *testing.T, images [][]byte, fields ...string) answer {
	t.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	for i := 0; i < len(fields); i += 2 {
		if err := form.WriteField(fields[i], fields[i+1]); err != nil {
			t.Fatal(err)
		}
	}
	for i, encoded := range images {
		part, err := form.CreateFormFile(fmt.Sprintf("input_image_%d", i), "input.png")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := part.Write(encoded); err != nil {
			t.Fatal(err)
		}
	}
	form.Close()
	return d.run(t, klein, form.FormDataContentType(), "Bearer token", &body)
}

func (d desk) run(t *testing.T, model, contentType, authorization string, body io.Reader) answer {
	t.Helper()
	request, err := http.NewRequest("POST", d.url+"/client/v4/accounts/account/ai/run/"+model, body)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", contentType)
	request.Header.Set("Authorization", authorization)
	return send(t, request)
}

func (d desk) gemini(t *testing.T, model, key, body string) answer {
	t.Helper()
	request, err := http.NewRequest("POST", d.url+"/v1beta/models/"+model+":generateContent", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("x-goog-api-key", key)
	return send(t, request)
}

func ask(prompt, config string) string {
	return fmt.Sprintf(`{"contents":[{"parts":[{"text":%q}]}],"generationConfig":{"responseModalities":["IMAGE"]%s}}`, prompt, config)
}

type workersAnswer struct {
	Result  struct{ Image string }
	Success bool
	Errors  []struct {
		Code    int
		Message string
	}
	Messages []any
}

func (a answer) workers(t *testing.T) (got workersAnswer) {
	t.Helper()
	if err := json.Unmarshal(a.body, &got); err != nil {
		t.Fatalf("%d %s: %v", a.status, a.body, err)
	}
	return got
}

// jpeg decodes the image of a good answer.
func (a answer) jpeg(t *testing.T) image.Image {
	t.Helper()
	got := a.workers(t)
	if a.status != 200 || !got.Success || got.Errors == nil || got.Messages == nil {
		t.Fatalf("%d %.300s", a.status, a.body)
	}
	encoded, err := base64.StdEncoding.DecodeString(got.Result.Image)
	if err != nil {
		t.Fatal(err)
	}
	img, err := jpeg.Decode(bytes.NewReader(encoded))
	if err != nil {
		t.Fatal(err)
	}
	return img
}

type geminiAnswer struct {
	Candidates []struct {
		FinishReason string
		Content      struct {
			Parts []struct {
				Text       string
				InlineData *struct {
					MimeType string
					Data     []byte
				}
			}
		}
	}
	PromptFeedback struct{ BlockReason string }
	UsageMetadata  struct{ TotalTokenCount int }
	ModelVersion   string
	Error          struct {
		Code            int
		Message, Status string
	}
}

func (a answer) generated(t *testing.T) (got geminiAnswer) {
	t.Helper()
	if err := json.Unmarshal(a.body, &got); err != nil {
		t.Fatalf("%d %s: %v", a.status, a.body, err)
	}
	return got
}

// png decodes the image of a good answer.
func (a answer) png(t *testing.T) image.Image {
	t.Helper()
	got := a.generated(t)
	if a.status != 200 || len(got.Candidates) != 1 || got.Candidates[0].FinishReason != "STOP" || got.Candidates[0].Content.Parts[0].InlineData == nil {
		t.Fatalf("%d %.300s", a.status, a.body)
	}
	img, err := png.Decode(bytes.NewReader(got.Candidates[0].Content.Parts[0].InlineData.Data))
	if err != nil {
		t.Fatal(err)
	}
	return img
}

func square(t *testing.T, side int) []byte {
	t.Helper()
	img := image.NewRGBA(image.Rect(0, 0, side, side))
	for i := range img.Pix {
		img.Pix[i] = byte(i / 97)
	}
	return pngOf(t, img)
}

func pngOf(t *testing.T, img image.Image) []byte {
	t.Helper()
	var file bytes.Buffer
	if err := png.Encode(&file, img); err != nil {
		t.Fatal(err)
	}
	return file.Bytes()
}
