package poll

import (
	stdpoll "internal/poll"

	unix "golang.org/x/sys"
	socket "internal/syscall"
)

// SpliceToFile moves up to remain bytes from src to a file, through a pipe and
// without copying them, until src ends. If it moves nothing and the caller must
// copy, handled is false.
func SpliceToFile(dst *stdpoll.FD, src *FD, remain int64) (written int64, handled bool, err error) {
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
		n, err = pumpToFile(dst, p)
		written += int64(n)
		remain -= int64(n)
		if err != nil {
			return written, handled, err
		}
	}
	return written, true, nil
}

// pumpToFile moves everything in the pipe to a file, and waits if the file
// makes writers wait.
func pumpToFile(dst *stdpoll.FD, p *splicePipe) (written int, err error) {
	var failed error
	err = dst.RawWrite(func(fd uintptr) bool {
		for p.data > 0 {
			n, errno := socket.Splice(int(fd), p.r, p.data)
			switch {
			case errno == unix.EINTR:
				continue
			case errno == unix.EAGAIN:
				return false
			case errno != 0:
				failed = errno
				return true
			}
			written += n
			p.data -= n
		}
		return true
	})
	if err == nil {
		err = failed
	}
	return written, err
}
