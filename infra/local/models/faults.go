package models

import (
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"time"
)

// Fault makes the next calls to a provider go wrong.
type Fault struct {
	Provider string `json:"provider"` // WorkersAI, Gemini, or empty for either
	Next     int    `json:"next"`     // how many calls; at least one
	Kind     string `json:"kind"`     // one of the kinds below
	DelayMS  int    `json:"delay_ms"` // how long slow and hang wait; hang without it waits until the caller leaves
}

// The kinds of faults. Slow answers well, only late; the others answer badly, after the delay.
const (
	Slow          = "slow"
	Hang          = "hang"            // the connection breaks off after the delay
	Refuse        = "refuse"          // a well-formed answer without an image
	Safety        = "safety"          // blocked for its content
	RateLimit     = "rate_limit"      // asked too often
	DailyLimit    = "daily_limit"     // the account's allowance is used up
	OutOfCapacity = "out_of_capacity" // no machine is free
	Rubbish       = "rubbish"         // well-formed, but the image is noise
	Truncated     = "truncated"       // the image ends in the middle
	HTML          = "html"            // a page of someone between
	Empty         = "empty"           // 200 without a body
	Error500      = "error500"
	WrongSize     = "wrong_size" // an image of other dimensions than asked for
)

var kinds = [...]string{Slow, Hang, Refuse, Safety, RateLimit, DailyLimit, OutOfCapacity, Rubbish, Truncated, HTML,
	Empty, Error500, WrongSize}

// Faults queues faults behind those already told.
func (s *Server) Faults(faults ...Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, fault := range faults {
		fault.Next = max(fault.Next, 1)
		s.faults = append(s.faults, fault)
	}
}

// Honest forgets all faults that did not happen yet.
func (s *Server) Honest() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = nil
}

// takeFault is Faults over HTTP; DELETE on the same path is Honest.
func (s *Server) takeFault(w http.ResponseWriter, r *http.Request) {
	var told Fault
	err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<16)).Decode(&told)
	if err != nil || !slices.Contains(kinds[:], told.Kind) || !slices.Contains([]string{"", WorkersAI, Gemini}, told.Provider) {
		http.Error(w, `Send JSON like {"provider": "workers-ai", "next": 1, "kind": "slow", "delay_ms": 5000}.`, http.StatusBadRequest)
		return
	}
	s.Faults(told)
	w.WriteHeader(http.StatusNoContent)
}

// nextFault takes the fault that this call shall suffer, Fault{} for none.
func (s *Server) nextFault(provider string) Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range s.faults {
		if told := s.faults[i]; told.Provider == "" || told.Provider == provider {
			if s.faults[i].Next--; s.faults[i].Next == 0 {
				s.faults = slices.Delete(s.faults, i, i+1)
			}
			return told
		}
	}
	return Fault{}
}

// suffer plays the part of a fault that is the same for both providers and says whether the call is over.
func suffer(w http.ResponseWriter, r *http.Request, fault Fault) bool {
	delay := time.Duration(fault.DelayMS) * time.Millisecond
	if fault.Kind == Hang && delay == 0 {
		delay = time.Hour
	}
	select {
	case <-time.After(delay):
	case <-r.Context().Done():
		return true
	}
	switch fault.Kind {
	case Hang:
		panic(http.ErrAbortHandler)
	case HTML:
		w.Header().Set("Content-Type", "text/html; charset=UTF-8")
		w.WriteHeader(http.StatusBadGateway)
		io.WriteString(w, "<!doctype html><title>502: Bad gateway</title><h1>Bad gateway</h1>")
	case Empty:
		w.WriteHeader(http.StatusOK)
	default:
		return false
	}
	return true
}

// spoil encodes an image for JSON as its fault wants it.
func spoil(encoded []byte, fault Fault) string {
	switch fault.Kind {
	case Rubbish:
		encoded = []byte("This was never an image, whatever the label says.")
	case Truncated:
		encoded = encoded[:len(encoded)/2]
	}
	return base64.StdEncoding.EncodeToString(encoded)
}
