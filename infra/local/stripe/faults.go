package stripe

import (
	"net/http"
	"path"
	"slices"
	"strings"
	"time"
)

// fault makes the next calls to some routes go wrong.
type fault struct {
	Method string `json:"method"` // "POST", or empty for any
	Path   string `json:"path"`   // what the path begins with, or a pattern like /v1/invoices/*; empty for any
	Kind   string `json:"kind"`   // one of the kinds below
	Times  int    `json:"times"`  // how many calls; at least one
	Status int    `json:"status"` // of the errors; 500 unless told
}

// The kinds of faults. The done_ ones do what was asked before they go wrong. A hanging call is held until its caller
// leaves, at most a minute; a reset one loses its connection.
var faultKinds = [...]string{"error", "hang", "reset", "done_then_error", "done_then_hang", "done_then_reset"}

// nextFault takes the fault that this call shall suffer, fault{} for none.
func (w *world) nextFault(r *http.Request) fault {
	for i := range w.faults {
		told := w.faults[i]
		if told.Method != "" && told.Method != r.Method {
			continue
		}
		if fits, _ := path.Match(told.Path, r.URL.Path); !fits && !strings.HasPrefix(r.URL.Path, told.Path) {
			continue
		}
		if w.faults[i].Times--; w.faults[i].Times <= 0 {
			w.faults = slices.Delete(w.faults, i, i+1)
		}
		if told.Status == 0 {
			told.Status = http.StatusInternalServerError
		}
		return told
	}
	return fault{}
}

// breakOff ends the connection without an answer, at once or once its caller has given up.
func (s *Server) breakOff(r *http.Request, wait bool) {
	if wait {
		select {
		case <-time.After(time.Minute):
		case <-r.Context().Done():
		case <-s.ctx.Done():
		}
	}
	panic(http.ErrAbortHandler)
}
