package retouch

import (
	"math"

	"nanoflux.ai/backend/infra/local/models/canvas"
)

// from rebuilds the picture out of the places that where names, between pixels too.
func (p *photo) from(where func(x, y float64) (float64, float64)) {
	old := canvas.Canvas{W: p.W, H: p.H, Pix: append([]canvas.Color(nil), p.Pix...)}
	p.Paint(func(x, y float64, _ canvas.Color) canvas.Color {
		atX, atY := where(x, y)
		left, top := math.Floor(atX), math.Floor(atY)
		i, j := int(left), int(top)
		upper := old.At(i, j).Mix(old.At(i+1, j), atX-left)
		lower := old.At(i, j+1).Mix(old.At(i+1, j+1), atX-left)
		return upper.Mix(lower, atY-top)
	})
}

func (p *photo) mirror() {
	p.from(func(x, y float64) (float64, float64) { return float64(p.W) - 1 - x, y })
}

func (p *photo) upsideDown() {
	p.from(func(x, y float64) (float64, float64) { return float64(p.W) - 1 - x, float64(p.H) - 1 - y })
}

// zoom enlarges around a point given in parts of the picture.
func (p *photo) zoom(times, u, v float64) {
	midX, midY := u*float64(p.W), v*float64(p.H)
	p.from(func(x, y float64) (float64, float64) { return midX + (x-midX)/times, midY + (y-midY)/times })
}

// variation keeps the palette and rearranges: another cut, perhaps mirrored, gently warped, the hues a little on.
func (p *photo) variation() {
	if p.chance.IntN(2) == 0 {
		p.mirror()
	}
	p.zoom(1.12+0.3*p.chance.Float64(), p.chance.Float64(), p.chance.Float64())
	reach, scale := 120*p.unit, 2.2/float64(max(p.W, p.H))
	p.from(func(x, y float64) (float64, float64) {
		u, v := x*scale, y*scale
		return x + reach*(p.noise.Cloud(u, v, 2)-0.5)*2, y + reach*((p.noise+1).Cloud(u, v, 2)-0.5)*2
	})
	sin, cos := math.Sincos((p.chance.Float64() - 0.5) * 0.7)
	p.each(func(c canvas.Color) canvas.Color { return turnHue(c, sin, cos) })
	p.contrast(1.05)
}

// turnHue turns a colour around the gray axis.
func turnHue(c canvas.Color, sin, cos float64) canvas.Color {
	r, g, b := float64(c.R), float64(c.G), float64(c.B)
	third, root := (1-cos)/3, sin/math.Sqrt(3)
	return canvas.Color{
		R: float32(r*(cos+third) + g*(third-root) + b*(third+root)),
		G: float32(r*(third+root) + g*(cos+third) + b*(third-root)),
		B: float32(r*(third-root) + g*(third+root) + b*(cos+third)),
	}
}

// blur averages over a square three times, which comes close to a Gaussian; the radius is in pixels at 1024.
func (p *photo) blur(radius float64) {
	r := max(1, int(radius*p.unit))
	for range 3 {
		for y := range p.H {
			smear(p.Pix[y*p.W:(y+1)*p.W], r, 1, p.W)
		}
		for x := range p.W {
			smear(p.Pix[x:], r, p.W, p.H)
		}
	}
}

// smear replaces n pixels, stride apart, by running averages.
func smear(pix []canvas.Color, r, stride, n int) {
	line := make([]canvas.Color, n)
	for i := range n {
		line[i] = pix[i*stride]
	}
	at := func(i int) canvas.Color { return line[min(max(i, 0), n-1)] }
	var sum canvas.Color
	for i := -r; i <= r; i++ {
		c := at(i)
		sum.R, sum.G, sum.B = sum.R+c.R, sum.G+c.G, sum.B+c.B
	}
	share := 1 / float32(2*r+1)
	for i := range n {
		pix[i*stride] = canvas.Color{R: sum.R * share, G: sum.G * share, B: sum.B * share}
		in, out := at(i+r+1), at(i-r)
		sum.R, sum.G, sum.B = sum.R+in.R-out.R, sum.G+in.G-out.G, sum.B+in.B-out.B
	}
}

func (p *photo) sharpen() {
	was := append([]canvas.Color(nil), p.Pix...)
	p.blur(2.5)
	for i, soft := range p.Pix {
		c := was[i]
		p.Pix[i] = canvas.Color{R: c.R + (c.R-soft.R)*0.9, G: c.G + (c.G-soft.G)*0.9, B: c.B + (c.B-soft.B)*0.9}
	}
}

