//go:build linux

package poll

import (
	"io"

	"go.parity/socket"
)

// WriteFirst calls first, which sends p or the beginning of it, again each time the
// descriptor becomes writable, until it returns something other than EAGAIN. Then it
// writes the rest of p, under the same write lock. If first fails, WriteFirst returns
// its error.
func (fd *FD) WriteFirst(p []byte, first func(sysfd int) (int, error)) (int, error) {
	nn, sent := 0, false
	var failed error
	err := fd.writeIO(func(sysfd int) socket.Errno {
		if !sent {
			n, err := first(sysfd)
			if errno, ok := err.(socket.Errno); ok {
				return errno
			}
			if nn, failed = n, err; failed != nil {
				return 0
			}
			sent = true
		}
		for nn < len(p) {
			n, errno := socket.Write(sysfd, p[nn:], 0)
			nn += n
			if errno != 0 {
				return errno
			}
			if n == 0 {
				failed = io.ErrUnexpectedEOF
				return 0
			}
		}
		return 0
	})
	if err == nil {
		err = failed
	}
	return nn, err
}
