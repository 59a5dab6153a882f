package picture

import (
	"encoding/binary"
	"fmt"
	"iter"
)

const pngSignature = "\x89PNG\r\n\x1a\n"

// inspectPNG reads IHDR, plus the chunks that change the cost or the way up (PNG third edition, W3C).
func inspectPNG(b []byte) (header, error) {
	h := header{orientation: 1}
	var ihdr []byte
	var transparent bool
	for kind, body := range pngChunks(b) {
		switch {
		case kind == "IHDR" && ihdr == nil && len(body) == 13:
			ihdr = body
		case kind == "acTL":
			return h, ErrAnimated
		case kind == "tRNS":
			transparent = true
		case kind == "eXIf":
			h.orientation = orientation(body)
		}
	}
	if ihdr == nil {
		return h, fmt.Errorf("%w: no IHDR", ErrDamaged)
	}
	width, height := binary.BigEndian.Uint32(ihdr), binary.BigEndian.Uint32(ihdr[4:])
	if width > MaxSide || height > MaxSide {
		return h, ErrTooManyPixels
	}
	h.width, h.height = int(width), int(height)
	h.decoding, h.turning = pngMemory(ihdr[8], ihdr[9], transparent)
	if ihdr[12] != 0 {
		h.decoding *= 2 // each of the seven passes is a picture of its own first
	}
	return h, nil
}

// pngMemory gives bytes a pixel of what image/png makes of a depth and colour type, and of plain's copy where it makes one.
func pngMemory(depth, colour byte, transparent bool) (decoding, turning float64) {
	gray := colour == 0 && !transparent
	switch {
	case depth == 16 && gray:
		return 2 + 4, 4
	case depth == 16:
		return 8 + 4, 4
	case gray:
		return 1, 1
	case colour == 3:
		return 1 + 4, 4
	}
	return 4, 4
}

// pngChunks yields the whole chunks of a PNG, without checking their sums: the decoder does.
func pngChunks(b []byte) iter.Seq2[string, []byte] {
	return func(yield func(string, []byte) bool) {
		for i := len(pngSignature); i+12 <= len(b); {
			n := int64(binary.BigEndian.Uint32(b[i:]))
			end := int64(i) + 12 + n
			if end > int64(len(b)) || !yield(string(b[i+4:i+8]), b[i+8:end-4]) {
				return
			}
			i = int(end)
		}
	}
}
