package model

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestGeminiGetsPicturesWithWordsAndGivesThePicture(t *testing.T) {
	want, input := picture(t), picture(t)
	artist := artists(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost || r.URL.Path != "/v1beta/models/"+banana+":generateContent" || r.Header.Get("X-Goog-Api-Key") != "key" || r.URL.RawQuery != "" {
			t.Errorf("%s %s %v", r.Method, r.URL, r.Header)
		}
		var got map[string]any
		if err := json.NewDecoder(r.Body).Decode(&got); err != nil {
			t.Fatal(err)
		}
		want, _ := json.Marshal(map[string]any{
			"contents": []any{map[string]any{"role": "user", "parts": []any{geminiPicture(input), map[string]any{"text": secret}}}},
			"generationConfig": map[string]any{"responseModalities": []string{"IMAGE"}, "seed": 7,
				"imageConfig": map[string]any{"aspectRatio": "4:3"}},
		})
		if sent, _ := json.Marshal(got); string(sent) != string(want) {
			t.Errorf("sent %s\nwant %s", sent, want)
		}
		io.WriteString(w, geminiSays(map[string]any{"text": "Here you are."}, geminiPicture(picture(t))))
	})[banana]
	file, err := artist.Draw(t.Context(), Order{Model: banana, Prompt: secret, Width: 1024, Height: 768, Seed: 7, Images: [][]byte{input}})
	if err != nil || !bytes.Equal(file, want) {
		t.Errorf("%d bytes, %v", len(file), err)
	}
}

func TestGeminiIsAskedForTheNearestRatio(t *testing.T) {
	for size, want := range map[[2]int]string{{512, 512}: "1:1", {1920, 1080}: "16:9", {1080, 1920}: "9:16", {1000, 1490}: "2:3", {5000, 100}: "21:9", {1024, 819}: "5:4"} {
		if got := nearestRatio(size[0], size[1]); got != want {
			t.Errorf("%v: %s, want %s", size, got, want)
		}
	}
	if b, _ := json.Marshal(geminiOrder(Order{})); strings.Contains(string(b), "imageConfig") {
		t.Error("without a size the model follows its input")
	}
}

func TestGeminisSketchesAreSkipped(t *testing.T) {
	sketch := geminiPicture([]byte("sketch"))
	sketch["thought"] = true
	if _, f := draw(t, banana, answer{200, nil, geminiSays(sketch, geminiPicture(picture(t)))}); f != nil {
		t.Error(f)
	}
}

func finished(reason string) string {
	return `{"candidates":[{"finishReason":"` + reason + `"}]}`
}

func rpcError(status, details string) string {
	return `{"error":{"code":0,"message":"` + secret + `","status":"` + status + `","details":[` + details + `]}}`
}

const (
	retryInfo  = `{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"46.5s"}`
	longInfo   = `{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"37029s"}`
	dailyQuota = `{"@type":"type.googleapis.com/google.rpc.QuotaFailure","violations":[{"quotaId":"GenerateRequestsPerDayPerProjectPerModel-FreeTier"}]}`
)

func TestGeminisBadAnswers(t *testing.T) {
	html := "<html>" + secret + "</html>"
	badAnswers(t, banana, map[string]struct {
		answer answer
		want   Reason
	}{
		"blocked prompt":       {answer{200, nil, `{"promptFeedback":{"blockReason":"PROHIBITED_CONTENT"}}`}, Refused},
		"unknown block reason": {answer{200, nil, `{"promptFeedback":{"blockReason":"` + secret + `"}}`}, Refused},
		"image safety":         {answer{200, nil, finished("IMAGE_SAFETY")}, Refused},
		"prohibited content":   {answer{200, nil, finished("PROHIBITED_CONTENT")}, Refused},
		"prohibited image":     {answer{200, nil, finished("IMAGE_PROHIBITED_CONTENT")}, Refused},
		"safety":               {answer{200, nil, finished("SAFETY")}, Refused},
		"recitation":           {answer{200, nil, finished("IMAGE_RECITATION")}, Refused},
		"language":             {answer{200, nil, finished("LANGUAGE")}, Refused},
		"image beside safety": {answer{200, nil, strings.Replace(geminiSays(geminiPicture(picture(t))), "STOP",
			"IMAGE_SAFETY", 1)}, Refused},
		"no image":           {answer{200, nil, finished("NO_IMAGE")}, Broken},
		"other":              {answer{200, nil, finished("OTHER")}, Broken},
		"strange reason":     {answer{200, nil, finished(secret)}, Broken},
		"no candidates":      {answer{200, nil, `{"candidates":[]}`}, Broken},
		"empty":              {answer{200, nil, `{}`}, Broken},
		"null":               {answer{200, nil, `null`}, Broken},
		"words, no image":    {answer{200, nil, geminiSays(map[string]any{"text": secret})}, Broken},
		"no parts":           {answer{200, nil, geminiSays()}, Broken},
		"rubbish base64":     {answer{200, nil, strings.Replace(geminiSays(geminiPicture(picture(t))), `"data":"`, `"data":"!`, 1)}, Broken},
		"words in base64":    {answer{200, nil, geminiSays(geminiPicture([]byte("not a picture")))}, Broken},
		"empty image":        {answer{200, nil, geminiSays(geminiPicture(nil))}, Broken},
		"cut JSON":           {answer{200, nil, geminiSays(geminiPicture(picture(t)))[:80]}, Broken},
		"200 in HTML":        {answer{200, nil, html}, Broken},
		"502 in HTML":        {answer{502, nil, html}, Broken},
		"404 in HTML":        {answer{404, nil, html}, Misconfigured},
		"by the minute":      {answer{429, nil, rpcError("RESOURCE_EXHAUSTED", retryInfo)}, Later},
		"by the day":         {answer{429, nil, rpcError("RESOURCE_EXHAUSTED", retryInfo+","+dailyQuota)}, Exhausted},
		"for ten hours":      {answer{429, nil, rpcError("RESOURCE_EXHAUSTED", longInfo)}, Exhausted},
		"429 alone":          {answer{429, nil, ""}, Later},
		"overloaded":         {answer{503, nil, rpcError("UNAVAILABLE", "")}, Later},
		"internal":           {answer{500, nil, rpcError("INTERNAL", "")}, Broken},
		"too slow":           {answer{504, nil, rpcError("DEADLINE_EXCEEDED", "")}, Broken},
		"408":                {answer{408, nil, ""}, Broken},
		"wrong key":          {answer{400, nil, rpcError("INVALID_ARGUMENT", `{"reason":"API_KEY_INVALID"}`)}, Misconfigured},
		"no key":             {answer{401, nil, rpcError("UNAUTHENTICATED", "")}, Misconfigured},
		"forbidden":          {answer{403, nil, rpcError("PERMISSION_DENIED", "")}, Misconfigured},
		"no such model":      {answer{404, nil, rpcError("NOT_FOUND", "")}, Misconfigured},
		"strange status":     {answer{500, nil, rpcError(secret, "")}, Broken},
		"error inside a 200": {answer{200, nil, rpcError("INTERNAL", "")}, Broken},
	})
}

func TestGeminiSaysWhenToComeBack(t *testing.T) {
	if _, f := draw(t, banana, answer{429, nil, rpcError("RESOURCE_EXHAUSTED", retryInfo)}); f == nil || f.After != 46500*time.Millisecond {
		t.Errorf("%+v", f)
	}
	if _, f := draw(t, banana, answer{503, map[string]string{"Retry-After": "9"}, rpcError("UNAVAILABLE", "")}); f == nil || f.After != 9*time.Second {
		t.Errorf("%+v", f)
	}
}
