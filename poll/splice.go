//go:build linux

package poll

import (
	"runtime"
	"sync"

	"golang.org/x/sys/unix"

	"go.parity/socket"
)

// maxSpliceSize is the most that one splice(2) moves, and the capacity that we ask
// for each pipe: the most that an ordinary user may have; see
// /proc/sys/fs/pipe-max-size.
const maxSpliceSize = 1 << 20

// Splice moves up to remain bytes from src to dst through a pipe, without copying
// them, until src ends. If splice(2) does not work with these sockets, or the
// kernel gives us no pipe, Splice moves nothing and returns handled false: the
// caller must copy.
//
// std: internal/poll.Splice
func Splice(dst, src *FD, remain int64) (written int64, handled bool, err error) {
	p, errno := getPipe()
	if errno != 0 {
		return 0, false, errno
	}
	defer putPipe(p)
	for remain > 0 {
		n, err := spliceDrain(p, src, int(min(remain, maxSpliceSize)))
		handled = handled || err != error(unix.EINVAL)
		if err != nil {
			return written, handled, err
		}
		if n == 0 {
			break
		}
		n, err = splicePump(dst, p)
		written += int64(n)
		remain -= int64(n)
		if err != nil {
			return written, handled, err
		}
	}
	return written, true, nil
}

// spliceDrain waits until src has bytes and moves up to max of them into the pipe,
// which must be empty.
//
// std: internal/poll.spliceDrain
func spliceDrain(p *splicePipe, src *FD, max int) (int, error) {
	n := 0
	err := src.readIO(func(sysfd int) (errno socket.Errno) {
		n, errno = socket.Splice(p.w, sysfd, max)
		return errno
	})
	if err != nil {
		return 0, err
	}
	p.data += n
	return n, nil
}

// splicePump moves all bytes of the pipe to dst, and waits as often as dst has no
// room.
//
// std: internal/poll.splicePump
func splicePump(dst *FD, p *splicePipe) (written int, err error) {
	err = dst.writeIO(func(sysfd int) socket.Errno {
		for p.data > 0 {
			n, errno := socket.Splice(sysfd, p.r, p.data)
			if errno != 0 || n == 0 {
				return errno
			}
			written += n
			p.data -= n
		}
		return 0
	})
	return written, err
}

// A splicePipe is a pipe that one Splice at a time uses.
type splicePipe struct {
	pipeFDs
	data    int // bytes in it
	cleanup runtime.Cleanup
}

type pipeFDs struct{ r, w int }

func (p pipeFDs) close() {
	socket.Close(p.r)
	socket.Close(p.w)
}

// splicePipes keeps pipes for the next Splice. If the pool drops a pipe, the
// garbage collector closes it.
var splicePipes sync.Pool

// std: internal/poll.getPipe
func getPipe() (*splicePipe, socket.Errno) {
	if p, ok := splicePipes.Get().(*splicePipe); ok {
		return p, 0
	}
	r, w, errno := socket.Pipe(maxSpliceSize)
	if errno != 0 {
		return nil, errno
	}
	p := &splicePipe{pipeFDs: pipeFDs{r, w}}
	p.cleanup = runtime.AddCleanup(p, pipeFDs.close, p.pipeFDs)
	return p, 0
}

// putPipe takes the pipe back into the pool, unless it still holds bytes: these must
// not reach another connection.
//
// std: internal/poll.putPipe
func putPipe(p *splicePipe) {
	if p.data != 0 {
		p.cleanup.Stop()
		p.close()
		return
	}
	splicePipes.Put(p)
}
