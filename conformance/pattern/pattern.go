// Package pattern makes data that tells when it is shuffled, cut or sent twice.
package pattern

// Bytes returns n bytes, of which the first are always the same.
func Bytes(n int) []byte {
	b := make([]byte, n)
	x := uint32(1)
	for i := range b {
		x = x*1664525 + 1013904223
		b[i] = byte(x >> 24)
	}
	return b
}
