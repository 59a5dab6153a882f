package painting

import (
	"math"

	"nanoflux.ai/backend/infra/local/models/canvas"
)

// city is three rows of buildings, the nearest with lit windows when it is dark enough.
func (s *scene) city() {
	neon := s.says("neon", "cyberpunk")
	for row := range 3 {
		closeness := []float64{0.3, 0.6, 0.95}[row]
		base := s.skyEnd + (s.h-s.skyEnd)*[]float64{0.02, 0.2, 1}[row]
		if s.hasLake() {
			base = s.skyEnd + 2
		}
		tone := s.light.haze.Mix(s.light.near, closeness)
		s.Below(func(float64) float64 { return base - s.h*0.02 }, func(_, _, _ float64) canvas.Color { return tone })
		for x := -20 * s.unit; x < s.w; {
			width := s.unit * s.between(38, 105) * (0.6 + 0.6*closeness)
			middle := 1 - math.Abs((x+width/2)/s.w-0.5)*1.1
			height := s.h * s.between(0.1, 0.34) * (0.45 + 0.75*middle) * []float64{1.35, 1.1, 0.95}[row]
			s.building(x, base-height, width, height+s.h, base, tone, closeness, neon)
			x += width * s.between(0.96, 1.25)
		}
	}
}

func (s *scene) building(x, top, width, height, base float64, tone canvas.Color, closeness float64, neon bool) {
	height = min(height, base-top)
	s.Fill(new(canvas.Path).Rect(x, top, width, height), func(atX, atY float64) canvas.Color {
		return tone.Times(0.85+0.3*canvas.Smooth(x, x+width, atX)).Mix(s.light.haze, 0.3*canvas.Smooth(top, base, atY))
	}, 1)
	switch s.chance.IntN(5) {
	case 0:
		s.Fill(new(canvas.Path).Rect(x+width*0.47, top-height*0.18, width*0.06, height*0.18), canvas.Plain(tone), 1)
	case 1:
		s.Fill(new(canvas.Path).Rect(x+width*0.2, top-width*0.35, width*0.6, width*0.36), canvas.Plain(tone), 1)
	case 2:
		s.Fill(new(canvas.Path).Move(x, top+1).Line(x+width/2, top-width*0.7).Line(x+width, top+1), canvas.Plain(tone), 1)
	}
	lit := 0.16
	if s.light.dark {
		lit = 0.42
	} else if s.light.name == "day" || s.light.name == "winter" {
		lit = 0
	}
	step := s.unit * (6 + 7*closeness)
	glass := s.light.sky[2].Mix(tone, 0.45)
	hue := s.chance.Float64()
	for wy := top + step; wy < base-step; wy += step * 1.35 {
		for wx := x + step*0.6; wx < x+width-step; wx += step {
			window := new(canvas.Path).Rect(wx, wy, step*0.5, step*0.72)
			switch {
			case s.chance.Float64() < lit:
				shine := canvas.Hex(0xffd98a).Mix(canvas.Hex(0xfff4d0), s.chance.Float64())
				if neon {
					shine = canvas.HSL([]float64{0.88, 0.52, 0.78, 0.1}[s.chance.IntN(4)]+0.03*hue, 0.95, 0.65)
				}
				s.Fill(window, canvas.Plain(shine.Mix(s.light.haze, 0.5*(1-closeness))), 0.95)
			default:
				s.Fill(window, canvas.Plain(glass), 0.4*closeness)
			}
		}
	}
	if neon && closeness > 0.5 && s.chance.IntN(2) == 0 {
		s.Glow(x+width/2, top+height*0.2, width*2, canvas.HSL([]float64{0.88, 0.52, 0.78}[s.chance.IntN(3)], 1, 0.6), 0.5)
	}
}

