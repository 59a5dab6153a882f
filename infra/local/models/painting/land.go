package painting

import (
	"math"

	"nanoflux.ai/backend/infra/local/models/canvas"
)

// farHills are soft silhouettes that sink into the haze.
func (s *scene) farHills(layers int) {
	for i := range layers {
		t := float64(i+1) / float64(layers+1)
		base, rise := s.skyEnd-s.h*0.03*(1-t), s.h*(0.13-0.06*t)
		noise, frequency := s.noise+canvas.Noise(10+i), (2.2+1.4*t)/s.w
		tone := s.light.haze.Mix(s.light.near.Mix(s.light.green, 0.4), 0.12+0.5*t)
		s.Below(func(x float64) float64 { return base - rise*noise.Cloud(x*frequency*1.4, 0, 4) },
			func(_, _, depth float64) canvas.Color {
				return tone.Mix(s.light.haze, 0.5*canvas.Smooth(0, rise*1.3, depth))
			})
	}
}

// mountainsBehind stand farther off than a forest.
func (s *scene) mountainsBehind() {
	s.chain(s.skyEnd*0.98, s.h*0.36, 0.25, 0)
	s.chain(s.skyEnd*1.02, s.h*0.2, 0.5, 1)
}

func (s *scene) mountains() {
	s.chain(s.skyEnd*0.97, s.h*0.42, 0.22, 0)
	if s.hasLake() {
		s.chain(s.skyEnd*1.01, s.h*0.2, 0.5, 1)
		s.treeLine(s.skyEnd*1.015, 0.8, 40)
		return
	}
	s.chain(s.skyEnd*1.06, s.h*0.34, 0.45, 1)
	s.chain(s.skyEnd*1.2, s.h*0.26, 0.72, 2)
	s.treeLine(s.skyEnd*1.28, 0.86, 34)
	s.treeLine(s.h*0.97, 1, 70)
}

// chain is one chain of mountains: rock with a lit and a shaded side, snow on what is high, haze at the foot.
func (s *scene) chain(base, rise, closeness float64, layer int) {
	noise := s.noise + canvas.Noise(20+layer*3)
	frequency := (2.1 + 0.7*float64(layer)) / s.w
	rock := s.light.haze.Mix(s.light.near, closeness)
	snowLine := rise * []float64{0.34, 0.16, 0.05}[layer]
	if s.says("snow", "winter", "snowy", "ice") {
		snowLine *= 1.8
	}
	edge := func(x float64) float64 {
		return base - rise*math.Pow(noise.Ridge(x*frequency, 5), 1.7)
	}
	fromLeft := 1.0
	if s.sunX > s.w/2 {
		fromLeft = -1
	}
	s.Below(edge, func(x, y, depth float64) canvas.Color {
		u, v := x/s.unit, depth/s.unit
		// Facets run downhill; a step aside shows whether one faces the light.
		face := noise.Cloud(u*0.011+v*0.006, v*0.012, 4) - noise.Cloud(u*0.011+v*0.006+fromLeft*0.12, v*0.012, 4)
		lit := canvas.Smooth(-0.12, 0.12, face)
		tone := rock.Times(0.72+0.2*lit).Mix(s.light.sky[3], 0.22*lit*(1-closeness))
		snow := canvas.Smooth(0.25, -0.1, depth/snowLine-0.9+1.1*(noise.Cloud(u*0.02, v*0.02, 3)-0.5))
		white := s.light.snow.Mix(s.light.sky[1], 0.55-0.5*lit).Mix(s.light.haze, 0.3*(1-closeness))
		return tone.Mix(white, snow*0.92).Mix(s.light.haze, 0.75*canvas.Smooth(rise*0.3, rise*1.05, depth))
	})
}

// forest is rows of conifers with mist between them.
func (s *scene) forest() {
	rows := []struct{ y, closeness, size float64 }{
		{s.skyEnd * 1.0, 0.35, 46}, {s.skyEnd * 1.12, 0.55, 78}, {s.skyEnd*0.5 + s.h*0.42, 0.78, 130}, {s.h * 1.02, 1, 230},
	}
	for _, row := range rows {
		s.treeLine(row.y, row.closeness, row.size)
		if row.closeness < 1 {
			s.mist(row.y+10*s.unit, s.h*0.07)
		}
	}
}

func (s *scene) mist(y, thickness float64) {
	for at := max(int(y-thickness), 0); at < min(int(y+thickness), s.H); at++ {
		band := 1 - math.Abs(float64(at)-y)/thickness
		for x := range s.W {
			wisp := (s.noise + 31).Cloud(float64(x)/s.unit*0.004, float64(at)/s.unit*0.012, 3)
			s.Blend(x, at, s.light.haze, 0.75*band*band*canvas.Smooth(0.2, 0.75, wisp))
		}
	}
}

