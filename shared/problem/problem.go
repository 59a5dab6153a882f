// Package problem says why a caller was refused.
package problem

import (
	"errors"
	"maps"
)

// Kind is the sort of refusal; each edge decides what it looks like there.
type Kind int

// The kinds of refusal. The zero Kind is none of them, so a forgotten kind is noticed at the edge.
const (
	Invalid          Kind = iota + 1 // cannot be read at all
	Unauthenticated                  // nobody is signed in
	PaymentRequired                  // what it costs is not there
	Forbidden                        // signed in, yet not allowed
	NotFound                         // does not exist, or is another person's
	MethodNotAllowed                 // exists, but cannot be asked that way
	Conflict                         // does not go with what is already there
	Gone                             // was there once
	TooLarge                         // more bytes than are taken
	UnsupportedType                  // a format that is not taken
	Unprocessable                    // can be read, but asks for something impossible
	TooMany                          // too often; later it may work
	Unavailable                      // our fault or a provider's; later it may work
)

// Problem is a refusal that its caller may read in full: neither Sentence nor Fields hold anything of another person's.
type Problem struct {
	Kind     Kind
	Code     string            // snake_case, stable: programs decide by it
	Sentence string            // one clear sentence that says what to do
	Fields   map[string]string // what is wrong with which field of the request; nil when it is not about fields
	cause    error
}

// New makes a problem of a kind, with its stable code (snake_case) and its sentence for people.
func New(kind Kind, code, sentence string) *Problem {
	return &Problem{Kind: kind, Code: code, Sentence: sentence}
}

// Because returns the same problem with the error that led to it, which the caller never sees.
func (p *Problem) Because(cause error) *Problem {
	q := *p
	q.cause = cause
	return &q
}

// In returns the same problem with a sentence about one field of the request; fields named before are kept.
func (p *Problem) In(field, sentence string) *Problem {
	q := *p
	q.Fields = maps.Clone(p.Fields)
	if q.Fields == nil {
		q.Fields = map[string]string{}
	}
	q.Fields[field] = sentence
	return &q
}

// Error gives code and sentence, without the cause: a cause may hold what a caller must not see.
func (p *Problem) Error() string { return p.Code + ": " + p.Sentence }

// Unwrap gives the cause, or nil.
func (p *Problem) Unwrap() error { return p.cause }

// Is makes errors.Is compare problems by their code, so that one with a cause still equals the one it was made from.
func (p *Problem) Is(target error) bool {
	q, ok := target.(*Problem)
	return ok && q.Code == p.Code
}

// Of finds the problem in an error's chain; nil when there is none.
func Of(err error) *Problem {
	p, _ := errors.AsType[*Problem](err)
	return p
}
