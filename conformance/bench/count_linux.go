package bench

// How the harness counts the system calls of the measured process.

import (
	"errors"
	"fmt"
	"os/exec"

	"golang.org/x/sys/unix"
)

// connCalls are the calls that set up a connection. Close and epoll_ctl DEL
// take it down.
var connCalls = []string{
	"accept4", "socket", "connect", "epoll_ctl ADD", "epoll_ctl MOD",
	"getsockname", "getpeername", "setsockopt", "getsockopt", "fcntl", "shutdown",
}

// total is the number of all calls.
func (c Counts) total() float64 {
	var n float64
	for _, v := range c {
		n += v
	}
	return n
}

// conn is the number of calls that set up connections, and with closing also of
// those that take them down.
func (c Counts) conn(closing bool) float64 {
	var n float64
	for _, name := range connCalls {
		n += c[name]
	}
	if closing {
		n += c["close"] + c["epoll_ctl DEL"]
	}
	return n
}

// A counter counts the calls of one process.
type counter interface {
	// start starts the process.
	start(cmd *exec.Cmd) error
	// prepare does what takes time, so that begin and end are quick.
	prepare() error
	// begin starts counting, and end stops it; counts has the calls between the
	// two.
	begin() error
	end() error
	counts() (Counts, error)
	// close releases what start took. The process is dead by then.
	close()
}

// A counting is a way to count that works here.
type counting struct {
	way  string
	new  func() counter
	hold func() (release func(), err error) // called before the first counter is made; release is called after the last
}

// countingBy returns the counting that way asks for. It returns nil for
// CountNone, and if CountAuto finds no way that works.
func countingBy(way string) (*counting, error) {
	nothing := func() (func(), error) { return func() {}, nil }
	if way == CountPerf || way == CountAuto {
		ids, err := tracepoints()
		if err == nil {
			err = probe(ids)
		}
		if err == nil {
			return &counting{
				way:  CountPerf,
				new:  func() counter { return &perfCounter{ids: ids} },
				hold: func() (func(), error) { return pin(ids) },
			}, nil
		}
		if way == CountPerf {
			return nil, err
		}
	}
	if way == CountPtrace || way == CountAuto {
		if regsCall != nil {
			return &counting{CountPtrace, func() counter { return new(ptraceCounter) }, nothing}, nil
		}
		if way == CountPtrace {
			return nil, errors.New("no ptrace counter for this architecture")
		}
	}
	if way == CountNone || way == CountAuto {
		return nil, nil
	}
	return nil, fmt.Errorf("unknown way to count system calls: %q", way)
}

// callNames names the calls that are counted by name; all others count as
// "other".
var callNames = map[int]string{
	unix.SYS_ACCEPT4:         "accept4",
	unix.SYS_BIND:            "bind",
	unix.SYS_CLOCK_NANOSLEEP: "clock_nanosleep",
	unix.SYS_CLOSE:           "close",
	unix.SYS_CONNECT:         "connect",
	unix.SYS_EPOLL_CTL:       "epoll_ctl",
	unix.SYS_EPOLL_PWAIT:     "epoll_pwait",
	unix.SYS_FCNTL:           "fcntl",
	unix.SYS_FUTEX:           "futex",
	unix.SYS_GETPEERNAME:     "getpeername",
	unix.SYS_GETSOCKNAME:     "getsockname",
	unix.SYS_GETSOCKOPT:      "getsockopt",
	unix.SYS_LISTEN:          "listen",
	unix.SYS_MADVISE:         "madvise",
	unix.SYS_NANOSLEEP:       "nanosleep",
	unix.SYS_READ:            "read",
	unix.SYS_READV:           "readv",
	unix.SYS_RECVFROM:        "recvfrom",
	unix.SYS_RECVMMSG:        "recvmmsg",
	unix.SYS_RECVMSG:         "recvmsg",
	unix.SYS_RT_SIGRETURN:    "rt_sigreturn",
	unix.SYS_SCHED_YIELD:     "sched_yield",
	unix.SYS_SENDFILE:        "sendfile",
	unix.SYS_SENDMMSG:        "sendmmsg",
	unix.SYS_SENDMSG:         "sendmsg",
	unix.SYS_SENDTO:          "sendto",
	unix.SYS_SETSOCKOPT:      "setsockopt",
	unix.SYS_SHUTDOWN:        "shutdown",
	unix.SYS_SOCKET:          "socket",
	unix.SYS_SPLICE:          "splice",
	unix.SYS_TGKILL:          "tgkill",
	unix.SYS_WRITE:           "write",
	unix.SYS_WRITEV:          "writev",
}

// mayFind lists the calls that are counted separately when they fail with
// EAGAIN.
var mayFind = []string{"accept4", "read", "readv", "recvfrom", "recvmsg", "sendfile", "sendto", "splice", "write", "writev"}

// epollOps are the operations of epoll_ctl by number.
var epollOps = map[uint64]string{
	unix.EPOLL_CTL_ADD: "ADD",
	unix.EPOLL_CTL_DEL: "DEL",
	unix.EPOLL_CTL_MOD: "MOD",
}
