package picture

import (
	"image"
	"image/draw"
	"math"
)

// Fit returns a copy whose longer side is at most maxSide pixels, or the picture itself if it is small enough.
func Fit(img image.Image, maxSide int) image.Image {
	w, h := img.Bounds().Dx(), img.Bounds().Dy()
	if w <= maxSide && h <= maxSide {
		return img
	}
	scale := float64(maxSide) / float64(max(w, h))
	return resample(img, scaled(w, scale), scaled(h, scale), triangle())
}

// Upscale returns a copy factor times as wide and high, or as large as MaxSide with MaxPixels allow.
func Upscale(img image.Image, factor int) image.Image {
	size := img.Bounds().Size()
	larger := enlarged(size, factor)
	if larger == size {
		return img
	}
	return resample(img, larger.X, larger.Y, catmullRom())
}

func enlarged(size image.Point, factor int) image.Point {
	w, h := float64(size.X), float64(size.Y)
	scale := min(float64(factor), MaxSide/max(w, h), math.Sqrt(MaxPixels/(w*h)))
	if scale <= 1 {
		return size
	}
	return image.Pt(int(w*scale), int(h*scale))
}

func scaled(side int, scale float64) int { return max(1, int(float64(side)*scale+0.5)) }

// kernel weighs a neighbour by its distance; beyond reach it is 0.
type kernel struct {
	reach float64
	at    func(float64) float64
}

// triangle averages: right for shrinking.
func triangle() kernel {
	return kernel{1, func(x float64) float64 { return 1 - x }}
}

// catmullRom is the cubic of Catmull with Rom: sharp, right for enlarging.
func catmullRom() kernel {
	return kernel{2, func(x float64) float64 {
		if x < 1 {
			return (1.5*x-2.5)*x*x + 1
		}
		return ((-0.5*x+2.5)*x-4)*x + 2
	}}
}

// resample scales to w × h. It reads the source row by row, whatever its kind, and keeps only the rows that the kernel
// reaches: golang.org/x/image/draw would hold 32 bytes for each pixel of an intermediate picture.
func resample(img image.Image, w, h int, k kernel) *image.RGBA {
	from := img.Bounds()
	columns, rows := k.taps(from.Dx(), w), k.taps(from.Dy(), h)
	row := image.NewRGBA(image.Rect(0, 0, from.Dx(), 1))
	kept := make([][]float32, 0)
	for _, r := range rows {
		for len(kept) < len(r.weights) {
			kept = append(kept, make([]float32, 4*w))
		}
	}
	dst := image.NewRGBA(image.Rect(0, 0, w, h))
	sum := make([]float32, 4*w)
	read := 0
	for y, r := range rows {
		for ; read < r.first+len(r.weights); read++ {
			draw.Draw(row, row.Rect, img, image.Pt(from.Min.X, from.Min.Y+read), draw.Src)
			squeeze(kept[read%len(kept)], row.Pix, columns)
		}
		clear(sum)
		for i, weight := range r.weights {
			for x, v := range kept[(r.first+i)%len(kept)] {
				sum[x] += weight * v
			}
		}
		store(dst.Pix[y*dst.Stride:], sum)
	}
	return dst
}

// squeeze scales one row of pixels.
func squeeze(dst []float32, src []byte, columns []tap) {
	for x, c := range columns {
		var r, g, b, a float32
		p := src[4*c.first : 4*(c.first+len(c.weights))]
		for i, weight := range c.weights {
			q := p[4*i : 4*i+4 : 4*i+4]
			r += weight * float32(q[0])
			g += weight * float32(q[1])
			b += weight * float32(q[2])
			a += weight * float32(q[3])
		}
		d := dst[4*x : 4*x+4 : 4*x+4]
		d[0], d[1], d[2], d[3] = r, g, b, a
	}
}

// store rounds one row. A sharp kernel overshoots; no colour may exceed its alpha, by which it is multiplied.
func store(dst []byte, sum []float32) {
	for i := 0; i < len(sum); i += 4 {
		a := clamp8(sum[i+3])
		dst[i], dst[i+1], dst[i+2] = min(a, clamp8(sum[i])), min(a, clamp8(sum[i+1])), min(a, clamp8(sum[i+2]))
		dst[i+3] = a
	}
}

// tap is what one output pixel takes from its line: weights that add up to 1, from input pixel first on.
type tap struct {
	first   int
	weights []float32
}

func (k kernel) taps(from, to int) []tap {
	step := float64(from) / float64(to)
	spread := max(1, step) // shrinking averages over all that becomes one pixel
	taps := make([]tap, to)
	for i := range taps {
		centre := (float64(i)+0.5)*step - 0.5
		first := max(0, int(math.Ceil(centre-k.reach*spread)))
		last := min(from-1, int(math.Floor(centre+k.reach*spread)))
		weights, sum := make([]float32, last-first+1), 0.0
		for j := range weights {
			v := k.at(math.Abs(float64(first+j)-centre) / spread)
			weights[j], sum = float32(v), sum+v
		}
		for j := range weights {
			weights[j] /= float32(sum)
		}
		taps[i] = tap{first, weights}
	}
	return taps
}