// residents puts in what the words name.
func (s *scene) residents(ground string) {
	dark := s.light.near.Times(0.8)
	if s.says("house", "cabin", "home", "village", "farm", "castle") {
		for i := range map[bool]int{true: 5, false: 1}[s.says("village")] {
			s.house(s.w*(0.3+0.13*float64(i)+s.between(-0.04, 0.04)), s.skyEnd+(s.h-s.skyEnd)*s.between(0.36, 0.5), s.unit*s.between(95, 130))
		}
	}
	if s.says("lighthouse") {
		s.lighthouse(s.w*0.76, s.skyEnd+(s.h-s.skyEnd)*0.2, s.h*0.34)
	}
	if s.says("boat", "ship", "sail", "sailboat", "sailing", "yacht") || ground == "sea" && s.chance.IntN(3) == 0 {
		s.boat(s.w*s.between(0.25, 0.7), s.skyEnd+(s.h-s.skyEnd)*s.between(0.2, 0.4), s.unit*s.between(90, 140))
	}
	if s.says("balloon") {
		for i := range 4 {
			size := s.unit * []float64{120, 62, 44, 30}[i]
			s.balloon(s.w*(0.18+0.2*float64(i)+s.between(-0.05, 0.05)), s.skyEnd*s.between(0.25, 0.6), size)
		}
	}
	if s.says("bird", "seagull", "crane") || !s.light.dark && s.chance.IntN(2) == 0 {
		x, y := s.w*s.between(0.25, 0.75), s.skyEnd*s.between(0.3, 0.6)
		for range 5 + s.chance.IntN(6) {
			s.bird(x+s.unit*s.between(-150, 150), y+s.unit*s.between(-70, 70), s.unit*s.between(9, 22), dark)
		}
	}
}

func (s *scene) bird(x, y, span float64, tone canvas.Color) {
	lift := s.between(0.25, 0.6) * span
	wing := func(side float64) [][2]float64 {
		var points [][2]float64
		for i := range 9 {
			t := float64(i) / 8
			points = append(points, [2]float64{x + side*span*t, y - lift*math.Sin(t*2.4)})
		}
		return points
	}
	s.Fill(new(canvas.Path).Stroke(wing(1), span*0.2).Stroke(wing(-1), span*0.2), canvas.Plain(tone), 0.9)
}

func (s *scene) house(x, y, size float64) {
	wall := canvas.HSL(s.between(0.02, 0.13), 0.4, 0.62).Mix(s.light.haze, 0.25)
	if s.light.dark {
		wall = wall.Mix(s.light.near, 0.72)
	}
	roof := canvas.HSL(s.between(0, 0.06), 0.5, 0.3).Mix(s.light.near, 0.35)
	s.Fill(new(canvas.Path).Rect(x+size*0.55, y-size*0.95, size*0.12, size*0.4), canvas.Plain(roof), 1)
	s.Fill(new(canvas.Path).Rect(x, y-size*0.5, size, size*0.5), func(_, atY float64) canvas.Color {
		return wall.Times(1.05 - 0.25*canvas.Smooth(y-size*0.5, y, atY))
	}, 1)
	s.Fill(new(canvas.Path).Move(x-size*0.1, y-size*0.48).Line(x+size*0.2, y-size*0.88).Line(x+size*0.8, y-size*0.88).Line(x+size*1.1, y-size*0.48), canvas.Plain(roof), 1)
	pane := canvas.Hex(0xffdf9a)
	for _, at := range []float64{0.13, 0.69} {
		s.Fill(new(canvas.Path).Rect(x+size*at, y-size*0.36, size*0.18, size*0.17), canvas.Plain(pane), 1)
		s.Glow(x+size*(at+0.09), y-size*0.28, size*0.45, pane, 0.35)
	}
	s.Fill(new(canvas.Path).Rect(x+size*0.42, y-size*0.34, size*0.17, size*0.34), canvas.Plain(roof.Times(0.8)), 1)
}

