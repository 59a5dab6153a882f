// Package picture turns untrusted image bytes into pixels under a budget of memory.
package picture

import (
	"bytes"
	"fmt"
	"image"
	"image/jpeg"
	"image/png"

	"golang.org/x/image/webp"
)

// What a picture may cost. All of it is read from the header, so that a refusal costs nothing.
const (
	MaxBytes  = 20 << 20   // length of the file
	MaxStored = 160 << 20  // length of a file that Encode wrote: four bytes for each of MaxPixels, uncompressed
	MaxPixels = 40_000_000 // width × height
	MaxSide   = 12_000     // pixels, the longer side
	MaxMemory = 200 << 20  // bytes, at the worst moment of decoding, conversion, turning
)

// Format is a kind of file that Decode reads; its value is the media type.
type Format string

// The formats taken in. Everything else is refused with a sentence of its own.
const (
	JPEG Format = "image/jpeg"
	PNG  Format = "image/png"
	WebP Format = "image/webp"
)

// Decode reads one still JPEG, PNG or WebP, recognised by its content, and returns its pixels upright and without any
// metadata: the EXIF orientation is applied, everything else (position, camera, colour profile, thumbnails) is left behind.
// The image is an *image.YCbCr, *image.Gray, *image.NRGBA, or an opaque *image.RGBA, with its corner at 0,0.
// Errors hold a *Refusal; compare them with ErrTooLarge and its neighbours by errors.Is.
func Decode(b []byte) (image.Image, Format, error) {
	if len(b) > MaxBytes {
		return nil, "", ErrTooLarge
	}
	return decode(b)
}

// Reopen decodes a file that Encode wrote. Transparent pictures grow when they are written, so it may be longer than
// what is taken in, up to MaxStored; everything else that Decode refuses is refused.
func Reopen(b []byte) (image.Image, error) {
	img, _, err := decode(b)
	return img, err
}

func decode(b []byte) (image.Image, Format, error) {
	format, err := recognise(b)
	if err != nil {
		return nil, "", err
	}
	h, err := inspect(b, format)
	if err != nil {
		return nil, "", err
	}
	if err := h.afford(); err != nil {
		return nil, "", err
	}
	img, err := pixels(b, format, h)
	if err != nil {
		return nil, "", err
	}
	return turn(plain(img), h.orientation), format, nil
}

// inspect reads what the budget needs. Only this package's reading of the header decides what is affordable, hence the
// comparison with the decoder's own reading in pixels.
func inspect(b []byte, format Format) (header, error) {
	switch format {
	case JPEG:
		return inspectJPEG(b)
	case PNG:
		return inspectPNG(b)
	default:
		return inspectWebP(b)
	}
}

// pixels runs the decoder. A panic in a decoder is damage in the file, not a reason to take the process down.
func pixels(b []byte, format Format, h header) (img image.Image, err error) {
	defer func() {
		if r := recover(); r != nil {
			img, err = nil, fmt.Errorf("%w: the decoder panicked", ErrDamaged)
		}
	}()
	config, decode := jpeg.DecodeConfig, jpeg.Decode
	switch format {
	case PNG:
		config, decode = png.DecodeConfig, png.Decode
	case WebP:
		config, decode = webp.DecodeConfig, webp.Decode
	}
	c, err := config(bytes.NewReader(b))
	if err != nil || c.Width != h.width || c.Height != h.height {
		return nil, fmt.Errorf("%w: header: %v", ErrDamaged, err)
	}
	if img, err = decode(bytes.NewReader(b)); err != nil {
		return nil, fmt.Errorf("%w: %v", ErrDamaged, err)
	}
	if format == WebP {
		stretchRange(img)
	}
	return img, nil
}

// header is what a file says about itself, with what decoding it will take.
type header struct {
	width, height int
	orientation   int     // EXIF 0x0112, 1 to 8
	decoding      float64 // bytes a pixel while decoding, conversion to one of our kinds included
	turning       float64 // bytes a pixel of the copy that turning makes
}

func (h header) afford() error {
	if h.width <= 0 || h.height <= 0 {
		return fmt.Errorf("%w: no size", ErrDamaged)
	}
	n := int64(h.width) * int64(h.height)
	if n > MaxPixels || h.width > MaxSide || h.height > MaxSide {
		return ErrTooManyPixels
	}
	each := h.decoding
	if h.orientation > 1 {
		each += h.turning
	}
	if float64(n)*each > MaxMemory {
		return ErrTooMuchMemory
	}
	return nil
}
