package journey

import (
	"encoding/json"
	"strings"
	"testing"
)

// refuses looks at a refusal from all sides; an empty code stands for any.
func (a answer) refuses(status int, code string) {
	a.t.Helper()
	var said refusal
	if err := json.Unmarshal(a.body, &said); err != nil {
		a.t.Errorf("%s answers %d without a problem: %s", a.what, a.status, a.body)
		return
	}
	if a.status != status || said.Status != status || code != "" && said.Code != code {
		a.t.Errorf("%s answers %d %q, not %d %q: %s", a.what, a.status, said.Code, status, code, a.body)
	}
	if kind := a.header.Get("Content-Type"); kind != "application/problem+json" {
		a.t.Errorf("%s refuses as %q", a.what, kind)
	}
	if said.RequestID == "" || said.RequestID != a.header.Get("X-Request-Id") {
		a.t.Errorf("%s names the request %q and %q", a.what, said.RequestID, a.header.Get("X-Request-Id"))
	}
	if said.Title == "" || said.Code == "" || !strings.HasSuffix(said.Detail, ".") {
		a.t.Errorf("%s does not explain itself: %s", a.what, a.body)
	}
}

func TestStrangersAreAskedToSignIn(t *testing.T) {
	p := stranger(t)
	for _, route := range []string{
		"GET /api/account", "GET /api/images", "GET /api/generations", "GET /api/images/" + uuid(), "GET /api/generations/" + uuid(),
		"DELETE /api/images/" + uuid(), "POST /api/uploads/" + uuid(), "GET /api/account/sessions", "GET /api/account/usage",
		"PATCH /api/account", "DELETE /api/account/sessions", "DELETE /api/account/sessions/" + uuid(),
	} {
		method, path, _ := strings.Cut(route, " ")
		p.call(method, path, nil).refuses(401, "sign_in_required")
	}
	p.call("POST", "/api/uploads", map[string]any{"content_type": "image/png", "bytes": 5}).refuses(401, "sign_in_required")
	order := map[string]any{"tool": "text-to-image", "prompt": "A boat"}
	p.call("POST", "/api/generations", order, "Idempotency-Key", uuid()).refuses(401, "sign_in_required")
}

func TestEveryBadRequestIsExplained(t *testing.T) {
	p := newcomer(t)
	type fields = map[string]any
	order := fields{"tool": "text-to-image", "prompt": "A boat"}
	cases := []struct {
		method, path string
		body         any
		headers      []string
		status       int
		code         string
	}{
		{"GET", "/api/images?limit=0", nil, nil, 400, "invalid_limit"},
		{"GET", "/api/images?limit=101", nil, nil, 400, ""},
		{"GET", "/api/images?limit=ten", nil, nil, 400, ""},
		{"GET", "/api/images?kind=other", nil, nil, 400, "invalid_kind"},
		{"GET", "/api/images?cursor=nonsense", nil, nil, 400, "invalid_cursor"},
		{"GET", "/api/generations?cursor=nonsense", nil, nil, 400, "invalid_cursor"},
		{"GET", "/api/images?order=oldest", nil, nil, 400, "unknown_parameter"},
		{"GET", "/api/account?all=1", nil, nil, 400, "unknown_parameter"},
		{"GET", "/api/account/usage?days=367", nil, nil, 400, "invalid_days"},
		{"PATCH", "/api/account", fields{"name": ""}, nil, 422, "invalid_settings"},
		{"PATCH", "/api/account", fields{"picture": uuid()}, nil, 404, "image_not_found"},
		{"PATCH", "/api/account", fields{}, nil, 422, "nothing_to_change"},
		{"DELETE", "/api/account/sessions/not-an-id", nil, nil, 404, "session_not_found"},
		{"GET", "/login?fresh=2", nil, nil, 400, "invalid_fresh"},
		{"GET", "/api/images/not-an-id", nil, nil, 404, "image_not_found"},
		{"GET", "/api/generations/not-an-id", nil, nil, 404, "generation_not_found"},
		{"DELETE", "/api/images/not-an-id", nil, nil, 404, "image_not_found"},
		{"POST", "/api/uploads/not-an-id", nil, nil, 404, "upload_not_found"},
		{"GET", "/api/nowhere", nil, nil, 404, "not_found"},
		{"PUT", "/api/images/" + uuid(), nil, nil, 405, "method_not_allowed"},
		{"GET", "/api/logout", nil, nil, 405, "method_not_allowed"},
		{"POST", "/api/generations", order, nil, 400, "idempotency_key_required"},
		{"POST", "/api/generations", order, []string{"Idempotency-Key", "seven"}, 400, "idempotency_key_required"},
		{"POST", "/api/generations", fields{"tool": "paint"}, []string{"Idempotency-Key", uuid()}, 422, "invalid_order"},
		{"POST", "/api/generations", fields{"tool": "text-to-image"}, []string{"Idempotency-Key", uuid()}, 422, ""},
		{"POST", "/api/generations", fields{"tool": "text-to-image", "prompt": "A boat", "seed": -1}, []string{"Idempotency-Key", uuid()}, 422, ""},
		{"POST", "/api/generations", fields{"tool": "text-to-image", "prompt": "A boat", "size": "1x1"}, []string{"Idempotency-Key", uuid()}, 422, ""},
		{"POST", "/api/generations", fields{"tool": "text-to-image", "prompt": "A boat", "colour": "red"}, []string{"Idempotency-Key", uuid()}, 422, "unknown_field"},
		{"POST", "/api/generations", []byte(`{"tool":`), []string{"Idempotency-Key", uuid()}, 400, "malformed_json"},
		{"POST", "/api/generations", []byte(`tool=edit`), []string{"Idempotency-Key", uuid(), "Content-Type", "text/plain"}, 415, "json_required"},
		{"POST", "/api/uploads", fields{"content_type": "image/gif", "bytes": 5}, nil, 415, "image_type_unsupported"},
		{"POST", "/api/uploads", fields{"content_type": "image/png", "bytes": 0}, nil, 422, "invalid_upload"},
		{"POST", "/api/uploads", fields{"content_type": "image/png", "bytes": 20<<20 + 1}, nil, 413, "image_too_large"},
		{"POST", "/api/logout", nil, []string{"Origin", "https://elsewhere.example", "Sec-Fetch-Site", "cross-site"}, 403, "cross_origin"},
	}
	for _, c := range cases {
		p.call(c.method, c.path, c.body, c.headers...).refuses(c.status, c.code)
	}
	p.call("GET", "/api/account", nil).is(200)
}

func TestEveryReplyCarriesTheSecurityHeaders(t *testing.T) {
	p := stranger(t)
	for _, path := range []string{"/", "/studio", "/api/tools", "/api/account", "/api/nowhere", "/openapi.yaml", "/favicon.ico"} {
		reply := p.call("GET", path, nil)
		for _, name := range []string{
			"X-Request-Id", "Content-Security-Policy", "Strict-Transport-Security", "X-Content-Type-Options", "Referrer-Policy",
			"Permissions-Policy", "Cross-Origin-Opener-Policy",
		} {
			if reply.header.Get(name) == "" {
				t.Errorf("%s comes without %s", path, name)
			}
		}
		if strings.Contains(reply.header.Get("Content-Security-Policy"), "unsafe-inline") {
			t.Errorf("%s allows inline code", path)
		}
	}
}
