package picture

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/jpeg"
	"image/png"
)

const (
	quality          = 92
	thumbnailQuality = 82
	thumbnailSide    = 512
)

// Encoded is a finished file with what is kept of it in its row.
type Encoded struct {
	Bytes         []byte
	ContentType   string
	Extension     string // "jpg" or "png"
	Width, Height int    // pixels
	CRC32         uint32 // IEEE, as zip archives want it
	SHA256        [32]byte
}

// Encode writes an opaque picture as JPEG, any other as PNG. The only metadata is the digital source type, unless it is None.
func Encode(img image.Image, source DigitalSource) (Encoded, error) {
	return encode(img, source, quality)
}

// Thumbnail writes a copy whose longer side is at most 512 pixels. Transparency stays transparent, so that the thumbnail
// suits a light page as well as a dark one.
func Thumbnail(img image.Image) (Encoded, error) {
	return encode(Fit(img, thumbnailSide), None, thumbnailQuality)
}

func encode(img image.Image, source DigitalSource, quality int) (Encoded, error) {
	e := Encoded{Width: img.Bounds().Dx(), Height: img.Bounds().Dy()}
	var b bytes.Buffer
	var err error
	if opaque(img) {
		e.ContentType, e.Extension = string(JPEG), "jpg"
		err = jpeg.Encode(&b, forJPEG(img), &jpeg.Options{Quality: quality})
		e.Bytes = markJPEG(b.Bytes(), source)
	} else {
		e.ContentType, e.Extension = string(PNG), "png"
		err = png.Encode(&b, forPNG(img))
		e.Bytes = markPNG(b.Bytes(), source)
	}
	if err != nil {
		return Encoded{}, err
	}
	e.CRC32, e.SHA256 = crc32.ChecksumIEEE(e.Bytes), sha256.Sum256(e.Bytes)
	return e, nil
}

func opaque(img image.Image) bool {
	o, ok := img.(interface{ Opaque() bool })
	return ok && o.Opaque()
}

// forJPEG and forPNG hand the encoders the kinds they are fast on; on others they ask for every pixel by itself.
func forJPEG(img image.Image) image.Image {
	if m, ok := img.(*image.NRGBA); ok { // opaque, and then the two are the same
		return &image.RGBA{Pix: m.Pix, Stride: m.Stride, Rect: m.Rect}
	}
	return img
}

func forPNG(img image.Image) image.Image {
	m, ok := img.(*image.RGBA)
	if !ok {
		return img
	}
	dst := image.NewNRGBA(m.Rect)
	for y := range m.Rect.Dy() {
		from, to := m.Pix[y*m.Stride:][:4*m.Rect.Dx()], dst.Pix[y*dst.Stride:]
		for i := 0; i < len(from); i += 4 {
			if a := uint32(from[i+3]); a > 0 {
				to[i], to[i+1], to[i+2] = uint8(uint32(from[i])*255/a), uint8(uint32(from[i+1])*255/a), uint8(uint32(from[i+2])*255/a)
				to[i+3] = uint8(a)
			}
		}
	}
	return dst
}

// DigitalSource says how a picture came about, in the IPTC's vocabulary (https://cv.iptc.org/newscodes/digitalsourcetype/).
type DigitalSource string

// The values this service can truthfully give.
const (
	None      DigitalSource = ""                                                                                    // a person's own picture
	Generated DigitalSource = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"              // drawn by a model from words
	Edited    DigitalSource = "http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia" // a picture changed by a model
	Enhanced  DigitalSource = "http://cv.iptc.org/newscodes/digitalsourcetype/algorithmicallyEnhanced"              // a picture changed by plain arithmetic
)

const (
	xmpPrefix  = "http://ns.adobe.com/xap/1.0/\x00" // of a JPEG APP1 segment, XMP part 3 §1.1.3
	xmpKeyword = "XML:com.adobe.xmp"                // of a PNG iTXt chunk, XMP part 3 §1.1.5
)

func xmp(source DigitalSource) string {
	return `<?xpacket begin="` + "\ufeff" + `" id="W5M0MpCehiHzreSzNTczkc9d"?>` +
		`<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">` +
		`<rdf:Description rdf:about="" xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/">` +
		`<Iptc4xmpExt:DigitalSourceType>` + string(source) + `</Iptc4xmpExt:DigitalSourceType>` +
		`</rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end="r"?>`
}

func markJPEG(b []byte, source DigitalSource) []byte {
	if source == None || len(b) < 2 {
		return b
	}
	body := xmpPrefix + xmp(source)
	app1 := append(binary.BigEndian.AppendUint16([]byte{0xff, 0xe1}, uint16(2+len(body))), body...)
	return bytes.Join([][]byte{b[:2], app1, b[2:]}, nil)
}

func markPNG(b []byte, source DigitalSource) []byte {
	const ihdrEnd = len(pngSignature) + 25
	if source == None || len(b) < ihdrEnd {
		return b
	}
	body := "iTXt" + xmpKeyword + "\x00\x00\x00\x00\x00" + xmp(source) // not compressed, no language
	chunk := append(binary.BigEndian.AppendUint32(nil, uint32(len(body)-4)), body...)
	chunk = binary.BigEndian.AppendUint32(chunk, crc32.ChecksumIEEE([]byte(body)))
	return bytes.Join([][]byte{b[:ihdrEnd], chunk, b[ihdrEnd:]}, nil)
}

// Source reads the digital source type back from a file that Encode wrote; None if there is none.
func Source(b []byte) DigitalSource {
	var packet []byte
	switch format, _ := recognise(b); format {
	case JPEG:
		for i := 2; i > 0 && packet == nil; {
			var body []byte
			_, body, i = segment(b, i)
			packet, _ = bytes.CutPrefix(body, []byte(xmpPrefix))
			if !bytes.HasPrefix(body, []byte(xmpPrefix)) {
				packet = nil
			}
		}
	case PNG:
		for kind, body := range pngChunks(b) {
			if kind == "iTXt" && bytes.HasPrefix(body, []byte(xmpKeyword)) {
				packet = body
			}
		}
	}
	for _, s := range []DigitalSource{Generated, Edited, Enhanced} {
		if bytes.Contains(packet, []byte(">"+s+"<")) {
			return s
		}
	}
	return None
}