func (s *scene) lighthouse(x, y, height float64) {
	foot, top := height*0.1, height*0.062
	rock := new(canvas.Path).Move(x-height*0.6, y+height*0.12).Curve(x-height*0.35, y-height*0.12, x-height*0.1, y-height*0.05, x, y-height*0.04).
		Curve(x+height*0.3, y-height*0.08, x+height*0.5, y, x+height*0.8, y+height*0.12)
	s.Fill(rock, canvas.Plain(s.light.near), 1)
	tower := new(canvas.Path).Move(x-foot, y).Line(x-top, y-height*0.8).Line(x+top, y-height*0.8).Line(x+foot, y)
	s.Fill(tower, func(atX, atY float64) canvas.Color {
		c := canvas.Hex(0xf4efe6)
		if int((y-atY)/(height*0.16))%2 == 0 {
			c = canvas.Hex(0xb8323a)
		}
		return c.Mix(s.light.haze, 0.25).Times(1.02 - 0.45*canvas.Smooth(x-foot, x+foot, atX))
	}, 1)
	s.Fill(new(canvas.Path).Rect(x-top*1.3, y-height*0.83, top*2.6, height*0.03), canvas.Plain(s.light.near), 1)
	s.Fill(new(canvas.Path).Rect(x-top*0.7, y-height*0.92, top*1.4, height*0.09), canvas.Plain(canvas.Hex(0xfff0b0)), 1)
	s.Fill(new(canvas.Path).Move(x-top, y-height*0.915).Line(x, y-height).Line(x+top, y-height*0.915), canvas.Plain(s.light.near), 1)
	s.Glow(x, y-height*0.875, height*0.5, canvas.Hex(0xfff0b0), 0.9)
	beam := new(canvas.Path).Move(x, y-height*0.885).Line(x-s.w, y-height*1.15).Line(x-s.w, y-height*0.75).Line(x, y-height*0.865)
	s.Fill(beam, canvas.Plain(canvas.Hex(0xfff3c4)), 0.16)
}

func (s *scene) boat(x, y, size float64) {
	sail := canvas.Hex(0xfbf6ea).Mix(s.light.sky[3], 0.35)
	if s.light.dark {
		sail = sail.Mix(s.light.near, 0.45)
	}
	s.Fill(new(canvas.Path).Move(x-size*0.5, y-size*0.12).Line(x+size*0.62, y-size*0.14).Curve(x+size*0.5, y+size*0.06, x-size*0.3, y+size*0.07, x-size*0.5, y-size*0.12), canvas.Plain(s.light.near), 1)
	s.Fill(new(canvas.Path).Rect(x+size*0.03, y-size*1.1, size*0.03, size), canvas.Plain(s.light.near), 1)
	s.Fill(new(canvas.Path).Move(x+size*0.08, y-size*1.05).Curve(x+size*0.5, y-size*0.7, x+size*0.55, y-size*0.4, x+size*0.52, y-size*0.2).Line(x+size*0.08, y-size*0.2), canvas.Plain(sail), 1)
	s.Fill(new(canvas.Path).Move(x, y-size*0.95).Curve(x-size*0.2, y-size*0.6, x-size*0.36, y-size*0.4, x-size*0.4, y-size*0.2).Line(x, y-size*0.2), canvas.Plain(sail.Times(0.88)), 1)
	for i := range 12 {
		width := size * s.between(0.15, 0.5) * (1 - float64(i)/14)
		s.Fill(new(canvas.Path).Ellipse(x+size*s.between(-0.12, 0.2), y+size*(0.08+0.07*float64(i)), width, size*0.018, 0), canvas.Plain(sail.Mix(s.light.near, 0.4)), 0.4)
	}
}

func (s *scene) balloon(x, y, size float64) {
	hue := s.chance.Float64()
	body := new(canvas.Path).Move(x, y+size*1.25).Curve(x-size*0.35, y+size*0.9, x-size, y+size*0.55, x-size, y).Curve(x-size, y-size*1.3, x+size, y-size*1.3, x+size, y).
		Curve(x+size, y+size*0.55, x+size*0.35, y+size*0.9, x, y+size*1.25)
	s.Fill(body, func(atX, atY float64) canvas.Color {
		bulge := math.Sqrt(max(0.02, 1-math.Pow((atY-y)/(size*1.3), 2)))
		across := math.Asin(min(max((atX-x)/(size*bulge), -1), 1)) / math.Pi * 7
		c := canvas.HSL(hue+0.13*float64(int(math.Floor(across+20))%3), 0.7, 0.58)
		return c.Mix(s.light.haze, 0.2).Times(1.12 - 0.5*canvas.Smooth(x-size, x+size, atX))
	}, 1)
	s.Fill(new(canvas.Path).Rect(x-size*0.16, y+size*1.42, size*0.32, size*0.22), canvas.Plain(canvas.Hex(0x6b4426)), 1)
	s.Fill(new(canvas.Path).Rect(x-size*0.14, y+size*1.15, size*0.02, size*0.3).Rect(x+size*0.12, y+size*1.15, size*0.02, size*0.3), canvas.Plain(s.light.near), 0.8)
}
