// Package canvas is a surface of floating-point colours with anti-aliased shapes.
package canvas

import (
	"image"
	"image/color"
	"image/draw"
	"math"

	"golang.org/x/image/vector"
)

// Color has channels from 0 to 1 in sRGB; more than 1 is cut off at the end.
type Color struct{ R, G, B float32 }

// Hex reads 0xrrggbb.
func Hex(rgb uint32) Color {
	return Color{float32(rgb>>16&255) / 255, float32(rgb>>8&255) / 255, float32(rgb&255) / 255}
}

// HSL makes a colour of a hue in turns, a saturation and a lightness from 0 to 1.
func HSL(hue, saturation, lightness float64) Color {
	channel := func(n float64) float32 {
		k := math.Mod(n+12*(hue-math.Floor(hue)), 12)
		a := saturation * min(lightness, 1-lightness)
		return float32(lightness - a*max(-1, min(k-3, 9-k, 1)))
	}
	return Color{channel(0), channel(8), channel(4)}
}

// Mix goes from c (t=0) to d (t=1).
func (c Color) Mix(d Color, t float64) Color {
	k := float32(min(max(t, 0), 1))
	return Color{c.R + (d.R-c.R)*k, c.G + (d.G-c.G)*k, c.B + (d.B-c.B)*k}
}

// Times makes a colour lighter or darker.
func (c Color) Times(k float64) Color {
	f := float32(k)
	return Color{c.R * f, c.G * f, c.B * f}
}

// Luma is the brightness that the eye sees.
func (c Color) Luma() float64 {
	return 0.2126*float64(c.R) + 0.7152*float64(c.G) + 0.0722*float64(c.B)
}

// Canvas holds W×H pixels, row by row.
type Canvas struct {
	W, H int
	Pix  []Color
}

// New makes a black canvas.
func New(width, height int) *Canvas {
	return &Canvas{W: width, H: height, Pix: make([]Color, width*height)}
}

// Of scales an image to the canvas, cutting off what does not fit its shape; transparency is put on white.
func Of(src image.Image, width, height int, scale func(dst *image.RGBA, src image.Image, from image.Rectangle)) *Canvas {
	from := src.Bounds()
	if from.Dx()*height > from.Dy()*width {
		cut := from.Dx() - from.Dy()*width/height
		from.Min.X, from.Max.X = from.Min.X+cut/2, from.Max.X-(cut-cut/2)
	} else {
		cut := from.Dy() - from.Dx()*height/width
		from.Min.Y, from.Max.Y = from.Min.Y+cut/2, from.Max.Y-(cut-cut/2)
	}
	flat := image.NewRGBA(image.Rect(0, 0, width, height))
	draw.Draw(flat, flat.Bounds(), image.White, image.Point{}, draw.Src)
	scale(flat, src, from)
	c := New(width, height)
	for i := range c.Pix {
		p := flat.Pix[i*4:]
		c.Pix[i] = Color{float32(p[0]) / 255, float32(p[1]) / 255, float32(p[2]) / 255}
	}
	return c
}

// Image gives opaque 8-bit pixels.
func (c *Canvas) Image() *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, c.W, c.H))
	for i, p := range c.Pix {
		img.Pix[i*4], img.Pix[i*4+1], img.Pix[i*4+2], img.Pix[i*4+3] = byteOf(p.R), byteOf(p.G), byteOf(p.B), 255
	}
	return img
}

func byteOf(v float32) byte {
	return byte(min(max(v, 0), 1)*255 + 0.5)
}

// At gives the pixel nearest to x, y; outside, that of the edge.
func (c *Canvas) At(x, y int) Color {
	return c.Pix[min(max(y, 0), c.H-1)*c.W+min(max(x, 0), c.W-1)]
}

// Blend lays a colour over one pixel; outside nothing happens.
func (c *Canvas) Blend(x, y int, with Color, alpha float64) {
	if x >= 0 && y >= 0 && x < c.W && y < c.H {
		p := &c.Pix[y*c.W+x]
		*p = p.Mix(with, alpha)
	}
}

// Paint gives each pixel a colour of its own, which may depend on the one it had.
func (c *Canvas) Paint(colour func(x, y float64, was Color) Color) {
	for y := range c.H {
		for x := range c.W {
			p := &c.Pix[y*c.W+x]
			*p = colour(float64(x), float64(y), *p)
		}
	}
}

// Below paints everything under an edge that is given by its height at each column; depth is the distance from it.
func (c *Canvas) Below(edge func(x float64) float64, colour func(x, y, depth float64) Color) {
	for x := range c.W {
		top := edge(float64(x))
		for y := max(int(top), 0); y < c.H; y++ {
			covered := min(float64(y)+1-top, 1)
			c.Blend(x, y, colour(float64(x), float64(y), float64(y)-top), covered)
		}
	}
}

// Glow adds light around a point, falling off to nothing at the radius.
func (c *Canvas) Glow(cx, cy, radius float64, light Color, strength float64) {
	for y := max(int(cy-radius), 0); y < min(int(cy+radius)+1, c.H); y++ {
		for x := max(int(cx-radius), 0); x < min(int(cx+radius)+1, c.W); x++ {
			d := math.Hypot(float64(x)-cx, float64(y)-cy) / radius
			if d < 1 {
				k := float32((1 - d) * (1 - d) * strength)
				p := &c.Pix[y*c.W+x]
				// Screen, so that light over light stays below white.
				p.R, p.G, p.B = 1-(1-p.R)*(1-light.R*k), 1-(1-p.G)*(1-light.G*k), 1-(1-p.B)*(1-light.B*k)
			}
		}
	}
}

// Ink gives a colour for each place of a shape.
type Ink func(x, y float64) Color

// Plain is the same everywhere.
func Plain(colour Color) Ink { return func(_, _ float64) Color { return colour } }

// Fill fills a path, anti-aliased, at an opacity from 0 to 1.
func (c *Canvas) Fill(path *Path, ink Ink, opacity float64) {
	box := path.bounds().Intersect(image.Rect(0, 0, c.W, c.H))
	if box.Empty() {
		return
	}
	raster := vector.NewRasterizer(box.Dx(), box.Dy())
	left, top := float32(box.Min.X), float32(box.Min.Y)
	for _, polygon := range path.polygons {
		for i, p := range polygon {
			if i == 0 {
				raster.MoveTo(p[0]-left, p[1]-top)
			} else {
				raster.LineTo(p[0]-left, p[1]-top)
			}
		}
		raster.ClosePath()
	}
	mask := image.NewAlpha(image.Rect(0, 0, box.Dx(), box.Dy()))
	raster.Draw(mask, mask.Bounds(), image.NewUniform(color.Opaque), image.Point{})
	for y := range box.Dy() {
		for x := range box.Dx() {
			if a := mask.Pix[y*mask.Stride+x]; a > 0 {
				atX, atY := x+box.Min.X, y+box.Min.Y
				c.Blend(atX, atY, ink(float64(atX), float64(atY)), float64(a)/255*opacity)
			}
		}
	}
}

// Finish darkens the corners a little and adds grain, as film does.
func (c *Canvas) Finish(noise Noise, vignette, grain float64) {
	midX, midY := float64(c.W)/2, float64(c.H)/2
	c.Paint(func(x, y float64, was Color) Color {
		dx, dy := (x-midX)/midX, (y-midY)/midY
		k := 1 - vignette*(dx*dx+dy*dy)/2
		speck := float32((noise.cell(int(x), int(y)) - 0.5) * grain)
		was = was.Times(k)
		return Color{was.R + speck, was.G + speck, was.B + speck}
	})
}
