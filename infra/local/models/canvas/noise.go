package canvas

import "math"

// Noise is a smooth random field; the same seed gives the same field.
type Noise uint64

// cell is one random number from 0 to 1 for a whole-numbered place.
func (n Noise) cell(x, y int) float64 {
	h := uint64(n) ^ uint64(int64(x))*0x9e3779b97f4a7c15 ^ uint64(int64(y))*0xc2b2ae3d27d4eb4f
	h = (h ^ h>>29) * 0xbf58476d1ce4e5b9
	h = (h ^ h>>32) * 0x94d049bb133111eb
	return float64(h>>40) / (1 << 24)
}

// At is the field's value from 0 to 1, changing over a distance of about 1.
func (n Noise) At(x, y float64) float64 {
	floorX, floorY := math.Floor(x), math.Floor(y)
	cellX, cellY := int(floorX), int(floorY)
	tx, ty := ease(x-floorX), ease(y-floorY)
	top := n.cell(cellX, cellY)*(1-tx) + n.cell(cellX+1, cellY)*tx
	bottom := n.cell(cellX, cellY+1)*(1-tx) + n.cell(cellX+1, cellY+1)*tx
	return top*(1-ty) + bottom*ty
}

// Cloud adds octaves of the field, each finer and fainter, into a value from 0 to 1.
func (n Noise) Cloud(x, y float64, octaves int) float64 {
	sum, share, total := 0.0, 1.0, 0.0
	for i := range octaves {
		sum += share * (n+Noise(i)*7919).At(x, y)
		total += share
		share /= 2
		// Turned, so that the grids of the octaves do not show.
		x, y = 1.6*x+1.2*y+3.1, 1.6*y-1.2*x+1.7
	}
	return sum / total
}

// Ridge is like Cloud in one dimension, with sharp crests at 1.
func (n Noise) Ridge(x float64, octaves int) float64 {
	sum, share, total := 0.0, 1.0, 0.0
	for i := range octaves {
		v := 1 - math.Abs(2*(n+Noise(i)*104729).At(x, 0.5)-1)
		sum += share * v
		total += share
		share *= 0.48
		x = x*2.07 + 5.3
	}
	return sum / total
}

func ease(t float64) float64 { return t * t * t * (t*(6*t-15) + 10) }

// Smooth goes from 0 at a to 1 at b.
func Smooth(a, b, v float64) float64 {
	t := min(max((v-a)/(b-a), 0), 1)
	return t * t * (3 - 2*t)
}
