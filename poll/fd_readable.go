//go:build linux

package poll

import (
	"net"
	"os"

	"golang.org/x/sys/unix"

	"go.parity/runtime_hooks"
	"go.parity/socket"
)

// TryRead reads what is there, and returns EAGAIN if that is nothing, or if another
// operation holds the read lock. It looks at no deadline. At the end it returns [io.EOF].
func (fd *FD) TryRead(p []byte) (int, error) {
	switch locked, open := fd.fdmu.tryRLock(); {
	case !open:
		return 0, net.ErrClosed
	case !locked:
		return 0, unix.EAGAIN
	}
	defer fd.readUnlock()
	fd.drained.empty = false
	if len(p) == 0 {
		return 0, nil
	}
	if fd.IsStream && len(p) > maxRW {
		p = p[:maxRW]
	}
	mark := runtimehooks.PollBeforeRead(&fd.pd.desc)
	for {
		n, errno := socket.Read(fd.Sysfd, p)
		switch errno {
		case 0:
			if 0 < n && n < len(p) && mark != 0 && fd.shortIsAll() {
				runtimehooks.PollTookAll(&fd.pd.desc, mark, true)
			}
			return n, fd.eof(n)
		case unix.EINTR:
		case unix.EAGAIN:
			if mark != 0 {
				runtimehooks.PollTookAll(&fd.pd.desc, mark, false)
			}
			return 0, errno
		default:
			return 0, errno
		}
	}
}

// OnReadable lets f run, once, in another goroutine: when a read would not wait, at the read
// deadline, or when the descriptor is closed. Until then owner stays reachable.
func (fd *FD) OnReadable(f func(), owner any) error {
	return fd.arm(f, owner, runtimehooks.PollOnReadable)
}

// OnPeerClosed is OnReadable for the end that the peer makes.
func (fd *FD) OnPeerClosed(f func(), owner any) error {
	return fd.arm(f, owner, runtimehooks.PollOnPeerClosed)
}

func (fd *FD) arm(f func(), owner any, arm func(*runtimehooks.PollDesc, func(), any) int) error {
	if f == nil {
		return unix.EINVAL
	}
	if err := fd.incref(); err != nil {
		return err
	}
	defer fd.decref()
	if !fd.pd.pollable() {
		return os.ErrNoDeadline
	}
	return convertErr(arm(&fd.pd.desc, f, owner))
}

// StopReadable takes the function of OnReadable back, and reports whether it will not run.
func (fd *FD) StopReadable() bool { return runtimehooks.PollStopReadable(&fd.pd.desc) }

// StopPeerClosed takes the function of OnPeerClosed back.
func (fd *FD) StopPeerClosed() bool { return runtimehooks.PollStopPeerClosed(&fd.pd.desc) }

// PeerClosed reports whether the peer has ended its side or the connection, as far as the
// poller has seen.
func (fd *FD) PeerClosed() bool {
	gone, told := runtimehooks.PollPeerGone(&fd.pd.desc)
	if told {
		return gone
	}
	return fd.tellPeerClosed()
}

// tellPeerClosed has the poller look from now on.
func (fd *FD) tellPeerClosed() bool {
	if fd.incref() != nil {
		return false // it was not asked in time
	}
	defer fd.decref()
	if fd.pd.pollable() {
		if gone, code := runtimehooks.PollTellPeerGone(&fd.pd.desc); code == runtimehooks.NoError {
			return gone
		}
	}
	// The kernel does not let us watch; so we ask.
	ended, errno := socket.Ended(fd.Sysfd)
	return errno == 0 && ended
}
