package models_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"net/http"
	"strings"
	"testing"
	"time"

	"nanoflux.ai/backend/infra/local/models"
)

func TestFluxDrawsAtTheSizeAskedFor(t *testing.T) {
	d := open(t)
	first := d.flux(t, nil, "prompt", "a sunset at the alps", "width", "512", "height", "256", "seed", "7")
	if size := first.jpeg(t).Bounds().Size(); size != (image.Point{512, 256}) {
		t.Errorf("size %v", size)
	}
	if again := d.flux(t, nil, "prompt", "a sunset at the alps", "width", "512", "height", "256", "seed", "7"); !bytes.Equal(first.body, again.body) {
		t.Error("the same order gave another picture")
	}
	if other := d.flux(t, nil, "prompt", "a sunset at the alps", "width", "512", "height", "256"); bytes.Equal(first.body, other.body) {
		t.Error("without a seed the same picture came")
	}
}

func TestFluxChangesTheImageItIsGiven(t *testing.T) {
	d := open(t)
	before := d.flux(t, nil, "prompt", "a meadow", "width", "512", "height", "512", "seed", "7").jpeg(t)
	after := d.flux(t, [][]byte{pngOf(t, before), square(t, 64)}, "prompt", "make it black and white", "width", "512", "height", "512").jpeg(t)
	r, g, b, _ := after.At(100, 300).RGBA()
	if spread := max(r, g, b) - min(r, g, b); spread > 0x600 {
		t.Errorf("a pixel has the colour %v", after.At(100, 300))
	}
	if after.Bounds() != before.Bounds() {
		t.Errorf("size %v", after.Bounds())
	}
}

func TestFluxRefusesBadInput(t *testing.T) {
	d := open(t)
	for name, got := range map[string]answer{
		"JSON in place of a form": d.run(t, klein, "application/json", "Bearer token", strings.NewReader(`{"prompt":"x"}`)),
		"no prompt":               d.flux(t, nil, "width", "512"),
		"a prompt too long":       d.flux(t, nil, "prompt", strings.Repeat("x", 2049)),
		"a width too large":       d.flux(t, nil, "prompt", "x", "width", "4096"),
		"a width in words":        d.flux(t, nil, "prompt", "x", "width", "wide"),
		"a seed in words":         d.flux(t, nil, "prompt", "x", "seed", "lucky"),
		"an input of 513 pixels":  d.flux(t, [][]byte{square(t, 513)}, "prompt", "x"),
		"an input that is none":   d.flux(t, [][]byte{[]byte("GIF89a")}, "prompt", "x"),
		"a model nobody has":      d.run(t, "@cf/nobody/nothing", "application/json", "Bearer token", strings.NewReader(`{}`)),
		"nine steps":              d.run(t, schnell, "application/json", "Bearer token", strings.NewReader(`{"prompt":"x","steps":9}`)),
	} {
		body := got.workers(t)
		if got.status != 400 || body.Success || len(body.Errors) != 1 || body.Errors[0].Code/10 != 500 {
			t.Errorf("%s: %d %s", name, got.status, got.body)
		}
	}
	stranger := d.run(t, klein, "multipart/form-data; boundary=x", "Bearer guess", strings.NewReader(""))
	if stranger.status != 401 || stranger.workers(t).Errors[0].Code != 10000 {
		t.Errorf("a wrong token: %d %s", stranger.status, stranger.body)
	}
}

func TestSchnellTakesJSONAndDrawsOneSize(t *testing.T) {
	d := open(t)
	img := d.run(t, schnell, "application/json", "Bearer token", strings.NewReader(`{"prompt":"a cat","steps":4,"seed":3}`)).jpeg(t)
	if size := img.Bounds().Size(); size != (image.Point{1024, 1024}) {
		t.Errorf("size %v", size)
	}
}

