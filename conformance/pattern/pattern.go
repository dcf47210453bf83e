// Package pattern makes data that shows whether it was shuffled, cut or sent
// twice.
package pattern

// Bytes returns n bytes. A shorter result is always the beginning of a longer
// one.
func Bytes(n int) []byte {
	b := make([]byte, n)
	x := uint32(1)
	for i := range b {
		x = x*1664525 + 1013904223
		b[i] = byte(x >> 24)
	}
	return b
}
