//go:build linux

package socket

import "golang.org/x/sys/unix"

// Sendfile moves up to count bytes from the file in, at its offset, to the
// socket out; see sendfile(2).
func Sendfile(out, in, count int) (int, Errno) {
	n, err := unix.Sendfile(out, in, nil, count)
	return max(n, 0), errnoOf(err)
}
