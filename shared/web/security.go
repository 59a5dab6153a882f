package web

import "net/http"

// PagePolicy is the Content-Security-Policy of a page: everything from here and nothing inline, images also from the
// CDN, uploads also to the bucket. Each is an origin like "https://cdn.example.com". API replies get a policy without
// any exception; a page sets this one itself.
func PagePolicy(images, uploads string) string {
	return "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' " + images + " blob:; connect-src 'self' " + uploads +
		"; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; manifest-src 'self'"
}

// secure completes a reply with what every reply carries (OWASP Secure Headers; MDN for each).
func (p *reply) secure(requestID string) {
	p.WriteHeader(p.statusOr(http.StatusOK))
	h := p.fixed
	if h.Get("Content-Type") == "" && h.Get("Content-Encoding") == "" && p.body.Len() > 0 {
		h.Set("Content-Type", http.DetectContentType(p.body.Bytes()))
	}
	orElse(h, "Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
	orElse(h, "Cache-Control", "no-store")
	h.Set("X-Request-Id", requestID)
	// policy P7a: never again without TLS.
	h.Set("Strict-Transport-Security", "max-age=63072000; includeSubDomains")
	h.Set("X-Content-Type-Options", "nosniff")
	// policy P10: another site does not learn where somebody comes from. Not no-referrer: under it browsers send "Origin: null" with forms, which would look like another site.
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Permissions-Policy", "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
}

func orElse(h http.Header, name, value string) {
	if h.Get(name) == "" {
		h.Set(name, value)
	}
}
