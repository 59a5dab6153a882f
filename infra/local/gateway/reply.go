package gateway

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strconv"
)

// reply is what a function answers in payload format 2.0.
type reply struct {
	StatusCode      *json.Number      `json:"statusCode"` // a number, in quotes or not
	Headers         map[string]string `json:"headers"`
	Cookies         []string          `json:"cookies"`
	Body            string            `json:"body"`
	IsBase64Encoded bool              `json:"isBase64Encoded"`
}

// write turns a function's answer into an HTTP reply, or reports false before writing anything.
func write(w http.ResponseWriter, payload []byte) bool {
	answer, body, understood := read(payload)
	if !understood {
		return false
	}
	status, err := strconv.Atoi(answer.StatusCode.String())
	if err != nil || status < 200 || status > 599 {
		return false
	}
	header := w.Header()
	for name, value := range answer.Headers {
		header.Set(name, value)
	}
	for _, cookie := range answer.Cookies {
		header.Add("Set-Cookie", cookie)
	}
	if header.Get("Content-Type") == "" && len(body) > 0 {
		header.Set("Content-Type", "text/plain; charset=utf-8") // never guessed from the bytes
	}
	header.Del("Content-Length") // the bytes decide
	w.WriteHeader(status)
	_, _ = w.Write(body)
	return true
}

func read(payload []byte) (answer reply, body []byte, understood bool) {
	payload = bytes.TrimSpace(payload)
	if !json.Valid(payload) {
		return answer, nil, false
	}
	var asked struct {
		StatusCode json.RawMessage `json:"statusCode"`
	}
	if json.Unmarshal(payload, &asked) != nil || asked.StatusCode == nil {
		return inferred(payload)
	}
	if err := json.Unmarshal(payload, &answer); err != nil || answer.StatusCode == nil {
		return answer, nil, false
	}
	if !answer.IsBase64Encoded {
		return answer, []byte(answer.Body), true
	}
	body, err := base64.StdEncoding.DecodeString(answer.Body)
	return answer, body, err == nil
}

// inferred is the reply to an answer without statusCode: the answer itself is the body.
func inferred(payload []byte) (reply, []byte, bool) {
	ok := json.Number("200")
	answer := reply{StatusCode: &ok, Headers: map[string]string{"Content-Type": "application/json"}}
	var text string
	if json.Unmarshal(payload, &text) == nil && payload[0] == '"' {
		return answer, []byte(text), true
	}
	return answer, payload, true
}