// treeLine fills the ground under a row of conifers; size is their usual height at 1024.
func (s *scene) treeLine(y, closeness, size float64) {
	tone := s.light.haze.Mix(s.light.near.Mix(s.light.green, 0.3), closeness)
	noise, size := s.noise+canvas.Noise(int(size)), size*s.unit
	ground := func(x float64) float64 { return y - size*0.9*noise.Cloud(x/size*0.22, 3, 3) }
	s.Below(ground, func(_, _, depth float64) canvas.Color {
		return tone.Mix(s.light.haze, 0.18*canvas.Smooth(0, size, depth))
	})
	for x := -size * 0.2; x < s.w+size*0.2; x += size * s.between(0.13, 0.36) {
		tree := tone
		if s.says("autumn", "fall") {
			tree = tone.Mix(canvas.HSL(s.between(-0.01, 0.13), 0.8, 0.45), 0.75)
		}
		s.conifer(x, ground(x)+size*0.05, size*s.between(0.55, 1.25), tree)
	}
}

func (s *scene) conifer(x, y, height float64, tone canvas.Color) {
	path := new(canvas.Path)
	tiers := 6
	width := height * s.between(0.16, 0.23)
	path.Move(x, y-height)
	for i := 1; i <= tiers; i++ {
		t := float64(i) / float64(tiers)
		jut := width * t * s.between(0.8, 1.15)
		path.Line(x+jut, y-height*(1-t)).Line(x+jut*0.5, y-height*(1-t)-height*0.02)
	}
	for i := tiers; i >= 1; i-- {
		t := float64(i) / float64(tiers)
		jut := width * t * s.between(0.8, 1.15)
		path.Line(x-jut*0.5, y-height*(1-t)-height*0.02).Line(x-jut, y-height*(1-t))
	}
	snowy := s.says("snow", "winter", "snowy")
	s.Fill(path, func(atX, atY float64) canvas.Color {
		side := canvas.Smooth(-width, width, (atX-x)*math.Copysign(1, s.sunX-x))
		c := tone.Times(0.86 + 0.3*side)
		if snowy {
			c = c.Mix(s.light.snow, 0.85*canvas.Smooth(0.42, 0.68, (s.noise+70).Cloud(atX/height*5, atY/height*9, 3)))
		}
		return c
	}, 1)
}

func (s *scene) dunes() {
	sand := canvas.Hex(0xe2a15f).Mix(s.light.sky[3], 0.25)
	if s.light.dark {
		sand = canvas.Hex(0x46507a)
	}
	for i := range 5 {
		t := float64(i) / 4
		base, rise := s.skyEnd+(s.h-s.skyEnd)*t*0.82, s.h*(0.06+0.1*t)
		noise, frequency := s.noise+canvas.Noise(40+i), (1.1+0.5*(1-t))/s.w
		crest := func(x float64) float64 { return base - rise*noise.Cloud(x*frequency*1.8, 1, 2) }
		s.Below(crest, func(x, _, depth float64) canvas.Color {
			slope := (crest(x+6*s.unit) - crest(x-6*s.unit)) / (12 * s.unit)
			facing := canvas.Smooth(-0.28, 0.28, slope*math.Copysign(1, s.w/2-s.sunX)*-1)
			ripple := 0.5 + 0.5*math.Sin(depth/s.unit*0.5/(0.4+t)+9*noise.Cloud(x/s.unit*0.006, depth/s.unit*0.01, 3))
			tone := sand.Mix(s.light.haze, 0.55*(1-t)).Times(0.62 + 0.42*facing + 0.035*ripple*t)
			return tone.Mix(s.light.near, 0.3*canvas.Smooth(0, rise*2.2, depth)*t)
		})
	}
}

