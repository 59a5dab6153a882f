package painting

import (
	"math"

	"nanoflux.ai/backend/infra/local/models/canvas"
)

// light is a time of day: the sky from top to horizon, its sun or moon, what the land far and near looks like in it.
type light struct {
	name      string
	sky       [4]canvas.Color
	sun       canvas.Color
	sunHeight float64 // in parts of the sky from the top
	sunSize   float64 // radius at 1024
	haze      canvas.Color
	near      canvas.Color
	green     canvas.Color
	snow      canvas.Color
	dark      bool
}

func (s *scene) chooseLight() light {
	hex := canvas.Hex
	dawn := light{"dawn", [4]canvas.Color{hex(0x46568f), hex(0x9a86b8), hex(0xf2b3ac), hex(0xffe6c4)}, hex(0xfff3d6), 0.84, 42,
		hex(0xe9b9b4), hex(0x2c2f4e), hex(0x4d5f6b), hex(0xffe3e0), false}
	day := light{"day", [4]canvas.Color{hex(0x1f6fc4), hex(0x4f9be0), hex(0x9fcdf0), hex(0xe4f3f7)}, hex(0xfffbe8), 0.24, 40,
		hex(0xa9cbe0), hex(0x1d3b40), hex(0x4f9147), hex(0xf6fbff), false}
	sunset := light{"sunset", [4]canvas.Color{hex(0x2b1f55), hex(0x8c2f72), hex(0xf0604d), hex(0xffcf70)}, hex(0xfff0b8), 0.8, 64,
		hex(0xe5785f), hex(0x1d1230), hex(0x4a2b45), hex(0xffc9b0), false}
	golden := light{"golden", [4]canvas.Color{hex(0x5b7fa6), hex(0xa9b8b4), hex(0xf6d59a), hex(0xffedc2)}, hex(0xfffbe0), 0.6, 54,
		hex(0xf0c98f), hex(0x3a2a1c), hex(0x7d8a3c), hex(0xfff0d8), false}
	night := light{"night", [4]canvas.Color{hex(0x050817), hex(0x0c1738), hex(0x1a2f5e), hex(0x3d5a86)}, hex(0xf4f1dd), 0.3, 58,
		hex(0x2e456f), hex(0x050a16), hex(0x0f2430), hex(0xa9bfe0), true}
	storm := light{"storm", [4]canvas.Color{hex(0x2a3440), hex(0x4b5966), hex(0x8795a0), hex(0xc9d0d0)}, hex(0xe8ecec), 0.4, 1,
		hex(0x8d9ba4), hex(0x15202a), hex(0x33463f), hex(0xdfe7ec), false}
	winter := light{"winter", [4]canvas.Color{hex(0x6f9cc9), hex(0xa9c8e4), hex(0xdce9f2), hex(0xfdf3ea)}, hex(0xfffaf0), 0.55, 44,
		hex(0xcddcea), hex(0x2f4560), hex(0x9fb4c4), hex(0xffffff), false}
	switch {
	case s.says("sunset", "dusk", "evening", "red", "orange"):
		return sunset
	case s.says("night", "moon", "star", "aurora", "northern", "midnight", "dark", "neon", "cyberpunk", "firefly"):
		return night
	case s.says("sunrise", "dawn", "morning", "mist", "fog", "pink"):
		return dawn
	case s.says("storm", "rain", "thunder", "grey", "gray", "moody"):
		return storm
	case s.says("winter", "snow", "ice", "frost", "christmas"):
		return winter
	case s.says("autumn", "golden", "gold", "warm", "desert", "dune", "yellow"):
		return golden
	case s.says("day", "noon", "summer", "bright", "blue", "green", "spring", "sunny", "sun"):
		return day
	}
	return []light{day, sunset, night, dawn, golden}[s.chance.IntN(5)]
}

func (s *scene) sky() {
	l := s.light
	s.Paint(func(_, y float64, _ canvas.Color) canvas.Color {
		t := min(y/s.skyEnd, 1) * 3
		band := min(int(t), 2)
		return l.sky[band].Mix(l.sky[band+1], t-float64(band))
	})
	if l.dark || l.name == "dawn" && s.says("star") {
		s.stars(500, s.skyEnd)
	}
	if s.says("aurora", "northern") {
		s.aurora()
	}
	s.sunOrMoon()
	s.clouds()
}

func (s *scene) stars(count int, below float64) {
	count = int(float64(count) * s.w * s.h / (1024 * 1024))
	for range count {
		x, y := s.w*s.chance.Float64(), below*s.chance.Float64()
		size := s.unit * (0.5 + 1.3*math.Pow(s.chance.Float64(), 5))
		tint := canvas.Hex(0xffffff).Mix(canvas.HSL(s.chance.Float64(), 0.8, 0.7), 0.3)
		s.Fill(new(canvas.Path).Ellipse(x, y, size, size, 0), canvas.Plain(tint), s.between(0.25, 1))
		if size > 1.3*s.unit {
			s.Glow(x, y, size*9, tint, 0.35)
		}
	}
}

