//go:build linux

package poll

import (
	"sync"

	"go.parity/socket"
)

// readIovecs keeps the arrays of Readv. One a descriptor would be memory that an idle
// connection holds, and Writev's is guarded by another lock.
var readIovecs = sync.Pool{New: func() any { return new([]socket.Iovec) }}

// Readv reads into the buffers of v, in order, with one readv(2), which takes 1,024 of
// them; it skips empty ones. If all are empty, it reads nothing. At the end it returns
// [io.EOF].
func (fd *FD) Readv(v [][]byte) (int64, error) {
	kept := readIovecs.Get().(*[]socket.Iovec)
	defer readIovecs.Put(kept)
	iovecs := appendIovecs((*kept)[:0], v, maxIovecs)
	defer clear(iovecs) // we must not keep the caller's buffers alive
	*kept = iovecs
	if len(iovecs) == 0 {
		_, err := fd.Read(nil)
		return 0, err
	}
	n := 0
	err := fd.readIO(func(sysfd int) (errno socket.Errno) {
		n, errno = socket.Readv(sysfd, iovecs)
		return errno
	})
	if err != nil {
		return 0, err
	}
	return int64(n), fd.eof(n)
}

// appendIovecs appends the first buffers of v that are not empty, until there are
// most.
func appendIovecs(iovecs []socket.Iovec, v [][]byte, most int) []socket.Iovec {
	for _, p := range v {
		if len(iovecs) == most {
			break
		}
		if len(p) > 0 {
			iovecs = append(iovecs, socket.NewIovec(p))
		}
	}
	return iovecs
}
