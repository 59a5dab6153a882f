package web

import (
	"fmt"
	"math"
	"net/http"
	"strings"
	"testing"
)

type order struct {
	Tool   string   `json:"tool"`
	Seed   *int     `json:"seed"`
	Images []string `json:"images"`
	Size   struct {
		Width int `json:"width"`
	} `json:"size"`
}

// reader is a bench whose story reads an order and says what it got.
func reader(t *testing.T) *bench {
	return story(t, func(w http.ResponseWriter, r *http.Request) error {
		var o order
		if err := Read(r, &o); err != nil {
			return err
		}
		return JSON(w, http.StatusCreated, o)
	})
}

func TestReadTakesOneObjectOfKnownFields(t *testing.T) {
	b := reader(t)
	for _, kind := range []string{"application/json", "application/json; charset=utf-8", "Application/JSON"} {
		a := b.send(ask(t, "POST", "/", jsonBody(` {"tool":"edit","tool":"upscale","seed":7,"size":{"width":3}} `), header("content-type", kind)))
		if want := `{"tool":"upscale","seed":7,"images":null,"size":{"width":3}}` + "\n"; a.status != 201 || a.body != want {
			t.Errorf("%s: got %d %s", kind, a.status, a.body)
		}
		if a.header.Get("Content-Type") != "application/json" || a.header.Get("Cache-Control") != "no-store" {
			t.Errorf("got %v", a.header)
		}
	}
}

func TestReadSaysWhatIsWrong(t *testing.T) {
	for name, c := range map[string]struct {
		body, kind  string
		status      int
		code, field string
	}{
		"no type":             {`{}`, "", 415, "json_required", ""},
		"a form":              {`a=b`, "application/x-www-form-urlencoded", 415, "json_required", ""},
		"plain text":          {`{}`, "text/plain", 415, "json_required", ""},
		"nothing":             {``, "application/json", 400, "malformed_json", ""},
		"half":                {`{"tool":`, "application/json", 400, "malformed_json", ""},
		"something after it":  {`{"tool":"edit"} {}`, "application/json", 400, "malformed_json", ""},
		"no UTF-8":            {"{\"tool\":\"\xff\"}", "application/json", 400, "malformed_json", ""},
		"a list":              {`[]`, "application/json", 422, "object_required", ""},
		"null":                {` null`, "application/json", 422, "object_required", ""},
		"an unknown field":    {`{"tool":"edit","admin":true}`, "application/json", 422, "unknown_field", "admin"},
		"an odd field":        {`{"a\"<b>":1}`, "application/json", 422, "unknown_field", `a"<b>`},
		"a number for a text": {`{"tool":41236969}`, "application/json", 422, "wrong_type", "tool"},
		"a text for a number": {`{"seed":"ann@example.com"}`, "application/json", 422, "wrong_type", "seed"},
		"a fraction":          {`{"seed":41236969.5}`, "application/json", 422, "wrong_type", "seed"},
		"a huge number":       {`{"seed":1e400}`, "application/json", 422, "wrong_type", "seed"},
		"inside an object":    {`{"size":{"width":[]}}`, "application/json", 422, "wrong_type", "size.width"},
		"inside a list":       {`{"images":[1]}`, "application/json", 422, "wrong_type", "images"},
		"too many bytes":      {`{"tool":"` + strings.Repeat("a", 64<<10) + `"}`, "application/json", 413, "body_too_large", ""},
		"very deep":           {`{"images":` + strings.Repeat("[", 20000) + strings.Repeat("]", 20000) + `}`, "application/json", 400, "malformed_json", ""},
	} {
		t.Run(name, func(t *testing.T) {
			b := reader(t)
			a := b.send(ask(t, "POST", "/", jsonBody(c.body), header("content-type", c.kind)))
			d := a.refused(c.status, c.code)
			if _, named := d.Fields[c.field]; c.field != "" && (!named || len(d.Fields) != 1) {
				t.Errorf("fields %v", d.Fields)
			}
			if strings.Contains(a.body, "41236969") || strings.Contains(b.logs.String(), "ann@") {
				t.Errorf("the value came back: %s %s", a.body, b.logs.String())
			}
		})
	}
}

func TestJSONThatCannotBeEncodedIsAnError(t *testing.T) {
	b := story(t, func(w http.ResponseWriter, _ *http.Request) error { return JSON(w, 200, math.Inf(1)) })
	b.send(ask(t, "GET", "/")).refused(500, "internal_error")
}

func TestQueryTakesOnlyWhatItNames(t *testing.T) {
	b := story(t, func(w http.ResponseWriter, r *http.Request) error {
		q, err := Query(r, "limit", "cursor")
		if err != nil {
			return err
		}
		fmt.Fprint(w, q.Get("limit"), q.Get("cursor"))
		return nil
	})
	if a := b.send(ask(t, "GET", "/", query("cursor=a%2Bb&limit=3"))); a.body != "3a+b" {
		t.Errorf("got %q", a.body)
	}
	if d := b.send(ask(t, "GET", "/", query("limit=3&page=2"))).refused(400, "unknown_parameter"); d.Fields["page"] == "" {
		t.Errorf("fields %v", d.Fields)
	}
	b.send(ask(t, "GET", "/", query("limit=3&limit=4"))).refused(400, "repeated_parameter")
}
