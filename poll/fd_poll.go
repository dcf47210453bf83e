//go:build linux

package poll

import (
	"errors"
	"fmt"
	"net"
	"os"
	"time"

	"go.parity/runtime_hooks"
	"go.parity/socket"
)

// ErrNotPollable is the error of a read if the poller has reported an error on the
// descriptor and nothing else.
var ErrNotPollable = errors.New("not pollable")

// pollDesc is a descriptor's place in the poller, which init gives it.
type pollDesc struct {
	desc runtimehooks.PollDesc
	open bool
}

// std: internal/poll.(*pollDesc).init
func (pd *pollDesc) init(sysfd int, onDemand bool) error {
	if err := runtimehooks.PollServerInit(); err != nil {
		return err
	}
	if onDemand {
		runtimehooks.PollOpenOnDemand(&pd.desc, uintptr(sysfd))
	} else if errno := runtimehooks.PollOpen(&pd.desc, uintptr(sysfd)); errno != 0 {
		return socket.Errno(errno)
	}
	pd.open = true
	return nil
}

// close takes the descriptor out of the poller.
//
// std: internal/poll.(*pollDesc).close
func (pd *pollDesc) close() {
	if pd.open {
		runtimehooks.PollClose(&pd.desc)
		pd.open = false
	}
}

// evict wakes whoever is parked on the descriptor. From now on nobody parks there.
//
// std: internal/poll.(*pollDesc).evict
func (pd *pollDesc) evict() {
	if pd.open {
		runtimehooks.PollUnblock(&pd.desc)
	}
}

// std: internal/poll.(*pollDesc).prepareRead
func (pd *pollDesc) prepareRead() error { return pd.prepare('r') }

// std: internal/poll.(*pollDesc).prepareWrite
func (pd *pollDesc) prepareWrite() error { return pd.prepare('w') }

// prepare forgets an old notification before the first system call of an
// operation. A notification that comes after prepare ends the operation's wait.
func (pd *pollDesc) prepare(mode int) error {
	if !pd.open {
		return nil
	}
	return convertErr(runtimehooks.PollReset(&pd.desc, mode))
}

// check says why an operation must not start. It forgets no notification, so the caller
// needs no lock.
func (pd *pollDesc) check(mode int) error {
	if !pd.open {
		return nil
	}
	return convertErr(runtimehooks.PollCheck(&pd.desc, mode))
}

// yield lets other goroutines run, if that may spare the reader a wait, and reports
// whether it did. yields is how often it did so before in this operation.
func (pd *pollDesc) yield(yields int) bool {
	return pd.open && runtimehooks.PollYield(&pd.desc, yields)
}

// std: internal/poll.(*pollDesc).waitRead
func (pd *pollDesc) waitRead() error { return pd.wait('r') }

// std: internal/poll.(*pollDesc).waitWrite
func (pd *pollDesc) waitWrite() error { return pd.wait('w') }

func (pd *pollDesc) wait(mode int) error {
	if !pd.open {
		return errors.New("waiting for unsupported file type")
	}
	if traced := tracedWaits.wait.Load(); traced != nil {
		return (*traced)(pd, mode)
	}
	return convertErr(runtimehooks.PollWait(&pd.desc, mode))
}

// std: internal/poll.(*pollDesc).pollable
func (pd *pollDesc) pollable() bool { return pd.open }

// convertErr turns the result of a hook into an error.
//
// std: internal/poll.convertErr
func convertErr(code int) error {
	switch code {
	case runtimehooks.NoError:
		return nil
	case runtimehooks.ErrClosing:
		return net.ErrClosed
	case runtimehooks.ErrTimeout:
		return os.ErrDeadlineExceeded
	case runtimehooks.ErrNotPollable:
		return ErrNotPollable
	}
	if code < 0 {
		return socket.Errno(-code)
	}
	panic(fmt.Sprintf("poll: poller answered %d", code))
}

// SetDeadline sets the moment from which on reads and writes fail, also those that
// are under way. The zero time clears the deadline. SetDeadline returns
// [os.ErrNoDeadline] if the descriptor is not in the poller. A deadline makes the
// poller watch the descriptor; if the kernel refuses that, SetDeadline returns the
// errno of epoll_ctl(2).
func (fd *FD) SetDeadline(t time.Time) error { return fd.setDeadline(t, 'r'+'w') }

// SetReadDeadline is SetDeadline for reads only.
func (fd *FD) SetReadDeadline(t time.Time) error { return fd.setDeadline(t, 'r') }

// SetWriteDeadline is SetDeadline for writes only.
func (fd *FD) SetWriteDeadline(t time.Time) error { return fd.setDeadline(t, 'w') }

// Deadlines returns the time that is left until the deadlines of reads and writes:
// 0 if there is no deadline, negative if it has passed.
func (fd *FD) Deadlines() (r, w time.Duration, err error) {
	if err := fd.incref(); err != nil {
		return 0, 0, err
	}
	defer fd.decref()
	if !fd.pd.pollable() {
		return 0, 0, nil
	}
	rd, wd := runtimehooks.PollDeadlines(&fd.pd.desc)
	return time.Duration(rd), time.Duration(wd), nil
}

// std: internal/poll.setDeadlineImpl
func (fd *FD) setDeadline(t time.Time, mode int) error {
	var d int64
	if !t.IsZero() {
		if d = int64(time.Until(t)); d == 0 {
			d = -1 // the deadline is now; 0 would mean no deadline
		}
	}
	if err := fd.incref(); err != nil {
		return err
	}
	defer fd.decref()
	if !fd.pd.pollable() {
		return os.ErrNoDeadline
	}
	return convertErr(runtimehooks.PollSetDeadline(&fd.pd.desc, d, mode))
}
