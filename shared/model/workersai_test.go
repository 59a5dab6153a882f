package model

import (
	"bytes"
	"encoding/base64"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"
)

func TestWorkersAIGetsAFormAndGivesThePicture(t *testing.T) {
	want, input := picture(t), picture(t)
	artist := artists(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost || r.URL.Path != "/ai/run/"+flux || r.Header.Get("Authorization") != "Bearer token" {
			t.Errorf("%s %s %v", r.Method, r.URL.Path, r.Header)
		}
		if err := r.ParseMultipartForm(1 << 20); err != nil {
			t.Fatal(err)
		}
		for field, value := range map[string]string{"prompt": secret, "width": "1024", "height": "768", "seed": "7"} {
			if got := r.FormValue(field); got != value {
				t.Errorf("%s is %q", field, got)
			}
		}
		for _, field := range []string{"input_image_0", "input_image_1"} {
			file, head, err := r.FormFile(field)
			if err != nil {
				t.Fatalf("%s: %v", field, err)
			}
			got, _ := io.ReadAll(file)
			if !bytes.Equal(got, input) || head.Header.Get("Content-Type") != "image/png" {
				t.Errorf("%s: %d bytes of %v", field, len(got), head.Header)
			}
		}
		io.WriteString(w, workersSays(want))
	})[flux]
	file, err := artist.Draw(t.Context(), Order{Model: flux, Prompt: secret, Width: 1024, Height: 768, Seed: 7 + 1<<40, Images: [][]byte{input, input}})
	if err != nil || !bytes.Equal(file, want) {
		t.Errorf("%d bytes, %v", len(file), err)
	}
}

func TestWorkersAITakesABarePromptAsAFormToo(t *testing.T) {
	artist := artists(t, func(w http.ResponseWriter, r *http.Request) {
		if err := r.ParseMultipartForm(1 << 20); err != nil || r.FormValue("prompt") != secret || r.FormValue("width") != "" {
			t.Errorf("%v %v", err, r.Form)
		}
		io.WriteString(w, workersSays(picture(t)))
	})[flux]
	if _, err := artist.Draw(t.Context(), Order{Model: flux, Prompt: secret}); err != nil {
		t.Error(err)
	}
}

func workersError(code, message string) string {
	return `{"result":null,"success":false,"errors":[{"code":` + code + `,"message":"` + message + `"}],"messages":[]}`
}

func TestWorkersAIsBadAnswers(t *testing.T) {
	html := "<html>" + secret + "</html>"
	badAnswers(t, flux, map[string]struct {
		answer answer
		want   Reason
	}{
		"out of capacity":         {answer{429, nil, workersError("3040", "No more data centers")}, Later},
		"daily allocation":        {answer{429, nil, workersError("3036", "used up")}, Exhausted},
		"allocation, other code":  {answer{429, nil, workersError("4006", "you have used up your daily free allocation")}, Exhausted},
		"capacity in a 200":       {answer{200, nil, workersError("3040", "Capacity temporarily exceeded")}, Later},
		"429 in words":            {answer{429, nil, html}, Later},
		"429 of the API":          {answer{429, nil, workersError("971", "slow down")}, Later},
		"timeout":                 {answer{408, nil, workersError("3007", "timeout")}, Broken},
		"aborted":                 {answer{408, nil, workersError("3008", "aborted")}, Broken},
		"408 in words":            {answer{408, nil, ""}, Broken},
		"filter":                  {answer{400, nil, workersError("3030", "AiError: Input prompt contains NSFW content: "+secret)}, Refused},
		"newer filter":            {answer{400, nil, workersError("8007", "Input prompt contains NSFW content")}, Refused},
		"filter of the result":    {answer{400, nil, workersError("3030", "Your output has been flagged")}, Refused},
		"filter in a 200":         {answer{200, nil, workersError("8007", "Input prompt contains NSFW content")}, Refused},
		"3030 that is no filter":  {answer{400, nil, workersError("3030", "AiError: Internal Server Error")}, Broken},
		"allocation in a 200":     {answer{200, nil, workersError("3036", "used up")}, Exhausted},
		"wrong token":             {answer{401, nil, workersError("10000", "Authentication error")}, Misconfigured},
		"forbidden":               {answer{403, nil, workersError("5018", "not allowed")}, Misconfigured},
		"no such model":           {answer{400, nil, workersError("5007", "No such model")}, Misconfigured},
		"no such place":           {answer{404, nil, workersError("7003", "Could not route")}, Misconfigured},
		"too large":               {answer{413, nil, workersError("3006", "Request is too large")}, Misconfigured},
		"500":                     {answer{500, nil, workersError("1000", secret)}, Broken},
		"502 in HTML":             {answer{502, nil, html}, Broken},
		"200 in HTML":             {answer{200, nil, html}, Broken},
		"200 without a body":      {answer{200, nil, ""}, Broken},
		"cut JSON":                {answer{200, nil, `{"result":{"image":"aGVs`}, Broken},
		"200 without image":       {answer{200, nil, `{"result":{},"success":true,"errors":[]}`}, Broken},
		"success with no success": {answer{200, nil, `{"result":{"image":"aGVs"},"success":false,"errors":[]}`}, Broken},
		"null":                    {answer{200, nil, `null`}, Broken},
		"rubbish base64":          {answer{200, nil, `{"result":{"image":"!!!"},"success":true}`}, Broken},
		"words in base64": {answer{200, nil, `{"result":{"image":"` +
			base64.StdEncoding.EncodeToString([]byte("not a picture")) + `"},"success":true}`}, Broken},
		"shorter than promised": {answer{200, map[string]string{"Content-Length": "5000"}, workersSays([]byte("x"))}, Broken},
	})
}

func TestWorkersAISaysWhenToComeBack(t *testing.T) {
	body := workersError("3040", "No more data centers")
	for header, want := range map[string]time.Duration{"7": 7 * time.Second, "": busy, "rubbish": busy, "-5": busy, "999999999": time.Hour} {
		if _, f := draw(t, flux, answer{429, map[string]string{"Retry-After": header}, body}); f == nil || f.After != want {
			t.Errorf("%q: %+v", header, f)
		}
	}
}

func TestAPictureSentWithAnErrorStatusIsNotTaken(t *testing.T) {
	if file, f := draw(t, flux, answer{http.StatusInternalServerError, nil, workersSays(picture(t))}); f == nil || file != nil {
		t.Errorf("%d bytes", len(file))
	}
}

func TestATrailingSlashInTheAddressDoesNoHarm(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/ai/run/"+flux {
			t.Error(r.URL.Path)
		}
		io.WriteString(w, workersSays(picture(t)))
	}))
	defer server.Close()
	if _, err := NewWorkersAI(server.URL+"/ai/run/", "token").Draw(t.Context(), Order{Model: flux}); err != nil {
		t.Error(err)
	}
}
