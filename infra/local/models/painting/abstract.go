package painting

import (
	"math"

	"nanoflux.ai/backend/infra/local/models/canvas"
)

// palette gives a ground and four colours that go together; colour words in the prompt decide the hue.
func (s *scene) palette() (ground canvas.Color, inks []canvas.Color) {
	hues := map[string]float64{"red": 0, "orange": 0.07, "yellow": 0.13, "gold": 0.12, "green": 0.35, "teal": 0.48, "turquoise": 0.48,
		"cyan": 0.52, "blue": 0.6, "indigo": 0.68, "purple": 0.77, "violet": 0.75, "pink": 0.92, "magenta": 0.86}
	hue, told := s.chance.Float64(), false
	for _, name := range []string{"red", "orange", "yellow", "gold", "green", "teal", "turquoise", "cyan", "blue", "indigo", "purple",
		"violet", "pink", "magenta"} {
		if s.says(name) && !told {
			hue, told = hues[name], true
		}
	}
	away := []float64{0.5, 0.33, 0.08, 0.42}[s.chance.IntN(4)]
	if told {
		away = 0.07
	}
	inks = []canvas.Color{
		canvas.HSL(hue, 0.68, 0.5), canvas.HSL(hue+away, 0.72, 0.58), canvas.HSL(hue+away/2, 0.55, 0.3), canvas.HSL(hue-0.06, 0.75, 0.72),
	}
	ground = canvas.HSL(hue+0.1, 0.35, 0.94)
	if s.light.dark || s.chance.IntN(3) == 0 {
		ground = canvas.HSL(hue+0.05, 0.45, 0.1)
	}
	return ground, inks
}

// geometric fills a grid with quarter circles, rings, stripes, after the Bauhaus.
func (s *scene) geometric() {
	ground, inks := s.palette()
	inks = append(inks, ground.Mix(inks[2], 0.12))
	s.Paint(func(_, _ float64, _ canvas.Color) canvas.Color { return ground })
	columns := 3 + s.chance.IntN(4)
	cell := s.w / float64(columns)
	for row := range int(math.Ceil(s.h / cell)) {
		for column := range columns {
			x, y := float64(column)*cell, float64(row)*cell
			back, front := s.chance.IntN(5), s.chance.IntN(4)
			if front == back {
				front = (front + 1) % 4
			}
			s.Fill(new(canvas.Path).Rect(x, y, cell, cell), canvas.Plain(inks[back]), 1)
			s.tile(x, y, cell, inks[front], inks[(front+1)%4])
		}
	}
	s.Paint(func(x, y float64, was canvas.Color) canvas.Color {
		return was.Times(0.94 + 0.12*(s.noise+3).Cloud(x/s.unit*0.02, y/s.unit*0.02, 4))
	})
}

func (s *scene) tile(x, y, size float64, ink, other canvas.Color) {
	midX, midY := x+size/2, y+size/2
	corner := [][2]float64{{x, y}, {x + size, y}, {x + size, y + size}, {x, y + size}}
	turn := s.chance.IntN(4)
	at := corner[turn]
	from := float64(turn) * math.Pi / 2
	quarter := func(r float64) *canvas.Path {
		return new(canvas.Path).Arc(at[0], at[1], r, r, 0, from, from+math.Pi/2).Line(at[0], at[1])
	}
	switch s.chance.IntN(6) {
	case 0:
		s.Fill(quarter(size), canvas.Plain(ink), 1)
	case 1:
		s.Fill(quarter(size), canvas.Plain(ink), 1)
		s.Fill(quarter(size*0.62), canvas.Plain(other), 1)
		s.Fill(quarter(size*0.3), canvas.Plain(ink), 1)
	case 2:
		s.Fill(new(canvas.Path).Ellipse(midX, midY, size*0.38, size*0.38, 0), canvas.Plain(ink), 1)
		s.Fill(new(canvas.Path).Ellipse(midX, midY, size*0.17, size*0.17, 0), canvas.Plain(other), 1)
	case 3:
		next := corner[(turn+1)%4]
		last := corner[(turn+3)%4]
		s.Fill(new(canvas.Path).Move(at[0], at[1]).Line(next[0], next[1]).Line(last[0], last[1]), canvas.Plain(ink), 1)
	case 4:
		for i := range 4 {
			s.Fill(new(canvas.Path).Rect(x, y+size*(float64(i)+0.25)/4, size, size/8), canvas.Plain(ink), 1)
		}
	default:
		s.Fill(new(canvas.Path).Arc(midX, midY, size/2, size/2, 0, from, from+math.Pi), canvas.Plain(ink), 1)
	}
}

// flow draws thousands of brush strokes along a field.
func (s *scene) flow() {
	ground, inks := s.palette()
	s.Paint(func(x, y float64, _ canvas.Color) canvas.Color {
		return ground.Mix(inks[2], 0.25*y/s.h+0.2*s.noise.Cloud(x/s.unit*0.003, y/s.unit*0.003, 3))
	})
	scale := s.between(0.0011, 0.0024) / s.unit
	turns := s.between(1.2, 2.6)
	for i := range int(2600 * s.w * s.h / (1024 * 1024)) {
		x, y := s.w*s.between(-0.05, 1.05), s.h*s.between(-0.05, 1.05)
		place := (s.noise + 7).Cloud(x*scale*1.3, y*scale*1.3, 3)
		ink := inks[min(max(int((place-0.22)*7.5), 0), 3)].Times(s.between(0.78, 1.2))
		if i%9 == 0 {
			ink = ground
		}
		points := make([][2]float64, 0, 26)
		for range 16 + s.chance.IntN(10) {
			points = append(points, [2]float64{x, y})
			angle := s.noise.Cloud(x*scale, y*scale, 2) * 2 * math.Pi * turns
			x, y = x+math.Cos(angle)*7*s.unit, y+math.Sin(angle)*7*s.unit
		}
		s.Fill(new(canvas.Path).Stroke(points, s.unit*s.between(2, 13)), canvas.Plain(ink), 0.85)
	}
}