func TestGeminiDrawsTheRatioAskedForWithoutAlpha(t *testing.T) {
	d := open(t)
	got := d.gemini(t, banana, "key", ask("a city at night", `,"seed":5,"imageConfig":{"aspectRatio":"16:9"}`))
	img := got.png(t)
	if size := img.Bounds().Size(); size != (image.Point{1344, 768}) {
		t.Errorf("size %v", size)
	}
	if img.ColorModel() != color.RGBAModel { // what Go decodes a PNG without alpha to
		t.Errorf("the picture has another colour model: %T", img)
	}
	said := got.generated(t)
	if said.ModelVersion != banana || said.UsageMetadata.TotalTokenCount == 0 {
		t.Errorf("%+v", said.UsageMetadata)
	}
}

func TestGeminiTakesImagesInBothSpellings(t *testing.T) {
	d := open(t)
	var drawn [][]byte
	for _, spelling := range []string{`{"inlineData":{"mimeType":"image/png","data":%q}}`, `{"inline_data":{"mime_type":"image/png","data":%q}}`} {
		part := fmt.Sprintf(spelling, base64.StdEncoding.EncodeToString(square(t, 600)))
		got := d.gemini(t, banana, "key", `{"contents":[{"parts":[{"text":"darker"},`+part+`]}],"generationConfig":{"seed":1}}`)
		got.png(t)
		drawn = append(drawn, got.generated(t).Candidates[0].Content.Parts[0].InlineData.Data)
	}
	if !bytes.Equal(drawn[0], drawn[1]) {
		t.Error("the spellings are understood differently")
	}
}

func TestGeminiRefusesBadInput(t *testing.T) {
	d := open(t)
	for name, c := range map[string]struct {
		got    answer
		status int
	}{
		"wrong key":     {d.gemini(t, banana, "guess", ask("x", "")), 400},
		"unknown model": {d.gemini(t, "gemini-pro-vision", "key", ask("x", "")), 404},
		"bad ratio":     {d.gemini(t, banana, "key", ask("x", `,"imageConfig":{"aspectRatio":"7:5"}`)), 400},
		"no JSON":       {d.gemini(t, banana, "key", "prompt=x"), 400},
		"nothing asked": {d.gemini(t, banana, "key", `{"contents":[]}`), 400},
		"bad image":     {d.gemini(t, banana, "key", `{"contents":[{"parts":[{"inlineData":{"mimeType":"image/png","data":"AAAA"}}]}]}`), 400},
	} {
		if said := c.got.generated(t).Error; c.got.status != c.status || said.Code != c.status || said.Status == "" {
			t.Errorf("%s: %d %s", name, c.got.status, c.got.body)
		}
	}
}

func TestForbiddenIsRefusedByBoth(t *testing.T) {
	d := open(t)
	flux := d.flux(t, nil, "prompt", "something Forbidden")
	if said := flux.workers(t); flux.status != 400 || said.Errors[0].Code != 3030 || !strings.Contains(said.Errors[0].Message, "NSFW") {
		t.Errorf("%d %s", flux.status, flux.body)
	}
	gemini := d.gemini(t, banana, "key", ask("something forbidden", ""))
	if said := gemini.generated(t); gemini.status != 200 || said.PromptFeedback.BlockReason == "" || len(said.Candidates) != 0 {
		t.Errorf("%d %s", gemini.status, gemini.body)
	}
}

func TestFaultsStrikeAsOftenAsToldThenEnd(t *testing.T) {
	d := open(t)
	for kind, want := range map[string]struct{ status, code int }{
		models.OutOfCapacity: {429, 3040}, models.DailyLimit: {429, 3036}, models.RateLimit: {429, 971},
		models.Safety: {400, 3030}, models.Error500: {500, 3043},
	} {
		d.Faults(models.Fault{Provider: models.WorkersAI, Kind: kind})
		got := d.flux(t, nil, "prompt", "x", "width", "256", "height", "256")
		if got.status != want.status || got.workers(t).Errors[0].Code != want.code {
			t.Errorf("%s: %d %s", kind, got.status, got.body)
		}
	}
	for kind, status := range map[string]int{models.OutOfCapacity: 503, models.DailyLimit: 429, models.Safety: 200, models.Error500: 500, models.Refuse: 200} {
		d.Faults(models.Fault{Provider: models.Gemini, Kind: kind})
		got := d.gemini(t, banana, "key", ask("x", ""))
		if got.status != status || strings.Contains(string(got.body), "inlineData") {
			t.Errorf("%s: %d %.200s", kind, got.status, got.body)
		}
	}
	d.Faults(models.Fault{Provider: models.Gemini, Kind: models.HTML, Next: 2})
	d.flux(t, nil, "prompt", "x", "width", "256", "height", "256").jpeg(t)
	for i, status := range []int{502, 502, 200} {
		if got := d.gemini(t, banana, "key", ask("x", "")); got.status != status {
			t.Errorf("call %d answered %d", i, got.status)
		}
	}
}

