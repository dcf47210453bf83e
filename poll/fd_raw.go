//go:build linux

package poll

import (
	"golang.org/x/sys/unix"

	"go.parity/socket"
)

// RawControl calls f with the descriptor, which stays open meanwhile.
//
// std: internal/poll.(*FD).RawControl
func (fd *FD) RawControl(f func(uintptr)) error {
	fd.Share()
	return fd.control(func(sysfd int) socket.Errno {
		f(uintptr(sysfd))
		return 0
	})
}

// RawRead calls f with the descriptor under the read lock, and again each time
// it becomes readable, until f returns true.
//
// std: internal/poll.(*FD).RawRead
func (fd *FD) RawRead(f func(uintptr) bool) error {
	fd.Share()
	err := fd.readLoop(untilTrue(f), false)
	if err == error(unix.EAGAIN) {
		return fd.pd.waitRead() // returns the error that says why it cannot wait
	}
	return err
}

// RawWrite is RawRead for writing.
//
// std: internal/poll.(*FD).RawWrite
func (fd *FD) RawWrite(f func(uintptr) bool) error {
	fd.Share()
	err := fd.writeIO(untilTrue(f))
	if err == error(unix.EAGAIN) {
		return fd.pd.waitWrite()
	}
	return err
}

// untilTrue turns f into an operation that returns EAGAIN as long as f returns
// false.
func untilTrue(f func(uintptr) bool) func(sysfd int) socket.Errno {
	return func(sysfd int) socket.Errno {
		if f(uintptr(sysfd)) {
			return 0
		}
		return unix.EAGAIN
	}
}
