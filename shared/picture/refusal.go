package picture

import (
	"bytes"
	"fmt"
)

// Refusal says why a picture is not taken: a stable code for programs, a sentence for the person who sent it.
type Refusal struct{ Code, Sentence string }

func (r *Refusal) Error() string { return r.Sentence }

// Is makes every refusal with the same code the same error: one for HEIC is an ErrFormat.
func (r *Refusal) Is(target error) bool {
	t, ok := target.(*Refusal)
	return ok && t.Code == r.Code
}

// The refusals. None of them depends on the name or the declared type of the file.
var (
	ErrTooLarge = &Refusal{"image_too_large",
		"This file is larger than 20 MB. Please save the picture smaller and send it again."}
	ErrTooManyPixels = &Refusal{"image_too_many_pixels",
		"This picture is larger than 40 megapixels or 12,000 pixels on a side. Please save it smaller and send it again."}
	ErrTooMuchMemory = &Refusal{"image_too_many_pixels",
		"This picture takes too much memory to open. Please save it smaller, or as an ordinary 8-bit JPEG, and send it again."}
	ErrFormat = &Refusal{"image_format",
		"This is not a picture that can be opened here. Please send a JPEG, PNG or WebP."}
	ErrAnimated = &Refusal{"image_animated",
		"This is an animation. Please send a single still picture as JPEG, PNG or WebP."}
	ErrDamaged = &Refusal{"image_damaged",
		"This picture is damaged or incomplete. Please open it on your device, save it again as JPEG or PNG, and send that."}
	ErrNoPlainBackground = &Refusal{"background_not_plain",
		"The background of this picture is not plain enough to be told from the rest. Please use a picture in front of one even colour."}
)

// recognise tells the format by the first bytes, and names the ones that people do send and cannot be opened.
func recognise(b []byte) (Format, error) {
	switch {
	case bytes.HasPrefix(b, []byte("\xff\xd8\xff")):
		return JPEG, nil
	case bytes.HasPrefix(b, []byte(pngSignature)):
		return PNG, nil
	case len(b) >= 12 && string(b[:4]) == "RIFF" && string(b[8:12]) == "WEBP":
		return WebP, nil
	}
	if len(b) == 0 {
		return "", &Refusal{ErrFormat.Code, "This file is empty. Please send a JPEG, PNG or WebP."}
	}
	if name, hint := stranger(b); name != "" {
		return "", &Refusal{ErrFormat.Code, fmt.Sprintf("This is %s, which cannot be opened here. %s", name, hint)}
	}
	return "", ErrFormat
}

func stranger(b []byte) (name, hint string) {
	const save = "Please save it as JPEG, PNG or WebP and send that."
	if len(b) >= 12 && string(b[4:8]) == "ftyp" {
		switch string(b[8:12]) {
		case "avif", "avis":
			return "an AVIF picture", save
		case "heic", "heix", "hevc", "hevx", "heim", "heis", "mif1", "msf1":
			return "a HEIC photo", "On an iPhone choose Settings, Camera, Formats, Most Compatible, or share the photo as JPEG; elsewhere save it as JPEG."
		}
		return "a video", "Please send a single still picture as JPEG, PNG or WebP."
	}
	for _, known := range []struct{ prefix, name string }{
		{"GIF8", "a GIF"}, {"BM", "a BMP picture"}, {"II*\x00", "a TIFF picture"}, {"MM\x00*", "a TIFF picture"},
		{"%PDF", "a PDF document"}, {"\xff\x0a", "a JPEG XL picture"}, {"\x00\x00\x00\x0cJXL ", "a JPEG XL picture"},
		{"8BPS", "a Photoshop file"},
	} {
		if bytes.HasPrefix(b, []byte(known.prefix)) {
			return known.name, save
		}
	}
	if bytes.Contains(bytes.ToLower(b[:min(len(b), 1024)]), []byte("<svg")) {
		return "an SVG drawing", save
	}
	return "", ""
}
