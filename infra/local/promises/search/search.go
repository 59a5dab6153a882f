// Package search finds planted strings in whatever form they are kept.
package search

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"strings"
)

// A Mark is something unique about a person that was planted in the service.
type Mark struct {
	Whose string // a person of the play
	What  string // "prompt", "e-mail address", …
	Text  []byte
}

// An Index of marks finds all of them in one pass. The zero value is empty.
type Index struct {
	marks  []Mark
	forms  map[uint64][]form // by their first eight bytes
	filter [1 << 16]bool     // of the first eight bytes, hashed
}

type form struct {
	bytes []byte
	mark  int
}

// window is how many bytes decide whether a form may begin at a place.
const window = 8

// Add plants a mark. What is shorter than eight bytes is found by chance, so it is not taken.
func (x *Index) Add(m Mark) {
	if len(m.Text) < window {
		return
	}
	if x.forms == nil {
		x.forms = map[uint64][]form{}
	}
	x.marks = append(x.marks, m)
	for _, bytes := range forms(m.Text) {
		head := lowered(bytes[:window])
		x.forms[head] = append(x.forms[head], form{bytes, len(x.marks) - 1})
		x.filter[hash(head)] = true
	}
}

// Marks are all that were planted.
func (x *Index) Marks() []Mark { return x.marks }

// In gives every mark that is in a text, each once. Upper and lower case are the same.
func (x *Index) In(text []byte) []Mark {
	var seen map[int]bool
	var last uint64
	for at, b := range text {
		last = last<<8 | uint64(lower(b))
		if at < window-1 || !x.filter[hash(last)] {
			continue
		}
		for _, f := range x.forms[last] {
			from := at - window + 1
			if from+len(f.bytes) <= len(text) && same(text[from:from+len(f.bytes)], f.bytes) {
				if seen == nil {
					seen = map[int]bool{}
				}
				seen[f.mark] = true
			}
		}
	}
	var found []Mark
	for i := range x.marks {
		if seen[i] {
			found = append(found, x.marks[i])
		}
	}
	return found
}

// forms are the ways in which a text may be written down: as it is, in hexadecimal digits, in base64 from each of three places on,
// escaped in an address; a UUID also without its dashes, and as its sixteen bytes.
func forms(text []byte) [][]byte {
	all := [][]byte{text, []byte(hex.EncodeToString(text))}
	for skip := range 3 {
		padded := append(make([]byte, skip), text...)
		whole := len(padded) - len(padded)%3 // what stands in the last group depends on what follows
		from := (skip*8 + 5) / 6
		for _, alphabet := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
			all = append(all, []byte(alphabet.EncodeToString(padded[:whole])[from:]))
		}
	}
	if escaped := strings.NewReplacer("@", "%40", " ", "+").Replace(string(text)); escaped != string(text) {
		all = append(all, []byte(escaped), []byte(strings.ReplaceAll(escaped, "+", "%20")))
	}
	if plain := strings.ReplaceAll(string(text), "-", ""); len(text) == 36 && len(plain) == 32 {
		if raw, err := hex.DecodeString(plain); err == nil {
			all = append(all, []byte(plain), raw)
		}
	}
	var long [][]byte
	for _, f := range all {
		if len(f) >= window {
			long = append(long, f)
		}
	}
	return long
}

func lowered(head []byte) (w uint64) {
	for _, b := range head {
		w = w<<8 | uint64(lower(b))
	}
	return w
}

func lower(b byte) byte {
	if 'A' <= b && b <= 'Z' {
		return b + 'a' - 'A'
	}
	return b
}

func hash(w uint64) uint64 { return (w * 0x9e3779b97f4a7c15) >> 48 }

// same compares without regard to the case of ASCII's letters, in bytes that need not be text.
func same(a, b []byte) bool {
	if bytes.Equal(a, b) {
		return true
	}
	for i := range a {
		if lower(a[i]) != lower(b[i]) {
			return false
		}
	}
	return true
}
