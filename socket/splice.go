//go:build linux

package socket

import "golang.org/x/sys/unix"

// Splice moves up to max bytes from in to out, one of which is a pipe, without
// waiting for the pipe; see splice(2).
func Splice(out, in, max int) (int, Errno) {
	n, err := unix.Splice(in, nil, out, nil, max, unix.SPLICE_F_NONBLOCK)
	return int(n), errnoOf(err)
}

// Pipe makes a pipe that does not block and that exec closes; see pipe(2). The pipe
// holds size bytes, or fewer if the user may not have that many.
func Pipe(size int) (r, w int, errno Errno) {
	var fds [2]int
	if err := unix.Pipe2(fds[:], unix.O_CLOEXEC|unix.O_NONBLOCK); err != nil {
		return -1, -1, errnoOf(err)
	}
	unix.FcntlInt(uintptr(fds[0]), unix.F_SETPIPE_SZ, size)
	return fds[0], fds[1], 0
}
