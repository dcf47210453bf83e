//go:build linux

package net2

import (
	"bytes"
	"testing"
)

// FuzzStripIPv4Header strips whatever a buffer holds, of which a packet is the
// first part. What is left is the end of the packet, and nothing behind it has
// changed.
func FuzzStripIPv4Header(f *testing.F) {
	packet := append(bytes.Repeat([]byte{0x45}, 20), "data"...)
	f.Add(packet, uint16(24))
	f.Add(packet, uint16(20))
	f.Add(packet, uint16(19))
	f.Add(packet, uint16(0))
	f.Add(append([]byte{0x4f}, make([]byte, 70)...), uint16(64))
	f.Add(append([]byte{0x4f}, make([]byte, 70)...), uint16(30))
	f.Add(append([]byte{0x44}, make([]byte, 30)...), uint16(30))
	f.Add(append([]byte{0x60}, make([]byte, 70)...), uint16(60))
	f.Add([]byte{}, uint16(0))
	f.Fuzz(func(t *testing.T, b []byte, length uint16) {
		n := min(int(length), len(b))
		before := bytes.Clone(b)
		got := stripIPv4Header(n, b)
		if got < 0 || got > n {
			t.Fatalf("stripIPv4Header(%d, %x) = %d, want 0 to %d", n, before, got, n)
		}
		if !bytes.Equal(b[:got], before[n-got:n]) {
			t.Errorf("stripIPv4Header(%d, %x) left %x, want the packet's last %d bytes", n, before, b[:got], got)
		}
		if !bytes.Equal(b[n:], before[n:]) {
			t.Errorf("stripIPv4Header(%d, %x) changed what is behind the packet: %x", n, before, b[n:])
		}
	})
}
