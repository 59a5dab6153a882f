package painting

import (
	"math"

	"nanoflux.ai/backend/infra/local/models/canvas"
)

// catPicture is a cat on a hill before a large sun or moon.
func (s *scene) catPicture() {
	s.light.sunSize, s.light.sunHeight = 150, 0.62
	s.sunX, s.sunY = s.w*s.between(0.4, 0.6), s.skyEnd*0.62
	s.sky()
	s.farHills(2)
	s.treeLine(s.skyEnd*1.08, 0.5, 40)
	hill := func(x float64) float64 {
		return s.h*0.84 - s.h*0.06*math.Cos((x-s.sunX)/s.w*4) + 8*s.unit*s.noise.Cloud(x/s.unit*0.02, 0, 3)
	}
	tone := s.light.near.Times(0.75)
	s.Below(hill, func(_, _, _ float64) canvas.Color { return tone })
	for x := 0.0; x < s.w; x += s.unit * s.between(2, 6) {
		y, tall := hill(x)+3*s.unit, s.unit*s.between(8, 26)
		lean := s.unit * s.between(-7, 7)
		s.Fill(new(canvas.Path).Stroke([][2]float64{{x, y}, {x + lean*0.4, y - tall*0.6}, {x + lean, y - tall}}, 2.5*s.unit), canvas.Plain(tone), 1)
	}
	x := s.sunX + s.unit*s.between(-50, 50)
	s.cat(x, hill(x)+14*s.unit, min(s.h, s.w)*0.36)
	s.residents("")
	s.weather()
}

// cat sits with its back half turned and looks at the viewer; size is its height.
func (s *scene) cat(x, y, size float64) {
	fur := s.light.near.Times(0.6)
	for word, colour := range map[string]uint32{"orange": 0xc96a22, "ginger": 0xc96a22, "white": 0xe9e4dc, "gray": 0x6b7280, "grey": 0x6b7280} {
		if s.says(word) {
			fur = canvas.Hex(colour).Mix(s.light.near, 0.3)
		}
	}
	at := func(dx, dy float64) (float64, float64) { return x + dx*size, y - dy*size }
	curve := func(p *canvas.Path, ax, ay, bx, by, cx, cy float64) {
		ax, ay = at(ax, ay)
		bx, by = at(bx, by)
		cx, cy = at(cx, cy)
		p.Curve(ax, ay, bx, by, cx, cy)
	}
	body := new(canvas.Path)
	body.Move(at(-0.24, 0))
	curve(body, -0.33, 0.2, -0.24, 0.42, -0.1, 0.62)
	curve(body, -0.06, 0.7, 0.06, 0.7, 0.1, 0.62)
	curve(body, 0.22, 0.42, 0.3, 0.2, 0.22, 0)
	curve(body, 0.1, -0.03, -0.12, -0.03, -0.24, 0)
	head := new(canvas.Path)
	head.Move(at(-0.16, 0.72))
	curve(head, -0.17, 0.85, -0.17, 0.93, -0.15, 1)
	curve(head, -0.1, 0.97, -0.07, 0.92, -0.05, 0.89)
	curve(head, -0.02, 0.895, 0.02, 0.895, 0.05, 0.89)
	curve(head, 0.07, 0.92, 0.1, 0.97, 0.15, 1)
	curve(head, 0.17, 0.93, 0.17, 0.85, 0.16, 0.72)
	curve(head, 0.13, 0.6, -0.13, 0.6, -0.16, 0.72)
	var tail [][2]float64
	for i := range 30 {
		t := float64(i) / 29
		tx, ty := at(0.18+0.3*math.Sin(t*2.4), 0.03+0.42*t*t+0.03*math.Sin(t*6))
		tail = append(tail, [2]float64{tx, ty})
	}
	rim := s.light.sun
	shade := func(atX, atY float64) canvas.Color {
		edge := canvas.Smooth(0.1, 0.26, math.Abs(atX-x)/size)
		return fur.Times(0.8+0.25*canvas.Smooth(y-size, y, atY)).Mix(rim, 0.22*edge)
	}
	s.Fill(new(canvas.Path).Stroke(tail, size*0.085), shade, 1)
	s.Fill(body, shade, 1)
	s.Fill(head, shade, 1)
	s.catFace(at, size)
}

// catFace has eyes that shine, whiskers, a nose.
func (s *scene) catFace(at func(dx, dy float64) (x, y float64), size float64) {
	rim := s.light.sun
	iris := canvas.HSL([]float64{0.13, 0.3, 0.52}[s.chance.IntN(3)], 0.9, 0.6)
	for _, side := range []float64{-1, 1} {
		ex, ey := at(side*0.068, 0.765)
		s.Glow(ex, ey, size*0.09, iris, 0.5)
		s.Fill(new(canvas.Path).Ellipse(ex, ey, size*0.034, size*0.026, side*-0.2), canvas.Plain(iris), 1)
		s.Fill(new(canvas.Path).Ellipse(ex, ey, size*0.008, size*0.024, 0), canvas.Plain(canvas.Hex(0x07060a)), 1)
		for i := range 3 {
			wx, wy := at(side*0.05, 0.695)
			tx, ty := at(side*0.23, 0.735-0.035*float64(i))
			s.Fill(new(canvas.Path).Stroke([][2]float64{{wx, wy}, {(wx + tx) / 2, (wy+ty)/2 - size*0.008}, {tx, ty}}, size*0.005), canvas.Plain(rim), 0.55)
		}
	}
	nx, ny := at(0, 0.71)
	s.Fill(new(canvas.Path).Move(nx-size*0.018, ny).Line(nx+size*0.018, ny).Line(nx, ny+size*0.018), canvas.Plain(canvas.Hex(0xd98b8b)), 0.9)
}

