package picture

import (
	"encoding/binary"
	"fmt"
	"image"
)

// inspectWebP reads the RIFF chunks (RFC 9649). The canvas and the picture in it must agree on the size: a small canvas
// around a huge picture is how a small file takes a gigabyte.
func inspectWebP(b []byte) (header, error) {
	h := header{orientation: 1}
	var alpha, seen bool
	size := func(width, height int) error {
		if seen && (width != h.width || height != h.height) {
			return fmt.Errorf("%w: two sizes", ErrDamaged)
		}
		h.width, h.height, seen = width, height, true
		return nil
	}
	for i := 12; i+8 <= len(b); {
		kind, n := string(b[i:i+4]), int64(binary.LittleEndian.Uint32(b[i+4:]))
		body := b[i+8 : min(int64(len(b)), int64(i)+8+n)]
		var err error
		switch {
		case kind == "ANIM" || kind == "ANMF" || kind == "VP8X" && len(body) > 0 && body[0]&2 != 0:
			return h, ErrAnimated
		case kind == "VP8X" && len(body) >= 10:
			alpha = body[0]&16 != 0
			err = size(1+uint24(body[4:]), 1+uint24(body[7:]))
		case kind == "VP8 " && len(body) >= 10:
			err = size(int(binary.LittleEndian.Uint16(body[6:])&0x3fff), int(binary.LittleEndian.Uint16(body[8:])&0x3fff))
			h.decoding, h.turning = 1.5, 1.5
			if alpha { // an alpha plane, unpacked by way of a lossless picture, then one copy of four bytes
				h.decoding, h.turning = 1.5+1+8+4, 4
			}
		case kind == "VP8L" && len(body) >= 5:
			bits := binary.LittleEndian.Uint32(body[1:])
			err = size(1+int(bits&0x3fff), 1+int(bits>>14&0x3fff))
			h.decoding, h.turning = 4+4, 4 // the pixels, plus the copy of a palette transform
		case kind == "EXIF":
			h.orientation = orientation(body)
		}
		if err != nil {
			return h, err
		}
		i = int(min(int64(len(b)), int64(i)+8+n+n&1))
	}
	if h.decoding == 0 && h.afford() == nil {
		return h, fmt.Errorf("%w: no picture", ErrDamaged)
	}
	return h, nil
}

func uint24(b []byte) int { return int(b[0]) | int(b[1])<<8 | int(b[2])<<16 }

// stretchRange corrects the colours of a lossy WebP in place: VP8 codes them in studio range (Y 16 to 235, chroma 16 to 240,
// RFC 9649 §2.5), image.YCbCr means full range, and the decoder does not convert; blacks would come out grey.
func stretchRange(img image.Image) {
	var m *image.YCbCr
	switch t := img.(type) {
	case *image.YCbCr:
		m = t
	case *image.NYCbCrA:
		m = &t.YCbCr
	default:
		return
	}
	var luma, chroma [256]byte
	for v := range 256 {
		luma[v] = clamp8((float32(v) - 16) * 255 / 219)
		chroma[v] = clamp8((float32(v)-128)*255/224 + 128)
	}
	for i, v := range m.Y {
		m.Y[i] = luma[v]
	}
	for i, v := range m.Cb {
		m.Cb[i] = chroma[v]
	}
	for i, v := range m.Cr {
		m.Cr[i] = chroma[v]
	}
}

func clamp8(v float32) uint8 { return uint8(min(max(v+0.5, 0), 255)) }