// meadow rolls towards the viewer, with flowers in front.
func (s *scene) meadow() {
	snowy := s.says("snow", "winter", "snowy")
	for i := range 4 {
		t := float64(i+1) / 4
		base, rise := s.skyEnd+(s.h-s.skyEnd)*(t-0.2)*0.95, s.h*(0.05+0.05*t)
		noise, frequency := s.noise+canvas.Noise(60+i), 1.6/s.w
		green := s.light.haze.Mix(s.light.green.Mix(canvas.HSL(s.between(0.18, 0.33), 0.5, 0.38), 0.3), 0.4+0.6*t)
		if s.light.dark {
			green = s.light.haze.Mix(s.light.green, 0.3+0.7*t)
		}
		if snowy {
			green = s.light.snow.Mix(s.light.haze, 0.5-0.4*t)
		}
		edge := func(x float64) float64 { return base - rise*noise.Cloud(x*frequency*1.5, 1, 3) }
		s.Below(edge, func(x, _, depth float64) canvas.Color {
			blade := noise.Cloud(x/s.unit*0.09, depth/s.unit*0.03, 3)
			return green.Mix(s.light.sky[3], 0.25*canvas.Smooth(30*s.unit, 0, depth)).Times(0.8 + 0.35*blade - 0.25*canvas.Smooth(0, rise*3, depth)*t)
		})
		for range s.chance.IntN(4) {
			x := s.w * s.chance.Float64()
			s.roundTree(x, edge(x)+4*s.unit, s.unit*(35+85*t)*s.between(0.7, 1.2), green.Mix(s.light.near, 0.5))
		}
	}
	if !snowy {
		s.wildFlowers()
	}
}

func (s *scene) wildFlowers() {
	hue := s.chance.Float64()
	for range int(700 * s.w / 1024) {
		depth := math.Pow(s.chance.Float64(), 0.6)
		x, y := s.w*s.chance.Float64(), s.skyEnd+(s.h-s.skyEnd)*(0.45+0.56*depth)
		size := s.unit * (1 + 5.5*depth*depth)
		bloom := canvas.HSL(hue+s.between(-0.09, 0.09), 0.75, s.between(0.5, 0.75))
		if s.light.dark {
			bloom = bloom.Mix(s.light.near, 0.6)
		}
		s.Fill(new(canvas.Path).Ellipse(x, y, size, size*0.8, 0), canvas.Plain(bloom), 0.95)
		s.Fill(new(canvas.Path).Ellipse(x, y, size*0.35, size*0.3, 0), canvas.Plain(canvas.Hex(0xffe08a)), 0.8)
	}
}

func (s *scene) roundTree(x, y, height float64, tone canvas.Color) {
	s.Fill(new(canvas.Path).Rect(x-height*0.03, y-height*0.4, height*0.06, height*0.4), canvas.Plain(s.light.near), 1)
	if s.says("autumn") {
		tone = canvas.HSL(s.between(0.02, 0.12), 0.75, 0.42)
	}
	for range 9 {
		r := height * s.between(0.14, 0.24)
		cx, cy := x+height*s.between(-0.24, 0.24), y-height*s.between(0.42, 0.85)
		s.Fill(new(canvas.Path).Ellipse(cx, cy, r, r*0.9, 0), func(_, atY float64) canvas.Color {
			return tone.Times(1.25 - 0.5*canvas.Smooth(cy-r, cy+r, atY))
		}, 0.95)
	}
}

func (s *scene) islands() {
	for i := range 2 {
		noise, tone := s.noise+canvas.Noise(80+i), s.light.haze.Mix(s.light.near, 0.55+0.3*float64(i))
		middle, reach := s.w*s.between(0.1, 0.9), s.w*s.between(0.12, 0.24)
		s.Below(func(x float64) float64 {
			bulge := 1 - math.Pow((x-middle)/reach, 2)
			if bulge <= 0 {
				return s.h
			}
			return s.skyEnd + 2 - s.h*0.1*bulge*(0.3+0.9*noise.Cloud(x/s.w*9, 0, 4))
		}, func(_, _, depth float64) canvas.Color {
			return tone.Mix(s.light.haze, 0.3*canvas.Smooth(0, s.h*0.1, depth))
		})
	}
}

// water mirrors everything above its line, broken by waves that grow towards the viewer.
func (s *scene) water() {
	line := int(s.skyEnd)
	deep := s.light.sky[0].Mix(s.light.near, 0.35)
	for y := line; y < s.H; y++ {
		near := float64(y-line) / (s.h - s.skyEnd)
		for x := range s.W {
			u, v := float64(x)/s.unit, math.Log(1+near*14)*46
			wave := (s.noise+90).Cloud(u*0.016/(0.35+near), v*0.42, 3) - 0.5
			c := s.At(x+int(wave*46*s.unit*(0.2+near)), line-1-int(float64(y-line)*0.92+wave*62*s.unit*near))
			glint := canvas.Smooth(0.16, 0.3, wave) * math.Exp(-math.Pow((float64(x)-s.sunX)/(s.w*(0.05+0.16*near)), 2))
			c = c.Mix(deep, 0.22+0.34*near).Mix(s.light.sun, glint*0.85).Mix(s.light.sky[3], 0.1*canvas.Smooth(0.08, 0.3, wave))
			s.Blend(x, y, c, 1)
		}
	}
}
