package retouch

import (
	"math"

	"nanoflux.ai/backend/infra/local/models/canvas"
)

// each gives every pixel a colour made of the one it had.
func (p *photo) each(change func(canvas.Color) canvas.Color) {
	for i, was := range p.Pix {
		p.Pix[i] = change(was)
	}
}

func gray(c canvas.Color) canvas.Color {
	luma := float32(c.Luma())
	return canvas.Color{R: luma, G: luma, B: luma}
}

func (p *photo) saturate(k float64) {
	p.each(func(c canvas.Color) canvas.Color {
		g := gray(c)
		f := float32(k)
		return canvas.Color{R: g.R + (c.R-g.R)*f, G: g.G + (c.G-g.G)*f, B: g.B + (c.B-g.B)*f}
	})
}

func (p *photo) contrast(k float64) {
	p.each(func(c canvas.Color) canvas.Color {
		f := float32(k)
		return canvas.Color{R: (c.R-0.5)*f + 0.5, G: (c.G-0.5)*f + 0.5, B: (c.B-0.5)*f + 0.5}
	})
}

func (p *photo) level(times, plus float64) {
	p.each(func(c canvas.Color) canvas.Color { return c.Times(times).Mix(canvas.Hex(0xffffff), plus) })
}

// grade multiplies the channels and lays a veil of light over the upper half.
func (p *photo) grade(r, g, b float32, veil uint32) {
	p.Paint(func(_, y float64, c canvas.Color) canvas.Color {
		c = canvas.Color{R: c.R * r, G: c.G * g, B: c.B * b}
		return c.Mix(canvas.Hex(veil), 0.26*canvas.Smooth(float64(p.H)*0.9, 0, y))
	})
}

func (p *photo) tint(colour uint32) {
	ink := canvas.Hex(colour)
	p.each(func(c canvas.Color) canvas.Color {
		luma := c.Luma()
		toned := ink.Times(luma*1.7).Mix(canvas.Hex(0xffffff), canvas.Smooth(0.6, 1.05, luma))
		return c.Mix(toned, 0.68)
	})
}

func (p *photo) night() {
	p.each(func(c canvas.Color) canvas.Color {
		g := gray(c)
		c = c.Mix(g, 0.45)
		return canvas.Color{R: c.R * 0.27, G: c.G * 0.36, B: c.B*0.55 + 0.04}
	})
}

func (p *photo) vintage() {
	p.Paint(func(x, y float64, c canvas.Color) canvas.Color {
		luma := c.Luma()
		toned := canvas.Hex(0x2c1a0c).Mix(canvas.Hex(0xf6e6c2), luma)
		dx, dy := x/float64(p.W)*2-1, y/float64(p.H)*2-1
		return c.Mix(toned, 0.85).Times(1 - 0.32*canvas.Smooth(0.5, 1.9, dx*dx+dy*dy))
	})
	p.Finish(p.noise, 0, 0.09)
}

func (p *photo) invert() {
	p.each(func(c canvas.Color) canvas.Color { return canvas.Color{R: 1 - c.R, G: 1 - c.G, B: 1 - c.B} })
}

// duotone maps darkness and light to two far-apart hues.
func (p *photo) duotone() {
	hue := p.chance.Float64()
	dark, light := canvas.HSL(hue, 0.75, 0.16), canvas.HSL(hue+0.42, 0.9, 0.8)
	p.each(func(c canvas.Color) canvas.Color { return dark.Mix(light, canvas.Smooth(0.05, 0.95, c.Luma())) })
}

func (p *photo) posterize() {
	p.blur(3)
	edges := p.edges(1)
	for i, c := range p.Pix {
		luma := c.Luma()
		// Steps of brightness only: stepping each channel would invent hues.
		c = c.Times((math.Round(luma*5) + 0.35) / 5.4 / (luma + 0.02))
		p.Pix[i] = c.Mix(canvas.Hex(0x14101c), canvas.Smooth(0.1, 0.3, edges[i]))
	}
	p.saturate(1.35)
}

// whiteGround puts white where a flood from the edges finds colours like those it came from.
func (p *photo) whiteGround() {
	outside := make([]bool, len(p.Pix))
	var open []int
	reach := func(i int) {
		if !outside[i] {
			outside[i] = true
			open = append(open, i)
		}
	}
	for x := range p.W {
		reach(x)
		reach((p.H-1)*p.W + x)
	}
	for y := range p.H {
		reach(y * p.W)
		reach(y*p.W + p.W - 1)
	}
	for len(open) > 0 {
		i := open[len(open)-1]
		open = open[:len(open)-1]
		for _, step := range []int{-1, 1, -p.W, p.W} {
			next := i + step
			crossesRow := step*step == 1 && next/p.W != i/p.W
			if next >= 0 && next < len(p.Pix) && !crossesRow && distance(p.Pix[i], p.Pix[next]) < 0.045 {
				reach(next)
			}
		}
	}
	for i, is := range outside {
		if is {
			p.Pix[i] = canvas.Hex(0xffffff)
		}
	}
}

func distance(a, b canvas.Color) float64 {
	return math.Abs(float64(a.R-b.R)) + math.Abs(float64(a.G-b.G)) + math.Abs(float64(a.B-b.B))
}
