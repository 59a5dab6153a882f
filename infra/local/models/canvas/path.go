package canvas

import (
	"image"
	"math"
)

// Path is a set of closed polygons; curves are flattened as they are added.
type Path struct {
	polygons [][][2]float32
}

// Move begins another polygon.
func (p *Path) Move(x, y float64) *Path {
	p.polygons = append(p.polygons, [][2]float32{{float32(x), float32(y)}})
	return p
}

// Line goes on straight.
func (p *Path) Line(x, y float64) *Path {
	last := len(p.polygons) - 1
	p.polygons[last] = append(p.polygons[last], [2]float32{float32(x), float32(y)})
	return p
}

// Curve goes on along a cubic Bézier curve with two control points.
func (p *Path) Curve(x1, y1, x2, y2, x, y float64) *Path {
	polygon := p.polygons[len(p.polygons)-1]
	x0, y0 := float64(polygon[len(polygon)-1][0]), float64(polygon[len(polygon)-1][1])
	const steps = 20
	for i := 1; i <= steps; i++ {
		t := float64(i) / steps
		a, b, c, d := (1-t)*(1-t)*(1-t), 3*t*(1-t)*(1-t), 3*t*t*(1-t), t*t*t
		p.Line(a*x0+b*x1+c*x2+d*x, a*y0+b*y1+c*y2+d*y)
	}
	return p
}

// Ellipse adds an ellipse, turned by an angle in radians.
func (p *Path) Ellipse(cx, cy, rx, ry, angle float64) *Path {
	return p.Arc(cx, cy, rx, ry, angle, 0, 2*math.Pi)
}

// Arc adds a slice of an ellipse between two angles, closed by a straight line.
func (p *Path) Arc(cx, cy, rx, ry, angle, from, to float64) *Path {
	steps := max(24, int(max(rx, ry)*math.Abs(to-from)/4))
	sinA, cosA := math.Sincos(angle)
	for i := 0; i <= steps; i++ {
		sin, cos := math.Sincos(from + (to-from)*float64(i)/float64(steps))
		x, y := cx+rx*cos*cosA-ry*sin*sinA, cy+rx*cos*sinA+ry*sin*cosA
		if i == 0 {
			p.Move(x, y)
		} else {
			p.Line(x, y)
		}
	}
	return p
}

// Rect adds a rectangle with its corner at x, y.
func (p *Path) Rect(x, y, width, height float64) *Path {
	return p.Move(x, y).Line(x+width, y).Line(x+width, y+height).Line(x, y+height)
}

// Stroke adds a line through points whose width swells from nothing to the given one in the middle and back.
func (p *Path) Stroke(points [][2]float64, width float64) *Path {
	n := len(points)
	if n < 2 {
		return p
	}
	side := func(i int, sign float64) (float64, float64) {
		before, after := points[max(i-1, 0)], points[min(i+1, n-1)]
		dx, dy := after[0]-before[0], after[1]-before[1]
		length := math.Hypot(dx, dy) + 1e-9
		half := sign * width / 2 * math.Sqrt(math.Sin(math.Pi*(float64(i)+0.3)/(float64(n)-0.4)))
		return points[i][0] - dy/length*half, points[i][1] + dx/length*half
	}
	x, y := side(0, 1)
	p.Move(x, y)
	for i := 1; i < n; i++ {
		p.Line(side(i, 1))
	}
	for i := n - 1; i >= 0; i-- {
		p.Line(side(i, -1))
	}
	return p
}

func (p *Path) bounds() image.Rectangle {
	minX, minY, maxX, maxY := float32(1e9), float32(1e9), float32(-1e9), float32(-1e9)
	for _, polygon := range p.polygons {
		for _, at := range polygon {
			minX, minY, maxX, maxY = min(minX, at[0]), min(minY, at[1]), max(maxX, at[0]), max(maxY, at[1])
		}
	}
	return image.Rect(int(minX)-1, int(minY)-1, int(maxX)+2, int(maxY)+2)
}