func (p *photo) pixelate() {
	cell := max(4, int(24*p.unit))
	for top := 0; top < p.H; top += cell {
		for left := 0; left < p.W; left += cell {
			var sum canvas.Color
			right, bottom := min(left+cell, p.W), min(top+cell, p.H)
			share := 1 / float32((right-left)*(bottom-top))
			for y := top; y < bottom; y++ {
				for x := left; x < right; x++ {
					c := p.At(x, y)
					sum.R, sum.G, sum.B = sum.R+c.R*share, sum.G+c.G*share, sum.B+c.B*share
				}
			}
			for y := top; y < bottom; y++ {
				for x := left; x < right; x++ {
					p.Blend(x, y, sum, 1)
				}
			}
		}
	}
}

// edges measures how much the brightness changes around each pixel (Sobel).
func (p *photo) edges(step int) []float64 {
	found := make([]float64, len(p.Pix))
	luma := make([]float64, len(p.Pix))
	for i, c := range p.Pix {
		luma[i] = c.Luma()
	}
	at := func(x, y int) float64 { return luma[min(max(y, 0), p.H-1)*p.W+min(max(x, 0), p.W-1)] }
	for y := range p.H {
		for x := range p.W {
			l, r, u, d := x-step, x+step, y-step, y+step
			dx := at(r, u) + 2*at(r, y) + at(r, d) - at(l, u) - 2*at(l, y) - at(l, d)
			dy := at(l, d) + 2*at(x, d) + at(r, d) - at(l, u) - 2*at(x, u) - at(r, u)
			found[y*p.W+x] = math.Hypot(dx, dy) / 2
		}
	}
	return found
}

// sketch leaves pencil lines where edges are and hatching where it was dark.
func (p *photo) sketch() {
	p.blur(1.2)
	edges := p.edges(max(1, int(1.5*p.unit)))
	paper, lead := canvas.Hex(0xf7f3ea), canvas.Hex(0x2b2b33)
	p.Paint(func(x, y float64, c canvas.Color) canvas.Color {
		i := int(y)*p.W + int(x)
		line := canvas.Smooth(0.03, 0.22, edges[i])
		hatch := 0.5 + 0.5*math.Sin((x+y)/p.unit*0.75)
		dark := canvas.Smooth(0.55, 0.05, c.Luma()) * canvas.Smooth(0.35, 0.75, hatch)
		rough := 0.7 + 0.5*p.noise.Cloud(x/p.unit*0.2, y/p.unit*0.2, 2)
		return paper.Mix(lead, min(1, line*rough+0.6*dark+0.12*(1-c.Luma())))
	})
}

// oil lays brush strokes of the picture's own colours, along its edges, large ones first.
func (p *photo) oil() {
	was := canvas.Canvas{W: p.W, H: p.H, Pix: append([]canvas.Color(nil), p.Pix...)}
	p.blur(10)
	for _, width := range []float64{26, 13, 7} {
		strokes := int(1.5 * float64(p.W*p.H) / (width * width * 5 * p.unit * p.unit))
		for range strokes {
			x, y := float64(p.W)*p.chance.Float64(), float64(p.H)*p.chance.Float64()
			ink := was.At(int(x), int(y)).Times(0.93 + 0.14*p.chance.Float64())
			var points [][2]float64
			for range 7 {
				points = append(points, [2]float64{x, y})
				i, j, d := int(x), int(y), int(3*p.unit)+1
				dx := was.At(i+d, j).Luma() - was.At(i-d, j).Luma()
				dy := was.At(i, j+d).Luma() - was.At(i, j-d).Luma()
				angle := math.Atan2(dx, -dy) * canvas.Smooth(0, 0.05, math.Abs(dx)+math.Abs(dy))
				angle += (p.noise.Cloud(x/p.unit*0.006, y/p.unit*0.006, 2) - 0.5) * 2.4
				x, y = x+math.Cos(angle)*width*0.6*p.unit, y+math.Sin(angle)*width*0.6*p.unit
			}
			p.Fill(new(canvas.Path).Stroke(points, width*p.unit), canvas.Plain(ink), 0.85)
		}
	}
}

// halftone prints the picture in dots, as newspapers did.
func (p *photo) halftone() {
	was := canvas.Canvas{W: p.W, H: p.H, Pix: append([]canvas.Color(nil), p.Pix...)}
	paper := canvas.HSL(p.chance.Float64(), 0.3, 0.93)
	p.each(func(canvas.Color) canvas.Color { return paper })
	pitch := 11 * p.unit
	for row := -1; float64(row)*pitch < float64(p.H)+pitch; row++ {
		for column := -1; float64(column)*pitch < float64(p.W)+pitch; column++ {
			x, y := (float64(column)+0.5*float64(row&1))*pitch, float64(row)*pitch
			c := was.At(int(x), int(y))
			r := pitch * 0.72 * math.Sqrt(1-min(c.Luma(), 1)*0.94)
			p.Fill(new(canvas.Path).Ellipse(x, y, r, r, 0), canvas.Plain(c.Times(0.9)), 1)
		}
	}
}