func (s *scene) sunOrMoon() {
	l := s.light
	if l.sunSize < 2 {
		return
	}
	size := l.sunSize * s.unit * s.between(0.85, 1.5)
	if s.says("moon", "sun", "big", "huge", "giant") {
		size *= 1.5
	}
	s.Glow(s.sunX, s.sunY, size*9, l.sun.Mix(l.sky[3], 0.5), 0.55)
	s.Glow(s.sunX, s.sunY, size*3.2, l.sun, 0.6)
	if l.dark {
		s.moon(s.sunX, s.sunY, size)
		return
	}
	s.Fill(new(canvas.Path).Ellipse(s.sunX, s.sunY, size, size, 0), canvas.Plain(l.sun), 1)
}

// moon has seas on it and a shaded side.
func (s *scene) moon(cx, cy, size float64) {
	s.Fill(new(canvas.Path).Ellipse(cx, cy, size, size, 0), func(x, y float64) canvas.Color {
		dx, dy := (x-cx)/size, (y-cy)/size
		seas := canvas.Smooth(0.48, 0.62, (s.noise+5).Cloud(dx*1.9+7, dy*1.9, 4))
		edge := 1 - 0.28*math.Pow(dx*dx+dy*dy, 2)
		shade := 0.86 + 0.16*(-dx*0.6-dy*0.5)
		return s.light.sun.Mix(canvas.Hex(0xb9b4a6), seas*0.75).Times(edge * shade)
	}, 1)
}

func (s *scene) clouds() {
	l := s.light
	amount := 0.42
	switch {
	case s.says("cloud", "cloudy") || l.name == "storm":
		amount = 0.66
	case l.dark:
		amount = 0.3
	}
	top, under := l.sky[3].Mix(canvas.Hex(0xffffff), 0.55), l.sky[1].Mix(l.sky[2], 0.55)
	if l.dark {
		top, under = l.sky[3], l.sky[1]
	}
	scale := 4.2 / math.Max(s.w, s.h)
	offset := s.between(0, 90)
	s.Paint(func(x, y float64, was canvas.Color) canvas.Color {
		if y > s.skyEnd*1.1 {
			return was
		}
		// Clouds grow flatter and closer together towards the horizon.
		far := 1 + 2.2*math.Pow(y/s.skyEnd, 2)
		at := s.noise.Cloud(x*scale*(0.6+far*0.2)+offset, y*scale*2.1*far, 5)
		cover := canvas.Smooth(1-amount-0.08, 1-amount+0.22, at)
		if cover == 0 {
			return was
		}
		lit := canvas.Smooth(-0.02, 0.07, at-s.noise.Cloud(x*scale*(0.6+far*0.2)+offset+0.03, (y-14*s.unit)*scale*2.1*far, 4)+0.03)
		return was.Mix(under.Mix(top, lit), cover*0.78*(1-0.5*canvas.Smooth(0.7, 1.1, y/s.skyEnd)))
	})
}

func (s *scene) aurora() {
	s.Paint(func(x, y float64, was canvas.Color) canvas.Color {
		u, v := x/s.w, y/s.skyEnd
		if v > 1 {
			return was
		}
		for i := range 3 {
			fold := 0.32 + 0.16*float64(i) + 0.22*((s.noise+canvas.Noise(i)).Cloud(u*2.4, float64(i)*9, 3)-0.5)*2
			above := fold - v
			if above < -0.02 {
				continue
			}
			rays := 0.35 + 0.65*(s.noise+50).Cloud(u*34+float64(i)*5, v*0.7, 2)
			glow := canvas.Smooth(-0.02, 0.03, above) * math.Exp(-above*6.5) * rays * 0.75
			tint := canvas.Hex(0x3df5a2).Mix(canvas.Hex(0x9a4dff), above*2.6)
			was = canvas.Color{R: was.R + tint.R*float32(glow), G: was.G + tint.G*float32(glow), B: was.B + tint.B*float32(glow)}
		}
		return was
	})
}

// weather lets fall what the words say.
func (s *scene) weather() {
	if s.says("snow", "winter", "snowy", "christmas") {
		for range int(420 * s.w * s.h / (1024 * 1024)) {
			size := s.unit * (0.8 + 4*math.Pow(s.chance.Float64(), 3))
			flake := new(canvas.Path).Ellipse(s.w*s.chance.Float64(), s.h*s.chance.Float64(), size, size, 0)
			s.Fill(flake, canvas.Plain(canvas.Hex(0xffffff)), s.between(0.35, 0.9))
		}
	}
	if s.says("rain", "storm", "rainy", "thunder") {
		for range int(700 * s.w * s.h / (1024 * 1024)) {
			x, y, length := s.w*s.between(-0.1, 1.1), s.h*s.between(-0.05, 1), s.unit*s.between(25, 70)
			drop := new(canvas.Path).Stroke([][2]float64{{x, y}, {x - length*0.12, y + length/2}, {x - length*0.24, y + length}}, 1.7*s.unit)
			s.Fill(drop, canvas.Plain(canvas.Hex(0xdfe8ee)), s.between(0.15, 0.5))
		}
	}
}
