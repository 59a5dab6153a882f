package google

import (
	"crypto/sha256"
	"image"
	"image/color"
	"image/png"
	"math"
	"math/big"
	"net/http"
	"strings"
	"unicode"

	"golang.org/x/image/vector"
)

type person struct {
	Number  int // what the form sends for one of the three, 0 for anyone else
	Subject string
	Name    string
	Email   string
	Picture string // path below the issuer until an issuer is known
}

// people are the three of the form, with pictures below the issuer.
func people(issuer string) []person {
	named := []person{
		{Number: 1, Name: "Amara Okafor", Email: "amara@example.com"},
		{Number: 2, Name: "Jonas Lindström", Email: "jonas@example.com"},
		{Number: 3, Name: "Mei Tanaka", Email: "mei@example.com"},
	}
	for i := range named {
		named[i].Subject = subjectOf(named[i].Email)
		named[i].Picture = issuer + "/pictures/" + named[i].Subject + ".png"
	}
	return named
}

// personOf finds or invents the person behind an address; the same address is always the same person.
func personOf(email string) (person, bool) {
	address, ok := parseAddress(email)
	if !ok {
		return person{}, false
	}
	for _, known := range people("") {
		if known.Email == address {
			return known, true
		}
	}
	subject := subjectOf(address)
	return person{Subject: subject, Name: nameOf(address), Email: address, Picture: "/pictures/" + subject + ".png"}, true
}

// subjectOf gives 21 digits, as Google's subjects have.
func subjectOf(address string) string {
	sum := sha256.Sum256([]byte(address))
	digits := new(big.Int).SetBytes(sum[:]).String() + strings.Repeat("0", 21)
	return "1" + digits[:20]
}

// nameOf makes "Jane Doe" of jane.doe@example.com.
func nameOf(address string) string {
	local, _, _ := strings.Cut(address, "@")
	words := strings.FieldsFunc(local, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	for i, word := range words {
		letters := []rune(word)
		letters[0] = unicode.ToUpper(letters[0])
		words[i] = string(letters)
	}
	if len(words) == 0 {
		return address
	}
	return strings.Join(words, " ")
}

// picture draws a portrait determined by the subject in the path.
func picture(w http.ResponseWriter, r *http.Request) {
	subject, isPNG := strings.CutSuffix(r.PathValue("file"), ".png")
	if !isPNG || len(subject) != 21 || strings.Trim(subject, "0123456789") != "" {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "image/png")
	w.Header().Set("Cache-Control", "public, max-age=86400")
	w.Header().Set("Cross-Origin-Resource-Policy", "cross-origin")
	_ = png.Encode(w, portrait(subject)) // whoever asked may have gone
}

func portrait(subject string) image.Image {
	const size = 192
	// Of all beginnings, this one suits the names of the three.
	sum := sha256.Sum256([]byte("portrait 17600 of " + subject))
	pick := func(n int, from ...color.RGBA) color.RGBA { return from[int(sum[n])%len(from)] }
	ground := pick(0, color.RGBA{255, 204, 153, 255}, color.RGBA{158, 210, 190, 255}, color.RGBA{173, 196, 240, 255},
		color.RGBA{244, 184, 196, 255}, color.RGBA{203, 187, 235, 255}, color.RGBA{250, 222, 130, 255})
	skin := pick(1, color.RGBA{245, 208, 178, 255}, color.RGBA{141, 85, 54, 255}, color.RGBA{222, 171, 127, 255}, color.RGBA{92, 58, 41, 255})
	hair := pick(2, color.RGBA{43, 33, 30, 255}, color.RGBA{94, 60, 38, 255}, color.RGBA{201, 152, 84, 255}, color.RGBA{120, 45, 30, 255}, color.RGBA{30, 34, 52, 255})
	shirt := pick(3, color.RGBA{47, 93, 138, 255}, color.RGBA{166, 64, 74, 255}, color.RGBA{56, 118, 96, 255}, color.RGBA{91, 74, 140, 255}, color.RGBA{214, 126, 52, 255})

	img := image.NewRGBA(image.Rect(0, 0, size, size))
	ellipse := func(c color.RGBA, cx, cy, rx, ry float64) {
		shape := vector.NewRasterizer(size, size)
		for step := range 64 {
			sin, cos := math.Sincos(float64(step) * math.Pi / 32)
			x, y := float32(cx+rx*cos), float32(cy+ry*sin)
			if step == 0 {
				shape.MoveTo(x, y)
			} else {
				shape.LineTo(x, y)
			}
		}
		shape.ClosePath()
		shape.Draw(img, img.Bounds(), image.NewUniform(c), image.Point{})
	}
	ellipse(ground, 96, 96, 200, 200)
	long := float64(sum[4]%3) * 14
	ellipse(hair, 96, 84+long/2, 48, 48+long)
	ellipse(skin, 96, 132, 17, 30)
	ellipse(shirt, 96, 202, 66, 56)
	ellipse(skin, 96, 92, 37, 44)
	part := float64(sum[5]%40) - 20
	ellipse(hair, 96+part, 54, 42-math.Abs(part)/2, 20)
	eyes := color.RGBA{38, 30, 32, 255}
	ellipse(eyes, 82, 92, 4, 4.5)
	ellipse(eyes, 110, 92, 4, 4.5)
	ellipse(color.RGBA{176, 72, 72, 255}, 96, 115, 11, 5)
	ellipse(skin, 96, 112, 12, 4.5)
	return img
}
