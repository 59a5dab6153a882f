// Package journey walks through the whole running service the way people do.
package journey
