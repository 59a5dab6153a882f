package schema

import "strings"

// Place is a row of the data map for objects, as Column is for columns: which keys lie there, what they hold, whose it is,
// how it is erased, how long it is kept while the account lives.
type Place struct {
	Pattern string // the segments of a key; see fits for those in brackets
	Holds   string
	Whose   Whose
	Erase   Erase
	Kept    string
}

// Library is the pattern of the images' keys.
const Library = "<account>/<id>/<name>"

// Places lists every kind of key in the bucket. The bucket refuses to write anywhere else, so that nobody can keep an
// object without deciding about it.
func Places() []Place {
	return []Place{
		{Library, "an image of the library, with its thumbnail", Person, WithAccount, library},
		{"<account>/incoming/<id>", "a file as it was uploaded, before it is taken in", Person, WithAccount, hour},
		{"<account>/exports/<id>/<name>", "an archive of everything, or of some images, as its owner ordered it", Person, WithAccount, "seven days"},
		{"revoked/<account>", "the mark that no link to the account's objects works", Service, AtItsEnd,
			"from the request of a deletion until it is taken back, or until no link can be alive after the erasure"},
		{"erasures/<more>", "the erasure ledger: keyed hashes of accounts that must not come back from a backup", Person, AtItsEnd,
			"until no backup is left that has the account"},
	}
}

// PlaceOf gives the place of an object key; false if nobody decided about such keys.
func PlaceOf(key string) (Place, bool) {
	have := strings.Split(key, "/")
	for _, place := range Places() {
		if matches(strings.Split(place.Pattern, "/"), have) {
			return place, true
		}
	}
	return Place{}, false
}

func matches(pattern, segments []string) bool {
	if last := len(pattern) - 1; pattern[last] == "<more>" && len(segments) > len(pattern) {
		for _, segment := range segments[len(pattern):] {
			if !fits("<name>", segment) {
				return false
			}
		}
		segments = segments[:len(pattern)]
	}
	if len(pattern) != len(segments) {
		return false
	}
	for i := range pattern {
		if !fits(pattern[i], segments[i]) {
			return false
		}
	}
	return true
}

// fits compares a segment with its form: <account> is the account's prefix of 26 characters, <id> a UUID, <name> a file name
// of letters, digits and ._-, <more> one name or several; anything else stands for itself.
func fits(form, segment string) bool {
	switch form {
	case "<account>":
		return len(segment) == 26 && consists(segment, lower+digits)
	case "<id>":
		return len(segment) == 36 && consists(segment, digits+"abcdef-")
	case "<name>", "<more>":
		return segment != "" && segment[0] != '.' && consists(segment, lower+upper+digits+"._-")
	}
	return form == segment
}

const (
	lower  = "abcdefghijklmnopqrstuvwxyz"
	upper  = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	digits = "0123456789"
)

func consists(text, of string) bool { return strings.Trim(text, of) == "" }
