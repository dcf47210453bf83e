//go:build linux

package poll

import "go.parity/socket"

// Getsockopt writes the value of an option to b and returns its length.
func (fd *FD) Getsockopt(level, name int, b []byte) (n int, err error) {
	err = fd.control(func(sysfd int) (errno socket.Errno) {
		n, errno = socket.Getsockopt(sysfd, level, name, b)
		return errno
	})
	return n, err
}
