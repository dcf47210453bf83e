//go:build linux

package poll

import (
	"os"
	"sync"

	"golang.org/x/sys/unix"

	"go.parity/runtime_hooks"
	"go.parity/socket"
)

// A read of a TCP stream that returned less than it had room for has taken all there was.
// The next Read can then wait without a look: PollWaitMore. It does so only if the program's
// environment asks for it (spareEnv): the watch is a descriptor and a goroutine that net does
// not have, and an execution trace shows them. Only descriptors that wait often do, because
// the watch for their end costs a system call or two; and only those that nobody else has seen
// (Share): SO_RCVLOWAT or a protocol on top of TCP change what a short read means.
//
// deviation: no-empty-read

// drained says what the reader knows; the read lock guards it.
type drained struct {
	empty bool       // the last Read took all there was, and nobody has called prepareRead since
	look  lookBefore // whether to look before a wait
	waits uint16     // how often a Read had to wait since look changed
	need  uint16     // how many such waits it takes to stop looking
	short shortRead  // what a short read of TryRead means
	tries uint8      // how many were short before anybody asked
}

// shortRead says whether a read that returned less than it had room for took all there was.
type shortRead uint8

const (
	shortUnknown shortRead = iota // nobody has asked
	shortMeansPart
	shortMeansAll
)

// shortAskAfter is after how many short reads of TryRead we ask what they mean. It costs two
// system calls, and spares one each time that the program arms its function again.
const shortAskAfter = 4

// lookBefore says whether a Read looks before it waits.
type lookBefore uint8

const (
	lookUntried lookBefore = iota // it does; nobody has asked whether it must
	lookAlways                    // it must
	lookRare                      // it does, because it waits for long when it waits
	lookNever                     // it need not
)

const (
	// spareAfter is after how many waits a Read stops looking, for the first time.
	spareAfter = 16

	// spareMost is what that number grows to, doubled each time that a Read which did not
	// look waited for long.
	spareMost = 1 << 12
)

// spareEnv names the environment variable that says when a Read stops looking: "often", when
// it has waited some times, or "at-once". If it is empty, a Read never does.
const spareEnv = "NET2_SPARE_READ"

// firstNeed is the number of waits after which a Read stops looking; 0 if it never does.
func firstNeed() uint16 {
	spare.once.Do(func() {
		switch os.Getenv(spareEnv) {
		case "often":
			spare.after = spareAfter
		case "at-once":
			spare.after = 1
		}
	})
	return spare.after
}

var spare struct {
	once  sync.Once
	after uint16
}

// tookAll notes a Read that returned n bytes and had room for room.
func (fd *FD) tookAll(n, room int) {
	fd.drained.empty = n < room && n > 0
}

// foundNothing notes a Read that has to wait.
func (fd *FD) foundNothing() {
	d := &fd.drained
	if d.look == lookAlways || d.look == lookNever {
		return
	}
	if d.need == 0 {
		if d.need = firstNeed(); d.need == 0 || !fd.DrainsShort {
			d.look = lookAlways
			return
		}
	}
	if d.waits++; d.waits < d.need {
		return
	}
	d.waits = 0
	if d.look == lookRare || fd.maySpare() {
		d.look = lookNever
	} else {
		d.look = lookAlways
	}
}

// shortIsAll reports whether a short read of TryRead means that nothing is left. The caller
// holds the read lock.
func (fd *FD) shortIsAll() bool {
	if d := &fd.drained; d.short == shortUnknown {
		if d.tries++; d.tries < shortAskAfter {
			return false
		}
		d.short = shortMeansPart
		if fd.DrainsShort && fd.askShort() {
			d.short = shortMeansAll
		}
	}
	return fd.drained.short == shortMeansAll && fd.Shares() == 0
}

// maySpare reports whether a short read of this descriptor means that nothing is left, and
// the watch tells its end.
func (fd *FD) maySpare() bool { return fd.askShort() && runtimehooks.PollWatchEnd(&fd.pd.desc) }

// askShort reports whether a short read of this descriptor means that nothing is left.
func (fd *FD) askShort() bool {
	if fd.Shares() != 0 {
		return false
	}
	// A listener for MPTCP makes connections of both kinds. Only BPF can have changed
	// SO_RCVLOWAT, or somebody who has seen the listener.
	proto, errno := socket.GetsockoptInt(fd.Sysfd, unix.SOL_SOCKET, unix.SO_PROTOCOL)
	if errno != 0 || proto != unix.IPPROTO_TCP {
		return false
	}
	lowat, errno := socket.GetsockoptInt(fd.Sysfd, unix.SOL_SOCKET, unix.SO_RCVLOWAT)
	if errno != 0 || lowat > 1 { // MPTCP leaves 0 behind, which counts as 1
		return false
	}
	return true
}

// awaitMore waits, if this Read need not look before, and reports whether the descriptor has
// become readable. If it has not, the caller must look.
func (fd *FD) awaitMore() (ready bool, err error) {
	d := &fd.drained
	if !d.empty || d.look != lookNever || fd.Shares() != 0 {
		return false, nil
	}
	code, ready, rare := runtimehooks.PollWaitMore(&fd.pd.desc)
	if rare {
		d.look = lookRare
		d.need = min(2*d.need, spareMost)
	}
	return ready, convertErr(code)
}
