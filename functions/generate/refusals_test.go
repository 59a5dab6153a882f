package main

import (
	"context"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/google/uuid"

	"nanoflux.ai/backend/shared/postgres"
	"nanoflux.ai/backend/shared/testbed"
	"nanoflux.ai/backend/shared/testbed/visitor"
)

func TestAnotherPersonsImageAnswersLikeOneThatDoesNotExist(t *testing.T) {
	t.Parallel()
	d := open(t)
	ada, bob := visitor.SignIn(t, d.db, d.service), visitor.SignIn(t, d.db, d.service)
	own, foreign := d.picture(t, ada), d.picture(t, bob)
	unknown := d.order(t, ada, fields{"tool": "upscale", "images": []string{uuid.NewString()}}).Refuses(404, "image_not_found")
	for _, images := range [][]string{{foreign}, {"1"}, {""}, {"'"}} {
		if reply := d.order(t, ada, fields{"tool": "upscale", "images": images}).Refuses(404, "image_not_found"); reply.Body != unknown.Body {
			t.Errorf("%v answers %s", images, reply.Body)
		}
	}
	d.order(t, ada, fields{"tool": "edit", "prompt": "a", "images": []string{own, foreign}}).Refuses(404, "image_not_found")
	if d.count(t, "generation") != 0 || d.count(t, "credit_hold") != 0 {
		t.Error("a refused order left something")
	}
}

func TestOrdersThatDoNotFitAreRefusedWithWhatIsWrong(t *testing.T) {
	t.Parallel()
	d := open(t)
	ada := visitor.SignIn(t, d.db, d.service)
	own := d.picture(t, ada)
	for _, c := range []struct {
		order fields
		field string
	}{
		{fields{}, "tool"}, {fields{"tool": "paint"}, "tool"}, {fields{"tool": "text-to-image"}, "prompt"}, {fields{"tool": "text-to-image", "prompt": " \n\t "}, "prompt"},
		{fields{"tool": "text-to-image", "prompt": strings.Repeat("ü", 2001)}, "prompt"}, {fields{"tool": "text-to-image", "prompt": "a\x00b"}, "prompt"},
		{fields{"tool": "text-to-image", "prompt": "a", "size": "1x1"}, "size"}, {fields{"tool": "upscale", "images": []string{own}, "size": "1024x1024"}, "size"},
		{fields{"tool": "text-to-image", "prompt": "a", "seed": -1}, "seed"}, {fields{"tool": "text-to-image", "prompt": "a", "seed": 1 << 31}, "seed"},
		{fields{"tool": "upscale", "images": []string{own}, "seed": 1}, "seed"}, {fields{"tool": "upscale", "images": []string{own}, "prompt": "a"}, "prompt"},
		{fields{"tool": "text-to-image", "prompt": "a", "images": []string{own}}, "images"}, {fields{"tool": "edit", "prompt": "a"}, "images"},
		{fields{"tool": "edit", "prompt": "a", "images": []string{own, own}}, "images"}, {fields{"tool": "edit", "prompt": "a", "images": []string{own, "2", "3", "4", "5"}}, "images"},
	} {
		d.order(t, ada, c.order).Refuses(422, "invalid_order", c.field)
	}
	if d.count(t, "generation") != 0 || d.count(t, "credit_hold") != 0 {
		t.Error("a refused order left something")
	}
}

