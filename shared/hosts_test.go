package house_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"nanoflux.ai/backend/shared/party"
	"nanoflux.ai/backend/shared/web"
)

// Programs of operators count too, but for verify-receipt, which anybody may run: it fetches keys from whatever site it is told.
func filesThatReachOut(t *testing.T) map[string]*ast.File {
	t.Helper()
	files := goFiles(t)
	names, _ := filepath.Glob("../infra/stripe-setup/*.go")
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		files[name] = file
	}
	return files
}

// waysOut are what a package could reach out with. A *http.Client may be held by everybody, made by outbound alone.
var waysOut = map[string][]string{
	"http": {"Client", "Transport", "DefaultClient", "DefaultTransport", "Get", "Head", "Post", "PostForm"},
	"net":  {"Dial", "DialTimeout", "DialTCP", "DialUDP", "DialUnix", "DialIP", "Dialer"},
	"tls":  {"Dial", "DialWithDialer", "Dialer"},
	"smtp": {"Dial", "NewClient", "SendMail"},
	"exec": {"Command", "CommandContext"},
}

func TestOutboundIsTheOnlyWayOut(t *testing.T) {
	found := 0
	for name, file := range filesThatReachOut(t) {
		ast.Inspect(file, func(n ast.Node) bool {
			if pointer, ok := n.(*ast.StarExpr); ok {
				if to, ok := pointer.X.(*ast.SelectorExpr); ok && to.Sel.Name == "Client" {
					return false
				}
			}
			selector, ok := n.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			of, ok := selector.X.(*ast.Ident)
			if !ok || !slices.Contains(waysOut[of.Name], selector.Sel.Name) {
				return true
			}
			if filepath.Dir(name) == "outbound" {
				found++
			} else {
				t.Errorf("%s uses %s.%s: reach out with outbound.Client, which refuses hosts that are nobody's", name, of.Name, selector.Sel.Name)
			}
			return true
		})
	}
	if found < 3 {
		t.Errorf("only %d were found in outbound: the search itself is broken", found)
	}
}

// Certificates are checked everywhere, and every cookie is made where it cannot be but Secure (policy P7a).
func TestNothingLoosensTransport(t *testing.T) {
	looked := 0
	for name, file := range filesThatReachOut(t) {
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.KeyValueExpr:
				if key, ok := n.Key.(*ast.Ident); ok && slices.Contains([]string{"InsecureSkipVerify", "TLSClientConfig", "TLSConfig"}, key.Name) && filepath.Dir(name) != "postgres" {
					t.Errorf("%s sets %s: the standard library's own verify certificates", name, key.Name)
				}
			case *ast.AssignStmt:
				for _, left := range n.Lhs {
					if of, ok := left.(*ast.SelectorExpr); ok && (of.Sel.Name == "InsecureSkipVerify" || of.Sel.Name == "TLSConfig" || of.Sel.Name == "TLSClientConfig") {
						t.Errorf("%s changes %s", name, of.Sel.Name)
					}
				}
			case *ast.CompositeLit:
				if of, ok := n.Type.(*ast.SelectorExpr); ok && of.Sel.Name == "Cookie" {
					if looked++; name != "web/cookie.go" {
						t.Errorf("%s makes a cookie: web.SetCookie does, for this host over TLS only", name)
					}
				}
			}
			return true
		})
	}
	if looked == 0 {
		t.Error("no cookie was found: the search itself is broken")
	}
}

// What pages may load and send, beside our own origin, goes to the bucket and the CDN; nobody else's host is in it.
func TestPagesMayReachNobodyOutsideTheRegister(t *testing.T) {
	const cdn, bucket = "https://images.nanoflux.ai", "https://replace-me.r2.cloudflarestorage.com"
	if p, known := party.Of(party.Register("us-east-1"), strings.TrimPrefix(bucket, "https://")); !known || p.Name != "Cloudflare" {
		t.Errorf("the bucket is %q's", p.Name)
	}
	for directive := range strings.SplitSeq(web.PagePolicy(cdn, bucket+" "+cdn), "; ") {
		name, sources, _ := strings.Cut(directive, " ")
		for source := range strings.FieldsSeq(sources) {
			if !slices.Contains([]string{"'none'", "'self'", "blob:", cdn, bucket}, source) {
				t.Errorf("%s lets pages reach %s", name, source)
			}
		}
	}
}

var (
	address  = regexp.MustCompile(`(?i)\b(?:https?|wss?|postgres(?:ql)?)://(?:[^/\s"'<>@]*@)?([^/\s"'<>:?#${}()\\…,]+\.[^/\s"'<>:?#${}()\\…,]+)`)
	standard = regexp.MustCompile(`(?m)^    Default: "?(?:https://|[a-z]+@)?([a-z0-9-]+(?:\.[a-z0-9-]+)+)(?:[:/"]|$)`)
)

// namedHosts finds where code, template and pages name a host that could be reached; comments cannot be.
func namedHosts(t *testing.T) map[string]string {
	t.Helper()
	hosts := map[string]string{}
	note := func(where, text string) {
		for _, m := range address.FindAllStringSubmatch(text, -1) {
			hosts[strings.TrimSuffix(strings.ToLower(m[1]), ".")] = where
		}
	}
	for name, file := range filesThatReachOut(t) {
		ast.Inspect(file, func(n ast.Node) bool {
			if literal, ok := n.(*ast.BasicLit); ok && literal.Kind == token.STRING {
				text, _ := strconv.Unquote(literal.Value)
				note(name, text)
			}
			return true
		})
	}
	pages := []string{"../template.yaml"}
	for _, pattern := range []string{"../functions/site/pages/*", "../functions/site/assets/*", "../infra/cdn/worker.js"} {
		names, _ := filepath.Glob(pattern)
		if len(names) == 0 {
			t.Fatalf("there is nothing at %s", pattern)
		}
		pages = append(pages, names...)
	}
	for _, name := range pages {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			note(name, line)
			if m := standard.FindStringSubmatch(line); m != nil && name == "../template.yaml" {
				hosts[m[1]] = name
			}
		}
	}
	return hosts
}

