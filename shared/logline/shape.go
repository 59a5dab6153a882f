package logline

import (
	"net/netip"
	"strings"
	"time"
)

// What a log line may hold. The shapes of a Record's fields are within those that the table app.log_record checks.
type (
	Word       = Text[word]       // a name that a programmer gave, "books_repaired"
	Level      = Text[level]      // INFO or ERROR
	Moment     = Text[moment]     // a time in RFC 3339
	Kind       = Text[kind]       // request or job
	Function   = Text[function]   // a function's folder, "stripe-webhook"
	Route      = Text[route]      // a pattern of http.ServeMux without its method, "/api/images/{id}"
	Method     = Text[method]     // of HTTP, or other
	Code       = Text[code]       // of a problem, "image_not_found"
	ErrorClass = Text[errorClass] // what Class gives
	Pseudonym  = Text[pseudonym]  // of an account
	Browser    = Text[browser]    // a family of browsers, or other
	System     = Text[system]     // a family of systems, or other
	Network    = Text[network]    // the first 24 bits of an IPv4 address, 48 of an IPv6 address
	RequestID  = Text[requestID]  // API Gateway's or Lambda's
	Invocation = Text[invocation] // Lambda's id
)

type (
	word       struct{}
	level      struct{}
	moment     struct{}
	kind       struct{}
	function   struct{}
	route      struct{}
	method     struct{}
	code       struct{}
	errorClass struct{}
	pseudonym  struct{}
	browser    struct{}
	system     struct{}
	network    struct{}
	requestID  struct{}
	invocation struct{}
)

const (
	lower  = "abcdefghijklmnopqrstuvwxyz"
	upper  = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	digits = "0123456789"
)

func (word) Fits(text string) bool {
	return len(text) <= 40 && pieces(text, "_", func(piece string) bool {
		return 0 < len(piece) && len(piece) <= 16 && of(piece, lower)
	})
}

func (level) Fits(text string) bool { return text == "INFO" || text == "ERROR" }

func (moment) Fits(text string) bool {
	_, err := time.Parse(time.RFC3339, text)
	return err == nil
}

func (kind) Fits(text string) bool { return text == "request" || text == "job" }

func (function) Fits(text string) bool {
	return strings.Count(text, "-") <= 3 && pieces(text, "-", func(piece string) bool {
		return 2 <= len(piece) && len(piece) <= 20 && of(piece, lower)
	})
}

func (route) Fits(text string) bool {
	if text == "/" {
		return true
	}
	rest, rooted := strings.CutPrefix(text, "/")
	return rooted && len(text) <= 100 && pieces(strings.TrimSuffix(rest, "/"), "/", func(segment string) bool {
		return wildcard(segment) || literal(segment)
	})
}

func wildcard(segment string) bool {
	name, opened := strings.CutPrefix(segment, "{")
	name, closed := strings.CutSuffix(name, "}")
	name = strings.TrimSuffix(name, "...")
	return opened && closed && (name == "$" || name != "" && of(name, lower+"_"))
}

// literal is one of our own paths' words, like "billing-portal", "openapi.yaml" or ".well-known".
func literal(segment string) bool {
	characters, most := lower, 20
	return pieces(strings.TrimPrefix(segment, "."), ".-", func(piece string) bool {
		fits := 0 < len(piece) && len(piece) <= most && of(piece, characters)
		characters, most = lower+digits, 10
		return fits
	})
}

// Fits takes the methods of RFC 9110 and RFC 5789; every other is a client's own text.
func (method) Fits(text string) bool {
	switch text {
	case "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "CONNECT", "TRACE", "other":
		return true
	}
	return false
}

// Fits takes two words or more: one alone might be anybody's.
func (code) Fits(text string) bool { return strings.Contains(text, "_") && (word{}).Fits(text) }

// Fits takes the form of app.account_key.pseudonym; a session's token has capitals.
func (pseudonym) Fits(text string) bool { return len(text) == 26 && of(text, lower+"234567") }

func (browser) Fits(text string) bool {
	switch text {
	case "Chrome", "Safari", "Firefox", "Edge", "Opera", "Samsung Browser", "Headless Chrome", "curl", "other":
		return true
	}
	return false
}

func (system) Fits(text string) bool {
	switch text {
	case "Windows", "macOS", "iOS", "Android", "Linux", "ChromeOS", "other":
		return true
	}
	return false
}

// Fits takes a network as NetworkOf writes it.
func (network) Fits(text string) bool {
	given, err := netip.ParsePrefix(text)
	return err == nil && string(NetworkOf(given.Addr())) == text
}

// Fits takes the sixteen characters of API Gateway, and what Lambda has.
func (requestID) Fits(text string) bool {
	if len(text) == 16 {
		return text[15] == '=' && of(text[:15], lower+upper+digits+"-_+/")
	}
	return (invocation{}).Fits(text)
}

// Fits takes a UUID in its usual spelling.
func (invocation) Fits(text string) bool {
	if len(text) != 36 {
		return false
	}
	for i, c := range []byte(text) {
		hyphen := i == 8 || i == 13 || i == 18 || i == 23
		if hyphen != (c == '-') || !hyphen && !strings.Contains("0123456789abcdef", string(c)) {
			return false
		}
	}
	return true
}

// of says whether a text is made of these characters alone.
func of(text, characters string) bool { return strings.Trim(text, characters) == "" }

// pieces says whether every piece of a text between separators fits.
func pieces(text, separators string, fits func(piece string) bool) bool {
	for {
		end := strings.IndexAny(text, separators)
		if end < 0 {
			return fits(text)
		}
		if !fits(text[:end]) {
			return false
		}
		text = text[end+1:]
	}
}
