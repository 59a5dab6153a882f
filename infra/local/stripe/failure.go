package stripe

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
)

// apiError is an error as Stripe tells it.
type apiError struct {
	status  int
	kind    string // type: invalid_request_error, card_error, idempotency_error, api_error
	code    string
	message string
	param   string
	more    object // further fields: decline_code, charge, payment_intent …
}

func (e *apiError) body(request string) object {
	told := object{"type": e.kind, "message": e.message}
	if e.code != "" {
		told["code"] = e.code
		told["doc_url"] = "https://stripe.com/docs/error-codes/" + e.code
	}
	if e.param != "" {
		told["param"] = e.param
	}
	if request != "" {
		told["request_log_url"] = "https://dashboard.stripe.com/test/logs/" + request
	}
	return object{"error": with(told, e.more)}
}

// invalid is the error for a request that cannot be met; param may be empty.
func invalid(param, format string, values ...any) *apiError {
	return &apiError{status: http.StatusBadRequest, kind: "invalid_request_error", param: param, message: fmt.Sprintf(format, values...)}
}

// missing is the error for a required parameter that was not sent.
func missing(param string) *apiError {
	failure := invalid(param, "Missing required param: %s.", param)
	failure.code = "parameter_missing"
	return failure
}

// unknown is the error for an object that is not there: 404 where the path names it, 400 where a parameter does.
func unknown(kind, id, param string) *apiError {
	failure := invalid(param, "No such %s: '%s'", kind, id)
	failure.code = "resource_missing"
	if param == "id" {
		failure.status = http.StatusNotFound
	}
	return failure
}

// coded gives an invalid request with an error code.
func coded(code, param, format string, values ...any) *apiError {
	failure := invalid(param, format, values...)
	failure.code = code
	return failure
}

// broken is Stripe's answer when Stripe itself fails.
func broken(status int) *apiError {
	return &apiError{status: status, kind: "api_error",
		message: "Sorry! There was an error while talking to one of our backends. Support has been notified."}
}

func writeJSON(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	encoder.Encode(body)
}

// read reads the body of a request, at most a megabyte.
func read(rw http.ResponseWriter, r *http.Request) ([]byte, *apiError) {
	body, err := io.ReadAll(http.MaxBytesReader(rw, r.Body, 1<<20))
	if err != nil {
		return nil, invalid("", "Request body could not be read.")
	}
	return body, nil
}
