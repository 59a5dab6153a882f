// Command site shows the pages.
package main

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"net/http"
	"path"
	"slices"
	"strings"
	"sync"
	"time"

	"nanoflux.ai/backend/shared/offer"
	"nanoflux.ai/backend/shared/policy"
	"nanoflux.ai/backend/shared/problem"
	"nanoflux.ai/backend/shared/receipt"
	"nanoflux.ai/backend/shared/setting"
	"nanoflux.ai/backend/shared/tool"
	"nanoflux.ai/backend/shared/web"
)

//go:embed pages assets openapi.yaml
var files embed.FS

func main() {
	cdn, bucket := setting.URL("CDN_URL"), setting.URL("BUCKET_ENDPOINT")
	// The CDN stands under both: pictures are shown from it, and read from it to be saved under a good name.
	keys := setting.Parsed("RECEIPT_PUBLIC_KEYS", receipt.ParsePublicKeys)
	region := setting.Required("AWS_REGION") // Lambda says it
	web.Serve(setting.URL("SITE_URL"), routes(web.PagePolicy(cdn, bucket+" "+cdn), keys, region))
}

func routes(csp string, keys receipt.PublicKeys, region string) web.Routes {
	s := site{csp: csp, keys: keys, version: sync.OnceValue(digestOfAssets),
		privacy: sync.OnceValues(func() ([]byte, error) { return privacy(region) })}
	return web.Routes{
		"GET /{$}":                     s.page("start.html"),
		"GET /studio":                  s.page("studio.html"),
		"GET /library":                 s.page("library.html"),
		"GET /privacy":                 s.page("privacy.html"),
		"GET /pricing":                 s.page("pricing.html"),
		"GET /checkout/return":         s.page("return.html"),
		"GET /billing":                 s.page("billing.html"),
		"GET /credits":                 s.page("credits.html"),
		"GET /account":                 s.page("account.html"),
		"GET /dashboard":               s.page("dashboard.html"),
		"GET /exports":                 s.page("exports.html"),
		"GET /deletion":                s.page("deletion.html"),
		"GET /promises":                s.page("promises.html"),
		"GET /receipt":                 s.page("receipt.html"),
		"GET /assets/{version}/{file}": s.asset,
		"GET /favicon.ico":             s.file("assets/favicon.svg"),
		"GET /favicon.svg":             s.file("assets/favicon.svg"),
		"GET /robots.txt":              s.file("assets/robots.txt"),
		"GET /.well-known/jwks.json":   s.receiptKeys,
		"GET /openapi.yaml":            s.file("openapi.yaml"),
		"GET /api/tools":               tools,
		"GET /api/plans":               plans,
		"/":                            s.otherwise,
	}
}

// site is what the stories below have in common.
type site struct {
	csp     string // the pages' Content-Security-Policy
	keys    receipt.PublicKeys
	version func() string          // of all assets together; worked out at its first use, like the next
	privacy func() ([]byte, error) // the page of the policy, with what is filled in
}

func tools(w http.ResponseWriter, r *http.Request) error {
	if _, err := web.Query(r); err != nil {
		return err
	}
	return web.JSON(w, http.StatusOK, map[string]any{"tools": tool.Catalogue()})
}

func plans(w http.ResponseWriter, r *http.Request) error {
	if _, err := web.Query(r); err != nil {
		return err
	}
	return web.JSON(w, http.StatusOK, offer.Listed())
}

func (s site) page(name string) web.Story {
	return func(w http.ResponseWriter, r *http.Request) error {
		body, err := s.readPage(name)
		if err != nil {
			return err
		}
		w.Header().Set("Content-Security-Policy", s.csp)
		send(w, r, name, "no-cache", body)
		return nil
	}
}