func TestBodiesThatCannotBeReadAreRefused(t *testing.T) {
	t.Parallel()
	d := open(t)
	ada := visitor.SignIn(t, d.db, d.service)
	good := `{"tool":"text-to-image","prompt":"a"}`
	for _, c := range []struct {
		body, kind string
		status     int
		code       string
	}{
		{good, "text/plain", 415, "json_required"}, {good, "", 415, "json_required"}, {good, "application/json; charset=utf-8", 202, ""},
		{"", "application/json", 400, "malformed_json"}, {"{", "application/json", 400, "malformed_json"}, {good + good, "application/json", 400, "malformed_json"},
		{"[]", "application/json", 422, "object_required"}, {"null", "application/json", 422, "object_required"},
		{`{"tool":1}`, "application/json", 422, "wrong_type"}, {`{"tool":"text-to-image","prompt":"a","seed":"7"}`, "application/json", 422, "wrong_type"},
		{`{"tool":"text-to-image","prompt":"a","seed":1.5}`, "application/json", 422, "wrong_type"}, {`{"tool":"text-to-image","prompt":"a","seed":1e99}`, "application/json", 422, "wrong_type"},
		{`{"tool":"text-to-image","prompt":"a","price":0}`, "application/json", 422, "unknown_field"}, {`{"tool":"text-to-image","prompt":"a","account_id":"x"}`, "application/json", 422, "unknown_field"},
		{`{"prompt":"` + strings.Repeat("a", 65<<10) + `"}`, "application/json", 413, "body_too_large"}, {"\xff", "application/json", 400, "malformed_json"},
	} {
		reply := ada.Send(t, d.handler, "POST", "/api/generations", key(), visitor.Body(c.body), visitor.Header("content-type", c.kind))
		if c.code == "" {
			reply.Is(c.status)
		} else {
			reply.Refuses(c.status, c.code)
		}
	}
	for _, bad := range []string{"", "1", "{5b6d0a7e-2f1c-4a55-9a0e-0e6f2d3c4b5a}", "5b6d0a7e2f1c4a559a0e0e6f2d3c4b5a", "a,b"} {
		ada.Send(t, d.handler, "POST", "/api/generations", visitor.Header("idempotency-key", bad)).Refuses(400, "idempotency_key_required")
	}
}

func TestNobodyOrdersSignedOutOrFromAnotherSite(t *testing.T) {
	t.Parallel()
	d := open(t)
	ada := visitor.SignIn(t, d.db, d.service)
	d.order(t, visitor.Visitor{}, fields{"tool": "text-to-image", "prompt": "a"}).Refuses(401, "sign_in_required")
	d.order(t, ada, fields{"tool": "text-to-image", "prompt": "a"}, visitor.At(time.Now().Add(31*24*time.Hour))).Refuses(401, "sign_in_required")
	d.order(t, ada, fields{"tool": "text-to-image", "prompt": "a"}, visitor.Header("sec-fetch-site", "cross-site"), visitor.Header("origin", "https://evil.example")).Refuses(403, "cross_origin")
	ada.Send(t, d.handler, "POST", "/api/generations?now=1", key()).Refuses(400, "unknown_parameter", "now")
	ada.Send(t, d.handler, "GET", "/api/generations").Refuses(405, "method_not_allowed")
	testbed.Column[string](t, d.db, "update app.account set closed_at = now() returning id::text")
	d.order(t, ada, fields{"tool": "text-to-image", "prompt": "a"}).Refuses(401, "sign_in_required")
	if d.count(t, "generation") != 0 {
		t.Error("somebody's order was taken")
	}
}

func TestADatabaseThatTakesTooLongIsSaid(t *testing.T) {
	t.Parallel()
	d := open(t)
	ada := visitor.SignIn(t, d.db, d.service)
	err := visitor.Open(t, d.db.Owner).Transaction(t.Context(), func(tx postgres.Querier) error {
		if _, err := tx.Exec(t.Context(), "lock table app.generation"); err != nil {
			return err
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		slow := func(_ context.Context, e events.APIGatewayV2HTTPRequest) (events.APIGatewayV2HTTPResponse, error) {
			return d.handler(ctx, e)
		}
		ada.Send(t, slow, "POST", "/api/generations", key()).Refuses(503, "too_slow")
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// It swaps the process's standard output for a moment, so it runs alone.
func TestNoLogLineHoldsPersonalData(t *testing.T) {
	logs, err := os.Create(t.TempDir() + "/logs")
	if err != nil {
		t.Fatal(err)
	}
	defer logs.Close()
	stdout, stderr := os.Stdout, os.Stderr
	os.Stdout, os.Stderr = logs, logs
	d := open(t)
	os.Stdout, os.Stderr = stdout, stderr

	ada := visitor.SignIn(t, d.db, d.service)
	d.order(t, ada, fields{"tool": "text-to-image", "prompt": "my secret wish"}).Is(202)
	d.order(t, ada, fields{"tool": "my secret tool", "prompt": "my secret wish"}).Is(422)
	d.order(t, ada, fields{"my secret field": "my secret wish"}).Is(422)
	if _, err := logs.Seek(0, io.SeekStart); err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(logs)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Count(string(text), "\n") != 3 || !strings.Contains(string(text), `"who":"`) {
		t.Errorf("the log is %s", text)
	}
	for _, personal := range []string{"secret", ada.AccountID, ada.Token, ada.Prefix, "192.0.2.7"} {
		if strings.Contains(string(text), personal) {
			t.Errorf("the log holds %q: %s", personal, text)
		}
	}
}
