package picture

import (
	"image"
	"image/draw"
)

const (
	tolerance   = 36   // distance in RGB within which a pixel counts as one of the border's colours
	plainShare  = 0.8  // of the border must be one of two colours
	leastRemove = 0.03 // of the picture; less is not a background
	mostRemove  = 0.99 // of the picture; more leaves no subject
)

type rgb [3]int

func (c rgb) near(d rgb) bool {
	r, g, b := c[0]-d[0], c[1]-d[1], c[2]-d[2]
	return r*r+g*g+b*b <= tolerance*tolerance
}

// RemoveBackground makes transparent what is connected to the border and has one of its (at most two) main colours, with a
// soft edge. It is arithmetic, not a model: a background that is not plain is ErrNoPlainBackground.
func RemoveBackground(img image.Image) (image.Image, error) {
	b := img.Bounds()
	m := image.NewNRGBA(image.Rect(0, 0, b.Dx(), b.Dy()))
	draw.Draw(m, m.Rect, img, b.Min, draw.Src)
	colours, share := borderColours(m)
	if share < plainShare {
		return nil, ErrNoPlainBackground
	}
	region, size := flood(m, colours)
	if part := float64(size) / float64(len(region)); part < leastRemove || part > mostRemove {
		return nil, ErrNoPlainBackground
	}
	cut(m, region, colours)
	return m, nil
}

func colourAt(m *image.NRGBA, i int) rgb {
	p := m.Pix[4*i : 4*i+3]
	return rgb{int(p[0]), int(p[1]), int(p[2])}
}

// border lists the pixels of the outermost frame.
func border(w, h int) []int {
	var at []int
	for x := range w {
		at = append(at, x, (h-1)*w+x)
	}
	for y := range h {
		at = append(at, y*w, y*w+w-1)
	}
	return at
}

// borderColours finds the border's two main colours, with the share of it that they cover.
func borderColours(m *image.NRGBA) (colours []rgb, share float64) {
	left := border(m.Rect.Dx(), m.Rect.Dy())
	all := len(left)
	for range 2 {
		centre, ok := commonest(m, left)
		if !ok {
			break
		}
		var sum rgb
		var rest []int
		for _, i := range left {
			c := colourAt(m, i)
			if !c.near(centre) {
				rest = append(rest, i)
				continue
			}
			sum = rgb{sum[0] + c[0], sum[1] + c[1], sum[2] + c[2]}
		}
		n := len(left) - len(rest)
		colours = append(colours, rgb{sum[0] / n, sum[1] / n, sum[2] / n})
		left = rest
		if float64(len(left)) < 0.05*float64(all) {
			break // a second colour would be noise
		}
	}
	return colours, 1 - float64(len(left))/float64(all)
}

// commonest is the mean of the fullest of 16³ boxes of colours.
func commonest(m *image.NRGBA, at []int) (rgb, bool) {
	boxes := map[rgb][]int{}
	var best []int
	for _, i := range at {
		c := colourAt(m, i)
		box := rgb{c[0] >> 4, c[1] >> 4, c[2] >> 4}
		boxes[box] = append(boxes[box], i)
		if len(boxes[box]) > len(best) {
			best = boxes[box]
		}
	}
	if len(best) == 0 {
		return rgb{}, false
	}
	return colourAt(m, best[len(best)/2]), true
}

// flood marks what is connected to the border through pixels of its colours, and counts it.
func flood(m *image.NRGBA, colours []rgb) (region []bool, size int) {
	w, h := m.Rect.Dx(), m.Rect.Dy()
	region = make([]bool, w*h)
	var todo []int
	visit := func(i int) {
		if region[i] {
			return
		}
		c := colourAt(m, i)
		for _, d := range colours {
			if c.near(d) {
				region[i] = true
				size++
				todo = append(todo, i)
				return
			}
		}
	}
	for _, i := range border(w, h) {
		visit(i)
	}
	for len(todo) > 0 {
		i := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if x := i % w; x > 0 {
			visit(i - 1)
		}
		if i%w < w-1 {
			visit(i + 1)
		}
		if i >= w {
			visit(i - w)
		}
		if i+w < w*h {
			visit(i + w)
		}
	}
	return region, size
}

// cut clears the region. A pixel at its edge becomes as transparent as its surroundings are, and loses the share of the
// background that had mixed into its colour.
func cut(m *image.NRGBA, region []bool, colours []rgb) {
	w, h := m.Rect.Dx(), m.Rect.Dy()
	for i, outside := range region {
		p := m.Pix[4*i : 4*i+4]
		if outside {
			p[0], p[1], p[2], p[3] = 0, 0, 0, 0
			continue
		}
		x, y := i%w, i/w
		in, all := 0, 0
		for ny := max(0, y-1); ny <= min(h-1, y+1); ny++ {
			for nx := max(0, x-1); nx <= min(w-1, x+1); nx++ {
				all++
				if !region[ny*w+nx] {
					in++
				}
			}
		}
		if in == all {
			continue
		}
		alpha, back := float32(in)/float32(all), nearest(colours, colourAt(m, i))
		for c := range 3 {
			p[c] = clamp8((float32(p[c]) - (1-alpha)*float32(back[c])) / alpha)
		}
		p[3] = clamp8(alpha * float32(p[3]))
	}
}

func nearest(colours []rgb, c rgb) rgb {
	best, least := colours[0], 1<<30
	for _, d := range colours {
		r, g, b := c[0]-d[0], c[1]-d[1], c[2]-d[2]
		if distance := r*r + g*g + b*b; distance < least {
			best, least = d, distance
		}
	}
	return best
}
