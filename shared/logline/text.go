package logline

// Text is a text that appears in a log only if it fits its shape; every other, an e-mail address or a sentence for one,
// appears as "withheld". "" fits every shape. What is read from JSON may be anything: only String knows whether it fits.
type Text[S Shape] string

// Shape says which texts fit; none with a quote, a backslash or a control character does.
type Shape interface{ Fits(text string) bool }

// Withheld stands for a text that does not fit.
const Withheld = "withheld"

// String withholds a text that does not fit.
func (t Text[S]) String() string {
	var shape S
	if t == "" || shape.Fits(string(t)) {
		return string(t)
	}
	return Withheld
}

// Or gives the text, or another where this one is empty or does not fit.
func (t Text[S]) Or(other Text[S]) Text[S] {
	if t == "" || t.String() == Withheld {
		return other
	}
	return t
}

// MarshalJSON writes what String gives.
func (t Text[S]) MarshalJSON() ([]byte, error) { return []byte(`"` + t.String() + `"`), nil }
