package lambda

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
)

// ServeHTTP is the Invoke API, as the AWS SDK calls it.
// https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
func (s *Service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	rest, ours := strings.CutPrefix(r.URL.Path, "/2015-03-31/functions/")
	name, invokes := strings.CutSuffix(rest, "/invocations")
	if !ours || !invokes || r.Method != http.MethodPost {
		complain(w, http.StatusNotFound, "ResourceNotFoundException", "only Invoke is known locally; POST to /2015-03-31/functions/NAME/invocations")
		return
	}
	payload, err := io.ReadAll(http.MaxBytesReader(w, r.Body, SyncLimit))
	if err != nil {
		fail(w, ErrTooLarge)
		return
	}
	if len(payload) == 0 {
		payload = []byte("{}")
	}
	if !json.Valid(payload) {
		complain(w, http.StatusBadRequest, "InvalidRequestContentException", "could not parse the request body into json; send a JSON value")
		return
	}
	switch kind := r.Header.Get("X-Amz-Invocation-Type"); kind {
	case "", "RequestResponse":
		s.serveSync(w, r, name, payload)
	case "Event":
		s.serveEvent(w, name, payload)
	case "DryRun":
		if _, err := s.find(name); err != nil {
			fail(w, err)
			return
		}
		w.WriteHeader(http.StatusNoContent)
	default:
		complain(w, http.StatusBadRequest, "InvalidParameterValueException", "invocation type "+kind+" is none of RequestResponse, Event, DryRun")
	}
}

func (s *Service) serveSync(w http.ResponseWriter, r *http.Request, name string, payload []byte) {
	result, err := s.Invoke(r.Context(), name, payload)
	if err != nil {
		fail(w, err)
		return
	}
	if result.FunctionError != "" {
		w.Header().Set("X-Amz-Function-Error", result.FunctionError)
	}
	w.Header().Set("X-Amz-Executed-Version", "$LATEST")
	w.Header().Set("X-Amzn-Requestid", result.RequestID)
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(result.Payload)
}

func (s *Service) serveEvent(w http.ResponseWriter, name string, payload []byte) {
	id, err := s.enqueue(name, payload, func(bool) {})
	if err != nil {
		fail(w, err)
		return
	}
	w.Header().Set("X-Amzn-Requestid", id)
	w.WriteHeader(http.StatusAccepted)
}

// fail answers with AWS's name for an error.
func fail(w http.ResponseWriter, err error) {
	switch {
	case errors.Is(err, ErrNotFound):
		complain(w, http.StatusNotFound, "ResourceNotFoundException", err.Error())
	case errors.Is(err, ErrThrottled):
		complain(w, http.StatusTooManyRequests, "TooManyRequestsException", err.Error())
	case errors.Is(err, ErrTooLarge):
		complain(w, http.StatusRequestEntityTooLarge, "RequestTooLargeException", err.Error())
	default:
		complain(w, http.StatusInternalServerError, "ServiceException", err.Error())
	}
}

func complain(w http.ResponseWriter, status int, kind, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("X-Amzn-Errortype", kind)
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]string{"Type": "User", "Message": message})
}
