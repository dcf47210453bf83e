package trace

import (
	"fmt"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"go.parity/conformance/descriptors"
)

// rawFile reads and writes a descriptor without any poller.
type rawFile int

func (f rawFile) Read(b []byte) (int, error) {
	for {
		n, err := unix.Read(int(f), b)
		if err == unix.EINTR {
			continue
		}
		if n == 0 && err == nil {
			err = fmt.Errorf("the peer is gone")
		}
		return max(n, 0), err
	}
}

func (f rawFile) Write(b []byte) (int, error) { return unix.Write(int(f), b) }

// mark makes a system call that the tracer recognises and that does nothing.
func mark(text string) { unix.Write(-1, []byte(text)) }

// What mark writes.
const (
	begin = "parity: begin"
	end   = "parity: end"
)

// awaitEvents waits until one of the child's sockets has all of the events. It
// bypasses the stack, so that the recording finds the events waiting.
func (c *child) awaitEvents(events int16) error {
	for {
		fds, err := openFDs("socket:", events)
		if err != nil {
			return err
		}
		if _, err := unix.Poll(fds, 1); err != nil && err != unix.EINTR {
			return err
		}
		for _, p := range fds {
			if p.Revents&events == events {
				return nil
			}
		}
	}
}

// pollersAreQuiet waits until no epoll instance has an event to report.
func pollersAreQuiet() error {
	for quiet := 0; quiet < 2; quiet++ {
		time.Sleep(time.Millisecond) // and let others take their turn
		fds, err := openFDs("anon_inode:[eventpoll]", unix.POLLIN)
		if err != nil {
			return err
		}
		n, err := unix.Poll(fds, 0)
		if err != nil && err != unix.EINTR {
			return err
		}
		if n != 0 {
			quiet = -1
		}
	}
	return nil
}

// openFDs returns this process's descriptors whose link in /proc begins with
// prefix, without the one to the peer.
func openFDs(prefix string, events int16) ([]unix.PollFd, error) {
	open, err := descriptors.Open()
	if err != nil {
		return nil, err
	}
	var fds []unix.PollFd
	for fd, target := range open {
		if fd != controlFD && strings.HasPrefix(target, prefix) {
			fds = append(fds, unix.PollFd{Fd: int32(fd), Events: events})
		}
	}
	return fds, nil
}
