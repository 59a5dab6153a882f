package model

import (
	"net/http"
	"strconv"
	"time"
)

// Reason is what a failed call means for the order.
type Reason string

// The reasons.
const (
	Refused       Reason = "refused"       // against the provider's content rules: the same order will be refused again
	Later         Reason = "later"         // no room now: ask again after Failure.After, which does not count as an attempt
	Exhausted     Reason = "exhausted"     // the day's allocation is used up: this provider draws nothing more today
	Broken        Reason = "broken"        // the provider failed; the call may have cost money, another may succeed
	Misconfigured Reason = "misconfigured" // key, address or request is wrong: an operator must act
)

// Failure is the error of Artist.Draw.
type Failure struct {
	Reason Reason
	After  time.Duration // how long to wait before it
	Detail string        // for the log: codes, never words of the prompt or of the provider
	cause  error
}

func (f *Failure) Error() string {
	text := "image model: " + string(f.Reason) + ": " + f.Detail
	if f.cause != nil {
		text += ": " + f.cause.Error()
	}
	return text
}

// Unwrap gives the transport's error, such as context.DeadlineExceeded.
func (f *Failure) Unwrap() error { return f.cause }

// busy is how long to wait where a provider is out of room but names no time.
const busy = 15 * time.Second

func failure(reason Reason, detail string, cause error) *Failure {
	f := &Failure{Reason: reason, Detail: detail, cause: cause}
	if reason == Later {
		f.After = busy
	}
	return f
}

// byStatus is the last resort, where an answer carries no code of the provider's own.
func byStatus(r reply) *Failure {
	detail := "HTTP " + strconv.Itoa(r.status)
	switch {
	case r.status == http.StatusTooManyRequests:
		f := failure(Later, detail, nil)
		f.After = retryAfter(r.header, busy)
		return f
	case r.status == http.StatusRequestTimeout || r.status >= 500 || r.status < 300:
		return failure(Broken, detail, nil)
	}
	return failure(Misconfigured, detail, nil)
}
