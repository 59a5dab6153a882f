package main

import (
	"encoding/base64"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"

	"nanoflux.ai/backend/shared/policy"
	"nanoflux.ai/backend/shared/receipt"
	"nanoflux.ai/backend/shared/tool"
	"nanoflux.ai/backend/shared/web"
)

const (
	origin = "https://nanoflux.ai"
	cdn    = "https://images.example"
	bucket = "https://bucket.example"
)

// call sends event.json with another method and path, and headers as pairs of name and value.
func call(t *testing.T, method, path string, headers ...string) events.APIGatewayV2HTTPResponse {
	t.Helper()
	text, err := os.ReadFile("event.json")
	if err != nil {
		t.Fatal(err)
	}
	var event events.APIGatewayV2HTTPRequest
	if err := json.Unmarshal(text, &event); err != nil {
		t.Fatal(err)
	}
	event.RawPath, event.RawQueryString, _ = strings.Cut(path, "?")
	event.RequestContext.HTTP.Path, event.RequestContext.HTTP.Method = event.RawPath, method
	for pair := range slices.Chunk(headers, 2) {
		event.Headers[pair[0]] = pair[1]
	}
	reply, err := web.Handler(origin, routes(web.PagePolicy(cdn, bucket+" "+cdn), receiptKeys(t), "eu-central-1"))(t.Context(), event)
	if err != nil {
		t.Fatalf("%s %s: %v", method, path, err)
	}
	if reply.IsBase64Encoded {
		body, err := base64.StdEncoding.DecodeString(reply.Body)
		if err != nil {
			t.Fatal(err)
		}
		reply.Body = string(body)
	}
	return reply
}

// receiptKeys has the key of RFC 8037, appendix A.2.
func receiptKeys(t *testing.T) receipt.PublicKeys {
	t.Helper()
	keys, err := receipt.ParsePublicKeys("11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=")
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

func TestReceiptsCanBeCheckedByAnybody(t *testing.T) {
	t.Parallel()
	reply := call(t, "GET", "/.well-known/jwks.json")
	if reply.StatusCode != 200 || header(reply, "Content-Type") != "application/json" || header(reply, "Cache-Control") != "public, max-age=3600" ||
		!strings.Contains(reply.Body, `"kid":"kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"`) {
		t.Errorf("%d %v %s", reply.StatusCode, reply.MultiValueHeaders, reply.Body)
	}
}

func header(reply events.APIGatewayV2HTTPResponse, name string) string {
	if values := reply.MultiValueHeaders[name]; len(values) > 0 {
		return strings.Join(values, ", ")
	}
	return reply.Headers[name]
}

var pages = []string{"/", "/studio", "/library", "/privacy", "/promises", "/pricing", "/checkout/return", "/billing", "/credits",
	"/account", "/dashboard", "/exports", "/deletion", "/receipt", "/nowhere"}

// elements yields every element of a page.
func elements(t *testing.T, page string, visit func(xml.StartElement)) {
	t.Helper()
	decoder := xml.NewDecoder(strings.NewReader(page))
	decoder.Strict, decoder.AutoClose, decoder.Entity = false, xml.HTMLAutoClose, xml.HTMLEntity
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatalf("the page is not well formed: %v", err)
		}
		if element, ok := token.(xml.StartElement); ok {
			visit(element)
		}
	}
}