// Hosts that stand in code or template though nothing reaches them.
func unreached() map[string]string {
	return map[string]string{
		"www.w3.org": "a namespace of XML", "iptc.org": "a namespace of XML", "ns.adobe.com": "a namespace of XML",
		"cv.iptc.org": "a vocabulary's terms", "json-schema.org": "the name of a dialect", "example.com": "an example in a sentence",
		"replace-me.apps.googleusercontent.com": "the id of a client at Google",
		"nanoflux.ai":                           "the operator's own site", "images.nanoflux.ai": "the operator's own CDN, which browsers alone reach",
	}
}

// Hosts that the register needs though nothing of ours names them.
func saidByOthers() map[string]string {
	return map[string]string{
		"lambda.us-east-1.amazonaws.com": "AWS's SDK makes it from the region",
		"oauth2.googleapis.com":          "Google's discovery document says so", "www.googleapis.com": "Google's discovery document says so",
		"*.eu.r2.cloudflarestorage.com": "an operator's BucketEndpoint may be in the EU",
	}
}

// The proof of policy P5.1: who is named is in the register, and the register has nobody else.
func TestTheHostsOfCodeAndTemplateAreExactlyTheRegisters(t *testing.T) {
	register, hosts, exceptions := party.Register("us-east-1"), namedHosts(t), unreached()
	named := maps.Clone(saidByOthers())
	for host, where := range hosts {
		if _, known := party.Of(register, host); known {
			for _, pattern := range patterns(register) {
				if _, fits := party.Of([]party.Party{{Services: []party.Service{{Hosts: []string{pattern}}}}}, host); fits {
					named[pattern] = where
				}
			}
		} else if exceptions[host] == "" {
			t.Errorf("%s names %s, which is in nobody's entry of shared/party/register.go", where, host)
		}
	}
	for host := range exceptions {
		if hosts[host] == "" {
			t.Errorf("%s is an exception that nothing needs", host)
		}
	}
	all := patterns(register)
	for _, pattern := range all {
		if named[pattern] == "" {
			t.Errorf("the register lets %s be reached, and nothing of ours does", pattern)
		}
	}
	for pattern := range saidByOthers() {
		if !slices.Contains(all, pattern) {
			t.Errorf("%s is not in the register", pattern)
		}
	}
}

func patterns(register []party.Party) (all []string) {
	for _, p := range register {
		for _, s := range p.Services {
			all = append(all, s.Hosts...)
		}
	}
	return all
}

// policy P9: the region that /privacy shows is the one in which the template's own database is.
func TestTheTemplatesRegionIsThatOfItsDatabase(t *testing.T) {
	text, err := os.ReadFile("../template.yaml")
	if err != nil {
		t.Fatal(err)
	}
	parameter := func(name string) string {
		m := regexp.MustCompile(`(?m)^  ` + name + `:\n    Type: String\n    Default: ([^\s:]+)`).FindSubmatch(text)
		if m == nil {
			t.Fatalf("the template has no parameter %s", name)
		}
		return string(m[1])
	}
	register := party.Register(parameter("Region"))
	for _, name := range []string{"DatabasePooler", "DatabaseDirect"} {
		if p, known := party.Of(register, parameter(name)); !known || p.Name != "Supabase" {
			t.Errorf("%s is at %s, which is no database of %s", name, parameter(name), parameter("Region"))
		}
	}
	for _, needed := range []string{"Assert: !Equals [!Ref Region, !Ref AWS::Region]", "REGION: !Ref Region"} {
		if !strings.Contains(string(text), needed) {
			t.Errorf("the template has no line %q", needed)
		}
	}
	for _, p := range register {
		for _, s := range p.Services {
			if (p.Name == "Supabase" || p.Name == "Amazon Web Services") && s.Where != parameter("Region") {
				t.Errorf("%s, which %s, is in %s", p.Name, s.For, s.Where)
			}
		}
	}
}

// The register's words about AWS hold for the template: logs for less than 90 days (CloudWatch deletes up to three days late),
// what could not be dealt with for at most 14.
func TestTheTemplateLetsAmazonKeepNothingLongerThanTheRegisterSays(t *testing.T) {
	text, err := os.ReadFile("../template.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for name, most := range map[string]int{"RetentionInDays": 90 - 3 - 1, "MessageRetentionPeriod": 14 * 24 * 60 * 60} {
		found := regexp.MustCompile(`(?m)^ +`+name+`: (.+)$`).FindAllStringSubmatch(string(text), -1)
		for _, m := range found {
			if number, err := strconv.Atoi(m[1]); err != nil || number > most {
				t.Errorf("%s is %s, more than %d", name, m[1], most)
			}
		}
		if len(found) == 0 {
			t.Errorf("the template says nowhere what %s is", name)
		}
	}
	groups, kept := strings.Count(string(text), "Type: AWS::Logs::LogGroup"), strings.Count(string(text), "RetentionInDays: ")
	if groups != kept {
		t.Errorf("%d log groups, of which %d end", groups, kept)
	}
}