// liquid bends a field by itself twice, which looks like marbled paper.
func (s *scene) liquid() {
	ground, inks := s.palette()
	scale := s.between(2, 3.2) / math.Max(s.w, s.h)
	n := s.noise
	s.Paint(func(x, y float64, _ canvas.Color) canvas.Color {
		u, v := x*scale, y*scale
		a, b := n.Cloud(u, v, 3), n.Cloud(u+5.2, v+1.3, 3)
		c, d := n.Cloud(u+3.4*a+1.7, v+3.4*b+9.2, 3), n.Cloud(u+3.4*a+8.3, v+3.4*b+2.8, 3)
		f := n.Cloud(u+3.8*c, v+3.8*d, 4)
		tone := inks[2].Mix(inks[0], canvas.Smooth(0.25, 0.6, f)).Mix(inks[1], canvas.Smooth(0.35, 0.7, c)).Mix(inks[3], canvas.Smooth(0.45, 0.8, d*f*1.9))
		vein := 1 - canvas.Smooth(0, 0.02, math.Abs(f-0.5))
		sheen := n.Cloud(u+3.8*c+0.02, v+3.8*d+0.02, 4) - f
		return tone.Mix(ground, vein*0.45+0.3*canvas.Smooth(0.6, 0.8, f)).Times(1 + sheen*5)
	})
}

// space is a nebula, stars, a planet that may have rings.
func (s *scene) space() {
	_, inks := s.palette()
	for i, ink := range inks {
		inks[i] = ink.Mix(canvas.Hex(0x8a8078), 0.35)
	}
	n := s.noise
	scale := 2.6 / math.Max(s.w, s.h)
	s.Paint(func(x, y float64, _ canvas.Color) canvas.Color {
		u, v := x*scale, y*scale
		a := n.Cloud(u, v, 4)
		gas := n.Cloud(u+2.4*a, v+2.4*n.Cloud(u+4, v+7, 3), 5)
		glow := canvas.Smooth(0.42, 0.82, gas)
		dust := canvas.Smooth(0.5, 0.75, n.Cloud(u*1.7+9, v*1.7+2*a, 4))
		return canvas.Hex(0x04050d).Mix(inks[2].Mix(inks[0], a), glow*0.9).Mix(inks[1], canvas.Smooth(0.6, 0.9, gas)*0.7).Times(1 - 0.6*dust)
	})
	s.stars(1100, s.h)
	s.planet(s.w*s.between(0.3, 0.7), s.h*s.between(0.35, 0.65), math.Min(s.w, s.h)*s.between(0.17, 0.27), inks)
	s.planet(s.w*s.between(0.08, 0.92), s.h*s.between(0.08, 0.25), math.Min(s.w, s.h)*s.between(0.03, 0.06), []canvas.Color{inks[3], inks[1], inks[0], inks[2]})
}

func (s *scene) planet(cx, cy, r float64, inks []canvas.Color) {
	n, tilt := s.noise+canvas.Noise(r), s.between(-0.5, 0.5)
	sin, cos := math.Sincos(tilt)
	ringed := r > 100*s.unit && s.chance.IntN(3) > 0
	ring := func(from, to float64) {
		for i := range 7 {
			if i == 4 {
				continue // the gap
			}
			width := 1.45 + 0.11*float64(i)
			band := new(canvas.Path)
			var points [][2]float64
			for step := range 121 {
				sinA, cosA := math.Sincos(from + (to-from)*float64(step)/120)
				x, y := r*width*cosA, r*width*0.3*sinA
				points = append(points, [2]float64{cx + x*cos - y*sin, cy + x*sin + y*cos})
			}
			s.Fill(band.Stroke(points, r*0.085), canvas.Plain(inks[3].Mix(inks[i%3], 0.3)), 0.62)
		}
	}
	s.Glow(cx, cy, r*1.6, inks[0], 0.45)
	if ringed {
		ring(math.Pi*0.97, math.Pi*2.03)
	}
	s.Fill(new(canvas.Path).Ellipse(cx, cy, r, r, 0), func(x, y float64) canvas.Color {
		dx, dy := (x-cx)/r, (y-cy)/r
		across, along := dx*sin*-1+dy*cos, dx*cos+dy*sin
		z := math.Sqrt(max(0, 1-dx*dx-dy*dy))
		belt := n.Cloud(along*1.2+3, across*5+0.9*n.Cloud(along*3, across*4, 3), 4)
		tone := inks[2].Mix(inks[1], canvas.Smooth(0.25, 0.6, belt)).Mix(inks[3], canvas.Smooth(0.5, 0.8, belt))
		lit := max(0, -0.6*dx-0.45*dy+0.66*z)
		return tone.Times(0.06+1.1*lit).Mix(inks[3], 0.35*math.Pow(1-z, 3)*canvas.Smooth(0, 0.5, lit))
	}, 1)
	if ringed {
		ring(-0.03*math.Pi, math.Pi*1.03)
	}
}
