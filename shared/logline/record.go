package logline

import (
	"net/netip"
	"path"
	"runtime/debug"
	"time"
)

// Record is all that is ever logged about a request or a job (policy P2.4): no path but the pattern, no text of an error.
// It is the one definition: what writes it is shared/web and shared/task, what keeps it is functions/keep-logs.
type Record struct {
	Time       Moment         `json:"time,omitempty"` // the event's own clock
	Level      Level          `json:"level"`
	Msg        Kind           `json:"msg"`
	Function   Function       `json:"function"`
	RequestID  RequestID      `json:"requestId"`            // API Gateway's, or Lambda's own of a job
	Invocation Invocation     `json:"invocation,omitempty"` // Lambda's own id of a request, which its platform lines carry
	Route      Route          `json:"route,omitempty"`
	Method     Method         `json:"method,omitempty"`
	Status     int            `json:"status,omitempty"` // of HTTP; 0 in a job
	Ms         int64          `json:"ms"`
	Cold       bool           `json:"cold"`
	OK         *bool          `json:"ok,omitempty"` // of a job
	Code       Code           `json:"code,omitempty"`
	Error      ErrorClass     `json:"error,omitempty"`
	Who        Pseudonym      `json:"who,omitempty"`
	Browser    Browser        `json:"browser,omitempty"`
	System     System         `json:"system,omitempty"`
	Network    Network        `json:"network,omitempty"`
	Counts     map[string]int `json:"counts,omitempty"` // by words; of a job
	Alarms     []Word         `json:"alarms,omitempty"`
}

// MomentOf writes a time in UTC, to the millisecond; "" for the zero time.
func MomentOf(at time.Time) Moment {
	if at.IsZero() {
		return ""
	}
	return Moment(at.UTC().Format("2006-01-02T15:04:05.000Z07:00"))
}

// NetworkOf cuts an address down to its network: 24 bits of an IPv4 address, 48 of an IPv6 address, which are a provider's or
// a household's rather than a device's. It is "" for the zero address.
func NetworkOf(address netip.Addr) Network {
	address, bits := address.Unmap(), 48
	if address.Is4() {
		bits = 24
	}
	network, err := address.Prefix(bits)
	if err != nil || !network.IsValid() {
		return ""
	}
	return Network(network.String())
}

// Running names the function that runs: the folder of its main package, whatever its stack calls it.
func Running() Function {
	built, _ := debug.ReadBuildInfo()
	if built == nil {
		return ""
	}
	return Function(path.Base(built.Path))
}
