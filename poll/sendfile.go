//go:build linux

package poll

import (
	"golang.org/x/sys/unix"

	"go.parity/socket"
)

// maxSendfile is the most that one sendfile(2) is asked for. The kernel cuts
// it to what it likes; a single call may still take long when the disk is slow.
const maxSendfile = 1<<31 - 1

// SendFile moves size bytes from the file src, at its offset, to dst, or all
// that follow when size is 0. handled is false when nothing was moved and the
// caller must copy: this file does not do with sendfile(2).
//
// std: internal/poll.SendFile
func SendFile(dst *FD, src int, size int64) (written int64, handled bool, err error) {
	err = dst.writeIO(func(sysfd int) socket.Errno {
		handled = true
		for {
			chunk := int64(maxSendfile)
			if size > 0 {
				chunk = min(chunk, size-written)
			}
			n, errno := socket.Sendfile(sysfd, src, int(chunk))
			written += int64(n)
			switch errno {
			case 0:
				if n == 0 || size > 0 && written >= size {
					return 0
				}
			case unix.EAGAIN:
				// What was asked for may have gone out with the same call that
				// filled the socket.
				if size > 0 && written >= size {
					return 0
				}
				return errno
			case unix.ENOSYS, unix.EOPNOTSUPP, unix.EINVAL:
				handled = written > 0
				return errno
			default:
				return errno
			}
		}
	})
	return written, handled, err
}
