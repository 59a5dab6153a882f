package house_test

import (
	"go/ast"
	"strings"
	"testing"
)

// policy P2.4, policy P6.4: functions set two cookies, for the session and for the minutes of signing in. The third, of preferences,
// is the pages' (functions/site/outside_test.go).
func TestFunctionsSetTwoCookiesAndNoOther(t *testing.T) {
	allowed := map[string]string{
		"web/cookie.go":                       "session name", // its own two verbs, and the one that the others call
		"../functions/login/main.go":          "google.Cookie",
		"../functions/login-callback/main.go": "google.Cookie",
	}
	seen := map[string]bool{}
	for name, file := range goFiles(t) {
		ast.Inspect(file, func(n ast.Node) bool {
			if literal, ok := n.(*ast.BasicLit); ok && !strings.HasPrefix(name, "web/") && strings.Contains(strings.ToLower(literal.Value), "set-cookie") {
				t.Errorf("%s writes a cookie's header itself: web.SetCookie does", name)
			}
			call, ok := n.(*ast.CallExpr)
			if !ok || len(call.Args) < 2 {
				return true
			}
			if called := spelled(call.Fun); called == "SetCookie" || called == "EndCookie" || called == "web.SetCookie" || called == "web.EndCookie" {
				seen[name] = true
				if cookie := spelled(call.Args[1]); cookie == "" || !strings.Contains(allowed[name], cookie) {
					t.Errorf("%s sets the cookie %q: /privacy says that there are three, so a fourth is a change of the policy", name, cookie)
				}
			}
			return true
		})
	}
	if len(seen) != len(allowed) {
		t.Errorf("cookies are set in %v: the search itself is broken", seen)
	}
}

// spelled gives a name as it stands in the code, "" where it is no name.
func spelled(expression ast.Expr) string {
	switch e := expression.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.SelectorExpr:
		return spelled(e.X) + "." + e.Sel.Name
	}
	return ""
}
