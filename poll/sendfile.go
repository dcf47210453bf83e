//go:build linux

package poll

import (
	"golang.org/x/sys/unix"

	"go.parity/socket"
)

// maxSendfile is the most that we ask one sendfile(2) to move. The kernel may move
// less; a single call may still take long if the disk is slow.
const maxSendfile = 1<<31 - 1

// SendFile moves size bytes from the file src, starting at its offset, to dst; if
// size is 0, it moves all bytes that follow. If sendfile(2) does not work with this
// file, SendFile moves nothing and returns handled false: the caller must copy.
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
				// The call that filled the socket may have moved all that we
				// asked for.
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
