package picture

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/draw"
)

const exifPrefix = "Exif\x00\x00"

// orientation reads tag 0x0112 of the first directory of an EXIF block (TIFF 6.0; CIPA DC-008). Whatever is not a clean
// value from 1 to 8 counts as 1, upright, which is what viewers do.
func orientation(exif []byte) int {
	b := bytes.TrimPrefix(exif, []byte(exifPrefix))
	if len(b) < 8 {
		return 1
	}
	var order binary.ByteOrder = binary.LittleEndian
	switch string(b[:4]) {
	case "II*\x00":
	case "MM\x00*":
		order = binary.BigEndian
	default:
		return 1
	}
	at := int64(order.Uint32(b[4:]))
	if at+2 > int64(len(b)) {
		return 1
	}
	const entry, short = 12, 3
	for i := range int64(order.Uint16(b[at:])) {
		from := at + 2 + i*entry
		if from+entry > int64(len(b)) {
			return 1
		}
		e := b[from : from+entry]
		if order.Uint16(e) != 0x0112 {
			continue
		}
		if v := order.Uint16(e[8:]); order.Uint16(e[2:]) == short && v >= 1 && v <= 8 {
			return int(v)
		}
		return 1
	}
	return 1
}

// plain leaves the kinds of image that the rest of the package is fast on, and copies every other into eight-bit NRGBA.
func plain(img image.Image) image.Image {
	switch m := img.(type) {
	case *image.YCbCr, *image.Gray, *image.NRGBA:
		return img
	case *image.RGBA:
		return img // image/png and image/jpeg use it for opaque pictures only
	case *image.CMYK:
		dst := image.NewRGBA(m.Rect)
		draw.Draw(dst, dst.Rect, m, m.Rect.Min, draw.Src)
		return dst
	}
	dst := image.NewNRGBA(img.Bounds())
	draw.Draw(dst, dst.Rect, img, dst.Rect.Min, draw.Src)
	return dst
}

// turn brings a picture upright. The planes of a YCbCr image are turned one by one, which takes 1.5 bytes a pixel for a
// phone's photo instead of 4; with odd sizes a chroma sample may move by half a pixel, which nobody sees.
func turn(img image.Image, o int) image.Image {
	if o <= 1 || o > 8 {
		return img
	}
	w, h := img.Bounds().Dx(), img.Bounds().Dy()
	upright := image.Rect(0, 0, w, h)
	if o >= 5 {
		upright = image.Rect(0, 0, h, w)
	}
	switch m := img.(type) {
	case *image.Gray:
		return &image.Gray{Pix: turnPlane(m.Pix, m.Stride, w, h, 1, o), Stride: upright.Dx(), Rect: upright}
	case *image.NRGBA:
		return &image.NRGBA{Pix: turnPlane(m.Pix, m.Stride, w, h, 4, o), Stride: 4 * upright.Dx(), Rect: upright}
	case *image.RGBA:
		return &image.RGBA{Pix: turnPlane(m.Pix, m.Stride, w, h, 4, o), Stride: 4 * upright.Dx(), Rect: upright}
	case *image.YCbCr:
		if ratio, ok := turnedRatio(m.SubsampleRatio, o); ok {
			return turnYCbCr(m, upright, ratio, o)
		}
	}
	dst := image.NewRGBA(image.Rect(0, 0, w, h))
	draw.Draw(dst, dst.Rect, img, img.Bounds().Min, draw.Src)
	return turn(dst, o)
}

func turnYCbCr(m *image.YCbCr, upright image.Rectangle, ratio image.YCbCrSubsampleRatio, o int) image.Image {
	shape := image.NewYCbCr(image.Rect(0, 0, m.Rect.Dx(), 1), m.SubsampleRatio)
	cw := shape.CStride
	shape = image.NewYCbCr(image.Rect(0, 0, 1, m.Rect.Dy()), m.SubsampleRatio)
	ch := len(shape.Cb) / shape.CStride
	t := &image.YCbCr{
		Y:  turnPlane(m.Y, m.YStride, m.Rect.Dx(), m.Rect.Dy(), 1, o),
		Cb: turnPlane(m.Cb, m.CStride, cw, ch, 1, o),
		Cr: turnPlane(m.Cr, m.CStride, cw, ch, 1, o),

		YStride: upright.Dx(), CStride: cw, SubsampleRatio: ratio, Rect: upright,
	}
	if o >= 5 {
		t.CStride = ch
	}
	return t
}

// turnedRatio is the chroma subsampling after turning; false where image.YCbCr has no name for it.
func turnedRatio(r image.YCbCrSubsampleRatio, o int) (image.YCbCrSubsampleRatio, bool) {
	switch {
	case r == image.YCbCrSubsampleRatio444 || r == image.YCbCrSubsampleRatio420:
		return r, true
	case r == image.YCbCrSubsampleRatio422 && o >= 5:
		return image.YCbCrSubsampleRatio440, true
	case r == image.YCbCrSubsampleRatio440 && o >= 5:
		return image.YCbCrSubsampleRatio422, true
	case r == image.YCbCrSubsampleRatio422 || r == image.YCbCrSubsampleRatio440:
		return r, true
	}
	return r, false // 4:1:1 and 4:1:0, which nothing writes any more
}

// turnPlane copies w × h pixels of p bytes each; o is one of the eight EXIF orientations, each a walk over the source
// from one corner, with one step to the right and one step down.
func turnPlane(src []byte, s, w, h, p, o int) []byte {
	right, bottom := (w-1)*p, (h-1)*s
	walk := [9]struct{ from, x, y int }{
		2: {right, -p, s}, 3: {right + bottom, -p, -s}, 4: {bottom, p, -s},
		5: {0, s, p}, 6: {bottom, -s, p}, 7: {right + bottom, -s, -p}, 8: {right, s, -p},
	}[o]
	if o >= 5 {
		w, h = h, w
	}
	dst := make([]byte, 0, w*h*p)
	for y := range h {
		at := walk.from + y*walk.y
		for range w {
			dst = append(dst, src[at:at+p]...)
			at += walk.x
		}
	}
	return dst
}
