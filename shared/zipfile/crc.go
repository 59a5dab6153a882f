package zipfile

import "hash/crc32"

// Join gives the CRC-32 (IEEE) of two stretches, one behind the other, from the CRC-32 of each and the length of the second.
//
// A CRC is linear over GF(2): behind the first stretch, the second's bytes move its remainder on as so many zero bytes would. The
// remainder is multiplied by x^(8·length) modulo the polynomial, by squaring.
func Join(first, second uint32, length int64) uint32 {
	power, square := uint32(1<<31), uint32(1<<23) // x⁰ and x⁸ in reflected order
	for n := length; n > 0; n >>= 1 {
		if n&1 == 1 {
			power = multiply(power, square)
		}
		square = multiply(square, square)
	}
	return multiply(power, first) ^ second
}

// multiply two polynomials modulo that of CRC-32, bits in reflected order.
func multiply(a, b uint32) uint32 {
	product := uint32(0)
	for bit := uint32(1 << 31); bit != 0; bit >>= 1 {
		if a&bit != 0 {
			product ^= b
		}
		if odd := b&1 == 1; odd {
			b = b>>1 ^ crc32.IEEE
		} else {
			b >>= 1
		}
	}
	return product
}
