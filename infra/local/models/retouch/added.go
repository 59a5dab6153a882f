package retouch

import (
	"math"

	"nanoflux.ai/backend/infra/local/models/canvas"
)

func (p *photo) between(low, high float64) float64 { return low + (high-low)*p.chance.Float64() }

// somewhere in the upper part, away from the middle.
func (p *photo) inTheSky() (x, y float64) {
	x = float64(p.W) * p.between(0.14, 0.3)
	if p.chance.IntN(2) == 0 {
		x = float64(p.W) - x
	}
	return x, float64(p.H) * p.between(0.14, 0.24)
}

func (p *photo) addMoon() {
	x, y := p.inTheSky()
	size := 78 * p.unit
	pale := canvas.Hex(0xf6f1de)
	p.Glow(x, y, size*4.5, pale, 0.65)
	p.Fill(new(canvas.Path).Ellipse(x, y, size, size, 0), func(atX, atY float64) canvas.Color {
		seas := canvas.Smooth(0.48, 0.62, p.noise.Cloud((atX-x)/size*1.9, (atY-y)/size*1.9, 4))
		return pale.Mix(canvas.Hex(0xbdb8a8), seas*0.75)
	}, 1)
}

func (p *photo) addSun() {
	x, y := p.inTheSky()
	size := 74 * p.unit
	p.Glow(x, y, size*9, canvas.Hex(0xffd27a), 0.75)
	p.Glow(x, y, size*3, canvas.Hex(0xfff2c0), 0.9)
	p.Fill(new(canvas.Path).Ellipse(x, y, size, size, 0), canvas.Plain(canvas.Hex(0xfff4c8)), 1)
}

// addStars lets the sky darken first, or nobody would see them.
func (p *photo) addStars() {
	p.Paint(func(_, y float64, c canvas.Color) canvas.Color {
		return c.Mix(canvas.Hex(0x0a1030), 0.7*canvas.Smooth(0.75, 0.1, y/float64(p.H)))
	})
	for range 260 {
		x, y := float64(p.W)*p.chance.Float64(), float64(p.H)*0.7*math.Pow(p.chance.Float64(), 1.5)
		size := p.unit * (0.9 + 2.4*math.Pow(p.chance.Float64(), 4))
		p.Glow(x, y, size*7, canvas.Hex(0xe4ecff), 0.6)
		p.Fill(new(canvas.Path).Ellipse(x, y, size, size, 0), canvas.Plain(canvas.Hex(0xffffff)), 0.95)
	}
}

func (p *photo) addSnow() {
	p.grade(0.96, 1, 1.06, 0xeaf2fb)
	for range 650 {
		x, y := float64(p.W)*p.chance.Float64(), float64(p.H)*p.chance.Float64()
		size := p.unit * (1.2 + 7*math.Pow(p.chance.Float64(), 4))
		p.Fill(new(canvas.Path).Ellipse(x, y, size, size, 0), canvas.Plain(canvas.Hex(0xffffff)), p.between(0.5, 0.95))
	}
}

func (p *photo) addRain() {
	p.saturate(0.65)
	p.level(0.8, 0.03)
	for range 1000 {
		x, y, length := float64(p.W)*p.between(0, 1.1), float64(p.H)*p.between(-0.1, 1), p.unit*p.between(25, 80)
		drop := [][2]float64{{x, y}, {x - length*0.12, y + length/2}, {x - length*0.24, y + length}}
		p.Fill(new(canvas.Path).Stroke(drop, 2*p.unit), canvas.Plain(canvas.Hex(0xe3ebf2)), p.between(0.2, 0.6))
	}
}

func (p *photo) addFog() {
	p.Paint(func(x, y float64, c canvas.Color) canvas.Color {
		wisp := p.noise.Cloud(x/p.unit*0.0035, y/p.unit*0.009, 4)
		low := canvas.Smooth(0.1, 0.75, y/float64(p.H))
		return c.Mix(canvas.Hex(0xe4e8ea), 0.25+0.65*low*canvas.Smooth(0.25, 0.7, wisp))
	})
}

// addFrame hangs the picture in a wooden frame with a white mount.
func (p *photo) addFrame() {
	wood, mount := 46*p.unit, 40*p.unit
	inner := 1 / (1 - 2*(wood+mount)/float64(min(p.W, p.H)))
	midX, midY := float64(p.W)/2, float64(p.H)/2
	p.from(func(x, y float64) (float64, float64) { return midX + (x-midX)*inner, midY + (y-midY)*inner })
	p.Paint(func(x, y float64, c canvas.Color) canvas.Color {
		edge := min(x, y, float64(p.W)-1-x, float64(p.H)-1-y)
		switch {
		case edge < wood:
			grain := p.noise.Cloud(x/p.unit*0.02, y/p.unit*0.3, 3)
			bevel := math.Sin(edge / wood * math.Pi)
			return canvas.Hex(0x5a3820).Times(0.6 + 0.5*bevel + 0.3*grain)
		case edge < wood+mount:
			return canvas.Hex(0xf6f2e8).Times(0.86 + 0.14*canvas.Smooth(0, 14*p.unit, edge-wood))
		}
		return c
	})
}