// readPage reads a page with its assets under their version: what such an address gives never changes, and the modules
// that a page loads always belong together, even in the minute of a deployment.
//
// policy P12: every page says where people can write to.
func (s site) readPage(name string) ([]byte, error) {
	body, err := files.ReadFile("pages/" + name)
	if name == "privacy.html" {
		body, err = s.privacy()
	}
	body = bytes.ReplaceAll(body, []byte(`"/assets/`), []byte(`"/assets/`+s.version()+`/`))
	return bytes.ReplaceAll(body, []byte("{contact}"), []byte(policy.Contact)), err
}

func (s site) asset(w http.ResponseWriter, r *http.Request) error {
	body, err := files.ReadFile("assets/" + r.PathValue("file"))
	if err != nil {
		return s.missing(w, r)
	}
	caching := "public, max-age=31536000, immutable"
	if r.PathValue("version") != s.version() { // of a page that was loaded before a deployment
		caching = "no-cache"
	}
	send(w, r, r.PathValue("file"), caching, body)
	return nil
}

func (s site) file(name string) web.Story {
	return func(w http.ResponseWriter, r *http.Request) error {
		body, err := files.ReadFile(name)
		if err != nil {
			return err
		}
		send(w, r, name, "public, max-age=3600", body)
		return nil
	}
}

// receiptKeys are what the receipts of erasures are checked with, also with tools of others (RFC 7517).
func (s site) receiptKeys(w http.ResponseWriter, r *http.Request) error {
	body, err := s.keys.JWKS()
	if err != nil {
		return err
	}
	send(w, r, "jwks.json", "public, max-age=3600", body)
	return nil
}

// otherwise answers what no function has: the API sends everything without a route of its own here.
func (s site) otherwise(w http.ResponseWriter, r *http.Request) error {
	contract, err := files.ReadFile("openapi.yaml")
	if err != nil {
		return err
	}
	if allowed := methods(string(contract), r.URL.Path); len(allowed) > 0 && !slices.Contains(allowed, r.Method) {
		w.Header().Set("Allow", strings.Join(allowed, ", "))
		return problem.New(problem.MethodNotAllowed, "method_not_allowed", "This address takes "+strings.Join(allowed, " or ")+" only.")
	}
	return s.missing(w, r)
}

// missing says 404: people get a page, programs a problem.
func (s site) missing(w http.ResponseWriter, r *http.Request) error {
	if strings.HasPrefix(r.URL.Path, "/api/") || !strings.Contains(r.Header.Get("Accept"), "text/html") {
		return problem.New(problem.NotFound, "not_found", "There is nothing at this address.")
	}
	body, err := s.readPage("missing.html")
	if err != nil {
		return err
	}
	w.Header().Set("Content-Security-Policy", s.csp)
	w.Header().Set("Content-Type", contentType("missing.html"))
	w.WriteHeader(http.StatusNotFound)
	_, err = w.Write(body)
	return err
}

// send answers with a file of ours, or with 304 where the browser has it.
func send(w http.ResponseWriter, r *http.Request, name, caching string, body []byte) {
	w.Header().Set("Content-Type", contentType(name))
	w.Header().Set("Cache-Control", caching)
	w.Header().Set("ETag", `"`+digest(body)+`"`)
	http.ServeContent(w, r, name, time.Time{}, bytes.NewReader(body))
}

// contentType is our own list: that of package mime depends on the machine.
func contentType(name string) string {
	switch path.Ext(name) {
	case ".html":
		return "text/html; charset=utf-8"
	case ".css":
		return "text/css; charset=utf-8"
	case ".js":
		return "text/javascript; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
	case ".json":
		return "application/json"
	case ".yaml":
		return "application/yaml"
	}
	return "text/plain; charset=utf-8"
}

// digestOfAssets is short enough for an address and long enough that no two deployments share it.
func digestOfAssets() string {
	var all bytes.Buffer
	assets, _ := files.ReadDir("assets") // embedded, so it is there
	for _, asset := range assets {
		body, _ := files.ReadFile("assets/" + asset.Name())
		all.WriteString(asset.Name() + digest(body))
	}
	return digest(all.Bytes())
}

func digest(body []byte) string {
	sum := sha256.Sum256(body)
	return base64.RawURLEncoding.EncodeToString(sum[:12])
}
