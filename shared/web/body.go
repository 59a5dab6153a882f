package web

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"nanoflux.ai/backend/shared/problem"
)

// longest is the most bytes that a JSON body may have.
const longest = 64 << 10

// JSON answers with a value as JSON, which no cache keeps. Nothing is written if the value cannot be encoded.
func JSON(w http.ResponseWriter, status int, v any) error {
	text, err := json.Marshal(v)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, err = w.Write(append(text, '\n'))
	return err
}

// Read fills v, a pointer to a struct, from a request's body: one JSON object of at most 64 KB, sent as application/json,
// with no fields but v's. What is wrong comes back as a problem that names the field. A repeated field counts once, its
// last value.
func Read(r *http.Request, v any) error {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != "application/json" {
		return problem.New(problem.UnsupportedType, "json_required", "Send the body as application/json.")
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, longest+1))
	if err != nil {
		return err
	}
	if len(body) > longest {
		return problem.New(problem.TooLarge, "body_too_large", "The body may have 64 KB at most.")
	}
	if !utf8.Valid(body) || !json.Valid(body) {
		return malformed("malformed_json", "The body is not valid JSON in UTF-8: send one JSON object.")
	}
	if bytes.TrimLeft(body, " \t\r\n")[0] != '{' {
		return problem.New(problem.Unprocessable, "object_required", "Send one JSON object as the body.")
	}
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.DisallowUnknownFields()
	return explainJSON(decoder.Decode(v))
}

func explainJSON(err error) error {
	if err == nil {
		return nil
	}
	if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return problem.New(problem.Unprocessable, "wrong_type", "A field of the body has the wrong type.").
			In(wrong.Field, "This is a "+sort(wrong.Value)+", which does not fit here.").Because(err)
	}
	// encoding/json has no type for this error; its text has been the same since Go 1.10.
	if quoted, ok := strings.CutPrefix(err.Error(), "json: unknown field "); ok {
		name, _ := strconv.Unquote(quoted)
		return problem.New(problem.Unprocessable, "unknown_field", "The body has a field that is not known here: leave it out.").
			In(name, "This field is not known here.")
	}
	return problem.New(problem.Unprocessable, "wrong_value", "A field of the body has a value that cannot be read.").Because(err)
}

// sort is the JSON type in an UnmarshalTypeError, which for numbers quotes the number as well.
func sort(value string) string {
	kind, _, _ := strings.Cut(value, " ")
	return kind
}

// Query gives a request's query, in which only the named parameters may be, each once.
func Query(r *http.Request, names ...string) (url.Values, error) {
	query := r.URL.Query()
	for name, values := range query {
		if !slices.Contains(names, name) {
			return nil, malformed("unknown_parameter", "The query has a parameter that is not known here: leave it out.").In(name, "This parameter is not known here.")
		}
		if len(values) > 1 {
			return nil, malformed("repeated_parameter", "The query has a parameter twice: send it once.").In(name, "Send this parameter once.")
		}
	}
	return query, nil
}
