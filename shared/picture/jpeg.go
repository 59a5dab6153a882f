package picture

import (
	"bytes"
	"encoding/binary"
	"fmt"
)

// maxScans bounds the passes of a progressive JPEG: each scan may cost a few bytes of file and a walk over the whole picture.
// Cameras and editors write about ten.
const maxScans = 100

// inspectJPEG walks the markers (ITU T.81, annex B) to the end of the image, over the entropy-coded data too.
func inspectJPEG(b []byte) (header, error) {
	h := header{orientation: 1}
	var adobeRGB bool
	var frame []byte
	var progressive bool
	scans := 0
	for i := 2; ; {
		marker, body, next := segment(b, i)
		if next == 0 {
			break
		}
		i = next
		switch {
		case marker == 0xda:
			scans++
		case marker == 0xe1 && h.orientation == 1 && bytes.HasPrefix(body, []byte(exifPrefix)):
			h.orientation = orientation(body)
		case marker == 0xee && len(body) >= 12 && string(body[:5]) == "Adobe":
			adobeRGB = body[11] == 0
		case marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc && frame == nil:
			frame, progressive = body, marker == 0xc2
		}
	}
	if len(frame) < 6 || len(frame) < 6+3*int(frame[5]) || scans == 0 {
		return h, fmt.Errorf("%w: no frame", ErrDamaged)
	}
	if scans > maxScans {
		return h, fmt.Errorf("%w: %d scans", ErrDamaged, scans)
	}
	h.height, h.width = int(binary.BigEndian.Uint16(frame[1:])), int(binary.BigEndian.Uint16(frame[3:]))
	h.decoding, h.turning = jpegMemory(frame, progressive, adobeRGB)
	return h, nil
}

// jpegMemory gives bytes a pixel: one for each sample, four more where a progressive file keeps its coefficients, and a
// four-byte copy where the decoder or plain leaves the planes behind.
func jpegMemory(frame []byte, progressive, adobeRGB bool) (decoding, turning float64) {
	n := int(frame[5])
	var sum, hMax, vMax int
	for c := range n {
		h, v := int(frame[7+3*c]>>4), int(frame[7+3*c]&15)
		sum, hMax, vMax = sum+h*v, max(hMax, h), max(vMax, v)
	}
	samples := 1.0
	if n > 1 {
		samples = float64(sum) / float64(max(1, hMax*vMax))
	}
	decoding, turning = samples, samples
	if progressive {
		decoding += 4 * samples
	}
	rgb := n == 3 && (adobeRGB || frame[6] == 'R' && frame[9] == 'G' && frame[12] == 'B')
	switch {
	case n == 4:
		return decoding + 8, 4
	case rgb:
		return decoding + 4, 4
	case hMax == 4: // turned by way of RGBA, see turn
		return decoding, 8
	}
	return decoding, turning
}

// segment finds the next marker at or after i; next is where to go on, 0 at the end of the image.
func segment(b []byte, i int) (marker byte, body []byte, next int) {
	for ; i+1 < len(b); i++ {
		m := b[i+1]
		switch {
		case b[i] != 0xff || m == 0 || m == 0xff || m == 1 || m >= 0xd0 && m <= 0xd8:
			continue // data, stuffing, a restart marker
		case m == 0xd9 || i+4 > len(b):
			return 0, nil, 0
		}
		length := int(binary.BigEndian.Uint16(b[i+2:]))
		if length < 2 || i+2+length > len(b) {
			return 0, nil, 0
		}
		return m, b[i+4 : i+2+length], i + 2 + length
	}
	return 0, nil, 0
}
