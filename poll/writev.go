//go:build linux

package poll

import (
	"io"

	"go.parity/socket"
)

// maxIovecs is how many buffers one writev(2) takes: IOV_MAX.
const maxIovecs = 1024

// Writev writes all the buffers of v, and removes from v what it has written.
//
// std: internal/poll.(*FD).Writev
func (fd *FD) Writev(v *[][]byte) (int64, error) {
	var nn int64
	stuck := false
	err := fd.writeIO(func(sysfd int) socket.Errno {
		for len(*v) > 0 {
			iovecs := fd.gather(*v)
			if len(iovecs) == 0 {
				return 0 // all buffers are empty: they stay in v, as in net
			}
			n, errno := socket.Writev(sysfd, iovecs)
			clear(iovecs) // we must not keep the caller's buffers alive
			consume(v, n)
			nn += int64(n)
			if errno != 0 {
				return errno
			}
			if stuck = n == 0; stuck {
				return 0
			}
		}
		return 0
	})
	if err == nil && stuck {
		err = io.ErrUnexpectedEOF
	}
	return nn, err
}

// gather returns the next buffers of v for one writev(2). The caller must hold the
// write lock, which guards the slice that gather keeps for the next call.
func (fd *FD) gather(v [][]byte) []socket.Iovec {
	if fd.iovecs == nil {
		fd.iovecs = new([]socket.Iovec)
	}
	iovecs := (*fd.iovecs)[:0]
	for _, p := range v {
		if len(p) == 0 {
			continue
		}
		if fd.IsStream && len(p) > maxRW {
			iovecs = append(iovecs, socket.NewIovec(p[:maxRW]))
			break
		}
		iovecs = append(iovecs, socket.NewIovec(p))
		if len(iovecs) == maxIovecs {
			break
		}
	}
	*fd.iovecs = iovecs
	return iovecs
}

// consume removes the first n bytes of v.
//
// std: internal/poll.consume
func consume(v *[][]byte, n int) {
	for len(*v) > 0 {
		if head := (*v)[0]; n < len(head) {
			(*v)[0] = head[n:]
			return
		} else {
			n -= len(head)
		}
		(*v)[0] = nil
		*v = (*v)[1:]
	}
}
