package logline

import (
	"errors"
	"reflect"
	"strings"
)

const longest = 200 // of a class

// Class names an error without its text, which may quote what a person typed: the Go types along its chain, with the
// SQLSTATE of a database error and the code of an AWS error. No error is "".
func Class(err error) ErrorClass {
	class := ""
	for ; err != nil; err = next(err) {
		name := name(err)
		if len(class)+len(name) >= longest {
			break
		}
		if class != "" && name != "" {
			class += "/"
		}
		class += name
	}
	return ErrorClass(class)
}

// next goes down the chain; of joined errors it follows the first, which is the one that happened first.
func next(err error) error {
	if many, ok := err.(interface{ Unwrap() []error }); ok {
		if all := many.Unwrap(); len(all) > 0 {
			return all[0]
		}
		return nil
	}
	return errors.Unwrap(err)
}

// name is an error's type; the wrappers that every error passes through say nothing.
func name(err error) string {
	name := strings.TrimLeft(reflect.TypeOf(err).String(), "*")
	switch e := err.(type) { //nolint:errorlint // one link; Class walks the chain
	case interface{ LogClass() string }:
		return e.LogClass()
	case interface{ SQLState() string }:
		return name + ":" + e.SQLState()
	case interface{ ErrorCode() string }:
		return name + ":" + e.ErrorCode()
	}
	if name == "fmt.wrapError" || name == "fmt.wrapErrors" || name == "errors.joinError" {
		return ""
	}
	return name
}

// Fits takes the types along a chain, as Class writes them. What has more words in it than a programmer gives a type, or
// digits as an address or a token has them, is none.
func (errorClass) Fits(text string) bool {
	return len(text) <= longest && of(text, lower+upper+digits+"_-.*:/{}[]()$,=+") && !numbered(text) && pieces(text, "/", func(link string) bool {
		return strings.HasPrefix(link, "panic:") || strings.HasPrefix(link, "stripe:") || typed(link)
	})
}

// typed finds "pgconn.PgError", with or without a code behind a colon.
func typed(link string) bool {
	folder, name, found := strings.Cut(link, ".")
	return found && folder != "" && name != "" && of(folder, lower+digits) && of(folder[:1], lower) && of(name[:1], lower+upper)
}

// numbered finds what looks like a token (sixteen capitals, or twenty characters with a digit among them), an IPv4 address or
// an IPv6 address.
func numbered(text string) bool {
	return !pieces(text, ".*:/{}[]()$,", func(run string) bool {
		return len(run) < 20 || !strings.ContainsAny(run, digits)
	}) || capitals(text) || dotted(text) || coloned(text)
}

func capitals(text string) bool {
	in := 0
	for _, c := range []byte(text) {
		if in++; c < 'A' || 'Z' < c {
			in = 0
		}
		if in == 16 {
			return true
		}
	}
	return false
}

// dotted finds a dot between digits.
func dotted(text string) bool {
	for at := 1; at < len(text)-1; at++ {
		if text[at] == '.' && of(text[at-1:at]+text[at+1:at+2], digits) {
			return true
		}
	}
	return false
}

// coloned finds two groups of an IPv6 address, one of them with a colon on either side.
func coloned(text string) bool {
	groups := strings.Split(text, ":")
	for at := 1; at < len(groups)-1; at++ {
		if group(groups[at]) && groups[at] != "" && group(groups[at+1]) {
			return true
		}
	}
	return false
}

func group(text string) bool { return len(text) <= 4 && of(text, digits+"abcdefABCDEF") }