func TestBadImagesComeInGoodEnvelopes(t *testing.T) {
	d := open(t)
	for _, kind := range []string{models.Rubbish, models.Truncated, models.Refuse} {
		d.Faults(models.Fault{Kind: kind})
		got := d.flux(t, nil, "prompt", "x", "width", "256", "height", "256").workers(t)
		encoded, err := base64.StdEncoding.DecodeString(got.Result.Image)
		if _, bad := jpeg.Decode(bytes.NewReader(encoded)); !got.Success || err != nil || bad == nil {
			t.Errorf("%s: success %v, %v, image %v", kind, got.Success, err, bad)
		}
	}
	d.Faults(models.Fault{Kind: models.WrongSize})
	if size := d.flux(t, nil, "prompt", "x", "width", "512", "height", "512").jpeg(t).Bounds().Size(); size == (image.Point{512, 512}) {
		t.Error("the size is right")
	}
	d.Faults(models.Fault{Kind: models.Empty})
	if got := d.flux(t, nil, "prompt", "x"); got.status != 200 || len(got.body) != 0 {
		t.Errorf("empty: %d %q", got.status, got.body)
	}
}

func TestSlowAnswersLateAndHangNotAtAll(t *testing.T) {
	d := open(t)
	d.Faults(models.Fault{Kind: models.Slow, DelayMS: 120})
	began := time.Now()
	d.flux(t, nil, "prompt", "x", "width", "256", "height", "256").jpeg(t)
	if took := time.Since(began); took < 120*time.Millisecond {
		t.Errorf("slow took %v", took)
	}
	d.Faults(models.Fault{Kind: models.Hang})
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	request, _ := http.NewRequestWithContext(ctx, "POST", d.url+"/v1beta/models/"+banana+":generateContent", strings.NewReader(ask("x", "")))
	request.Header.Set("x-goog-api-key", "key")
	if _, err := http.DefaultClient.Do(request); err == nil {
		t.Error("a hanging call answered")
	}
	d.Faults(models.Fault{Kind: models.Hang, DelayMS: 1})
	request, _ = http.NewRequest("POST", d.url+"/v1beta/models/"+banana+":generateContent", strings.NewReader(ask("x", "")))
	request.Header.Set("x-goog-api-key", "key")
	if _, err := http.DefaultClient.Do(request); err == nil {
		t.Error("the connection did not break off")
	}
}

func TestFaultsAndCountsWorkOverHTTP(t *testing.T) {
	d := open(t)
	tell := func(method, body string) int {
		request, _ := http.NewRequest(method, d.url+"/_faults", strings.NewReader(body))
		return send(t, request).status
	}
	if status := tell("POST", `{"provider":"workers-ai","next":9,"kind":"error500"}`); status != 204 {
		t.Fatal(status)
	}
	if status := tell("POST", `{"provider":"openai","kind":"error500"}`); status != 400 {
		t.Errorf("an unknown provider answered %d", status)
	}
	if got := d.flux(t, nil, "prompt", "x"); got.status != 500 {
		t.Errorf("answered %d", got.status)
	}
	tell("DELETE", "")
	d.flux(t, nil, "prompt", "x", "width", "256", "height", "256").jpeg(t)
	d.gemini(t, banana, "key", ask("forbidden", ""))
	d.gemini(t, banana, "guess", ask("x", ""))
	request, _ := http.NewRequest("GET", d.url+"/_calls", nil)
	var counts map[string]models.Count
	if err := json.Unmarshal(send(t, request).body, &counts); err != nil {
		t.Fatal(err)
	}
	if counts["workers-ai"].Total != 2 || counts["workers-ai"].Models[klein] != 2 || counts["gemini"].Total != 1 {
		t.Errorf("%+v", counts)
	}
}