// flowerPicture is one large bloom, ring over ring of petals.
func (s *scene) flowerPicture() {
	ground, inks := s.palette()
	cx, cy, reach := s.w*s.between(0.45, 0.55), s.h*s.between(0.42, 0.5), math.Min(s.w, s.h)*s.between(0.38, 0.46)
	s.Paint(func(x, y float64, _ canvas.Color) canvas.Color {
		blur := s.noise.Cloud(x/s.w*2.5, y/s.h*2.5, 2)
		return ground.Mix(inks[2], canvas.Smooth(0.2, 0.9, blur)*0.6).Mix(inks[3], 0.25*math.Exp(-math.Pow(math.Hypot(x-cx, y-cy)/reach/1.1, 2)))
	})
	for range 26 {
		r := s.unit * s.between(18, 90)
		s.Fill(new(canvas.Path).Ellipse(s.w*s.chance.Float64(), s.h*s.chance.Float64(), r, r, 0), canvas.Plain(inks[s.chance.IntN(4)]), 0.08)
	}
	stem := [][2]float64{}
	for i := range 40 {
		t := float64(i) / 39
		stem = append(stem, [2]float64{cx + 40*s.unit*math.Sin(t*2.2), cy + t*s.h*0.75})
	}
	leaf := canvas.HSL(s.between(0.28, 0.38), 0.4, 0.3)
	s.Fill(new(canvas.Path).Stroke(stem, 22*s.unit), canvas.Plain(leaf), 1)
	for _, side := range []float64{-1, 1} {
		lx, ly := cx+side*130*s.unit, cy+reach*1.02
		s.Fill(new(canvas.Path).Ellipse(lx, ly, 150*s.unit, 42*s.unit, side*-0.5), func(x, y float64) canvas.Color {
			return leaf.Times(0.8 + 0.5*canvas.Smooth(ly+40*s.unit, ly-40*s.unit, y))
		}, 1)
	}
	petals, rings := 7+s.chance.IntN(7), 4+s.chance.IntN(3)
	slim := s.between(0.3, 0.46)
	for ring := range rings {
		t := float64(ring) / float64(rings)
		length := reach * (1 - 0.72*t)
		outer, inner := inks[0].Mix(inks[3], t), inks[1].Mix(inks[2], 0.4*(1-t))
		for i := range petals {
			angle := 2*math.Pi*(float64(i)+0.5*float64(ring%2))/float64(petals) + s.between(-0.05, 0.05)
			s.petal(cx, cy, angle, length*s.between(0.95, 1.05), slim, inner, outer)
		}
	}
	core := reach * 0.15
	s.Glow(cx, cy, core*2.2, canvas.Hex(0xffe9a8), 0.5)
	for i := range 190 {
		a, r := float64(i)*2.39996, core*math.Sqrt(float64(i)/190)
		s.Fill(new(canvas.Path).Ellipse(cx+r*math.Cos(a), cy+r*math.Sin(a), core*0.075, core*0.075, 0),
			canvas.Plain(canvas.Hex(0x7a4a12).Mix(canvas.Hex(0xffd35c), float64(i)/190)), 1)
	}
}

func (s *scene) petal(cx, cy, angle, length, slim float64, inner, outer canvas.Color) {
	sin, cos := math.Sincos(angle)
	at := func(along, across float64) (float64, float64) {
		return cx + length*(along*cos-across*sin), cy + length*(along*sin+across*cos)
	}
	path := new(canvas.Path).Move(cx, cy)
	half := slim
	x1, y1 := at(0.25, half*0.9)
	x2, y2 := at(0.8, half*1.1)
	x3, y3 := at(1, 0.02)
	path.Curve(x1, y1, x2, y2, x3, y3)
	x1, y1 = at(0.8, -half*1.1)
	x2, y2 = at(0.25, -half*0.9)
	path.Curve(x1, y1, x2, y2, cx, cy)
	s.Fill(path, func(x, y float64) canvas.Color {
		dx, dy := (x-cx)/length, (y-cy)/length
		along, across := dx*cos+dy*sin, dy*cos-dx*sin
		vein := 0.5 + 0.5*math.Cos(across/(0.05+along)*46)
		fold := math.Abs(across) / (half*0.75 + 1e-6)
		return inner.Mix(outer, canvas.Smooth(0.1, 0.85, along)).Times(0.74 + 0.28*along + 0.06*vein + 0.14*(1-fold) - 0.22*canvas.Smooth(0.6, 1.05, fold))
	}, 0.98)
}
