//go:build linux

package socket

import "syscall"

// Sendfile moves up to count bytes from the file in, at its offset, to the
// socket out; see sendfile(2), and Read on why package syscall makes the call.
func Sendfile(out, in, count int) (int, Errno) {
	n, err := syscall.Sendfile(out, in, nil, count)
	return max(n, 0), errnoOf(err)
}
