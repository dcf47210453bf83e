//go:build linux

package socket

import "golang.org/x/sys/unix"

// Readable reports whether a read of fd would not wait; see poll(2).
func Readable(fd int) (bool, Errno) {
	return polls(fd, unix.POLLIN|unix.POLLRDHUP, ^int16(0))
}

// Ended reports whether the peer of fd has ended its side or the connection; see poll(2).
func Ended(fd int) (bool, Errno) {
	return polls(fd, unix.POLLRDHUP, unix.POLLRDHUP|unix.POLLHUP|unix.POLLERR)
}

// polls reports whether one of the events want is there.
func polls(fd int, events, want int16) (bool, Errno) {
	fds := [...]unix.PollFd{{Fd: int32(fd), Events: events}}
	for {
		_, err := unix.Poll(fds[:], 0)
		if err != unix.EINTR {
			return fds[0].Revents&want != 0, errnoOf(err)
		}
	}
}