func attribute(element xml.StartElement, name string) string {
	for _, a := range element.Attr {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

func TestEveryPageIsThereWithAPolicyThatAllowsNothingInline(t *testing.T) {
	for _, path := range pages[:len(pages)-1] {
		reply := call(t, "GET", path)
		policy := header(reply, "Content-Security-Policy")
		if reply.StatusCode != 200 || header(reply, "Content-Type") != "text/html; charset=utf-8" {
			t.Errorf("%s answers %d, %s", path, reply.StatusCode, header(reply, "Content-Type"))
		}
		if strings.Contains(policy, "unsafe") || !strings.Contains(policy, "script-src 'self'; style-src 'self'") {
			t.Errorf("%s has the policy %q", path, policy)
		}
		for _, want := range []string{"img-src 'self' " + cdn, "connect-src 'self' " + bucket + " " + cdn} {
			if !strings.Contains(policy, want) {
				t.Errorf("the policy of %s lacks %q: %s", path, want, policy)
			}
		}
	}
}

func TestNoPageHasInlineScriptsOrStyles(t *testing.T) {
	for _, path := range pages {
		elements(t, call(t, "GET", path).Body, func(element xml.StartElement) {
			name := element.Name.Local
			if name == "style" || name == "script" && attribute(element, "src") == "" {
				t.Errorf("%s has an inline <%s>", path, name)
			}
			for _, a := range element.Attr {
				if a.Name.Local == "style" || strings.HasPrefix(a.Name.Local, "on") || strings.HasPrefix(a.Value, "javascript:") {
					t.Errorf("%s has <%s %s=%q>", path, name, a.Name.Local, a.Value)
				}
			}
		})
	}
}

func TestEveryFieldHasALabel(t *testing.T) {
	for _, path := range pages {
		labelled, fields := map[string]bool{}, []string{}
		elements(t, call(t, "GET", path).Body, func(element xml.StartElement) {
			switch element.Name.Local {
			case "label":
				labelled[attribute(element, "for")] = true
			case "textarea", "input", "select":
				fields = append(fields, attribute(element, "id"))
			}
		})
		for _, field := range fields {
			if !labelled[field] {
				t.Errorf("%s: nothing says what the field %q is", path, field)
			}
		}
	}
}

var reference = regexp.MustCompile(`(?m)(?:^import|^export|^\} from|import\().*?"(\./[^"]+)"`)

func TestEverythingThatPagesAndModulesReferToIsThere(t *testing.T) {
	wanted := map[string]string{}
	for _, path := range pages {
		elements(t, call(t, "GET", path).Body, func(element xml.StartElement) {
			for _, name := range []string{"src", "href"} {
				address, _, _ := strings.Cut(attribute(element, name), "#")
				if strings.HasPrefix(address, "/") && !strings.HasPrefix(address, "/login") && !strings.HasPrefix(address, "/api/") {
					wanted[address] = path
				} else if address != "" && !strings.HasPrefix(address, "/") && address != "mailto:"+policy.Contact {
					t.Errorf("%s refers to another site: %s (a link to one is made by assets/outside.js)", path, address)
				}
			}
		})
	}
	version := digestOfAssets()
	assets, err := files.ReadDir("assets")
	if err != nil {
		t.Fatal(err)
	}
	for _, asset := range assets {
		body, _ := files.ReadFile("assets/" + asset.Name())
		for _, found := range reference.FindAllStringSubmatch(string(body), -1) {
			wanted["/assets/"+version+"/"+strings.TrimPrefix(found[1], "./")] = asset.Name()
		}
	}
	for address, by := range wanted {
		if reply := call(t, "GET", address); reply.StatusCode != 200 {
			t.Errorf("%s refers to %s, which answers %d", by, address, reply.StatusCode)
		}
	}
	if len(wanted) < 12 {
		t.Errorf("only %d references were found: %v", len(wanted), slices.Sorted(maps.Keys(wanted)))
	}
}

func TestAnAssetIsKeptForAYearUnderItsVersionOnly(t *testing.T) {
	fresh := call(t, "GET", "/assets/"+digestOfAssets()+"/style.css")
	if header(fresh, "Cache-Control") != "public, max-age=31536000, immutable" || header(fresh, "Content-Type") != "text/css; charset=utf-8" {
		t.Errorf("the stylesheet answers with %v", fresh.Headers)
	}
	old := call(t, "GET", "/assets/of-last-week/style.css")
	if old.StatusCode != 200 || header(old, "Cache-Control") != "no-cache" {
		t.Errorf("an old version answers %d with %q", old.StatusCode, header(old, "Cache-Control"))
	}
	again := call(t, "GET", "/assets/of-last-week/style.css", "if-none-match", header(old, "Etag"))
	if again.StatusCode != 304 || again.Body != "" {
		t.Errorf("a known asset answers %d with %d bytes", again.StatusCode, len(again.Body))
	}
	if escape := call(t, "GET", "/assets/x/..%2fopenapi.yaml"); escape.StatusCode != 404 {
		t.Errorf("a path out of the folder answers %d", escape.StatusCode)
	}
}

func TestTheCatalogueIsOpenToAll(t *testing.T) {
	reply := call(t, "GET", "/api/tools")
	var got struct{ Tools []tool.Tool }
	if err := json.Unmarshal([]byte(reply.Body), &got); err != nil || reply.StatusCode != 200 || len(got.Tools) != len(tool.Catalogue()) {
		t.Errorf("the catalogue answers %d with %d tools: %v", reply.StatusCode, len(got.Tools), err)
	}
	if reply := call(t, "GET", "/api/tools?kind=all"); reply.StatusCode != 400 {
		t.Errorf("an unknown parameter answers %d", reply.StatusCode)
	}
}

func TestWhatIsNotThereIsAPageForPeopleAndAProblemForPrograms(t *testing.T) {
	cases := []struct{ path, accept, kind string }{
		{"/nowhere", "text/html,*/*", "text/html; charset=utf-8"},
		{"/assets/x/nothing.js", "text/html", "text/html; charset=utf-8"},
		{"/nowhere", "*/*", "application/problem+json"},
		{"/api/nowhere", "text/html", "application/problem+json"},
		{"/api/images/1/2", "*/*", "application/problem+json"},
	}
	for _, c := range cases {
		reply := call(t, "GET", c.path, "accept", c.accept)
		if reply.StatusCode != 404 || header(reply, "Content-Type") != c.kind {
			t.Errorf("%s for %s answers %d, %s", c.path, c.accept, reply.StatusCode, header(reply, "Content-Type"))
		}
		if c.kind == "application/problem+json" && !strings.Contains(reply.Body, `"code":"not_found"`) {
			t.Errorf("%s answers %s", c.path, reply.Body)
		}
	}
}

func TestAKnownAddressRefusesOtherMethodsAndNamesItsOwn(t *testing.T) {
	cases := []struct{ method, path, allow string }{
		{"PUT", "/api/images/0b6f", "DELETE, GET"},
		{"DELETE", "/api/generations", "GET, POST"},
		{"GET", "/api/logout", "POST"},
		{"POST", "/studio", "GET"},
		{"POST", "/api/tools", "GET"},
		{"PATCH", "/api/uploads/0b6f", "POST"},
		{"POST", "/", "GET"},
	}
	for _, c := range cases {
		reply := call(t, c.method, c.path)
		if reply.StatusCode != 405 || header(reply, "Allow") != c.allow || !strings.Contains(reply.Body, `"code":"method_not_allowed"`) {
			t.Errorf("%s %s answers %d, Allow %q: %s", c.method, c.path, reply.StatusCode, header(reply, "Allow"), reply.Body)
		}
	}
}
