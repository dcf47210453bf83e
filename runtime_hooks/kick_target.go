//go:build linux && !net2_portable

package runtimehooks

// A kickTarget is by what a reader or writer is woken: its place in the poller of this
// process.
type kickTarget struct {
	own *pollDesc        // in our own poller
	rpd *runtimePollDesc // in the runtime's
}

func (pd *PollDesc) sysfd() int {
	if pd.own != nil {
		return int(pd.own.fd)
	}
	return int(pd.fd)
}

// setKickTarget notes how to kick. It puts the descriptor into the poller if it is not there
// yet, and returns what watch does.
//
//go:norace
func (pd *PollDesc) setKickTarget(w *watchDesc) int {
	if pd.own != nil {
		w.mu.Lock()
		w.own = pd.own
		w.mu.Unlock()
		return NoError
	}
	rpd, code := pd.watch()
	if code != NoError {
		return code
	}
	w.mu.Lock()
	w.rpd = rpd
	w.mu.Unlock()
	return NoError
}

// kick wakes the reader or writer. The caller has stored sideKicked and holds w.mu.
//
// The runtime has no hook that wakes somebody and says nothing. So we set a deadline that
// has passed. The one who wakes, and finds sideKicked, puts the program's deadline back;
// whoever sets a deadline before that leaves it to the other to set.
//
//go:norace
func (w *watchDesc) kick(mode int) {
	if w.own != nil {
		netpollunblock(w.own, mode, true).ready()
		return
	}
	runtime_pollSetDeadline(w.rpd, -1, mode)
}

// afterKick puts the deadline of the program back. The caller holds w.mu.
//
//go:norace
func (pd *PollDesc) afterKick(w *watchDesc, mode int) {
	if pd.own != nil {
		return // what the kick left, PollReset forgets
	}
	d := pd.rd.Load()
	if mode == 'w' {
		d = pd.wd.Load()
	}
	runtime_pollSetDeadline(w.rpd, fromNow(d), mode)
}

// setDeadlineWatched sets a deadline beside those who may have set one to kick.
func (pd *PollDesc) setDeadlineWatched(d int64, mode int, w *watchDesc) int {
	raceDisable()
	defer raceEnable()
	w.mu.Lock()
	defer w.mu.Unlock()
	rpd, code := pd.deadlineTarget(d)
	if rpd == nil {
		return code
	}
	pd.noteDeadline(d, mode)
	if mode != 'w' && w.reader.state.Load() == sideKicked {
		if mode -= 'r'; mode == 0 {
			return NoError
		}
	}
	if mode != 'r' && w.writer.state.Load() == sideKicked {
		if mode -= 'w'; mode == 0 {
			return NoError
		}
	}
	runtime_pollSetDeadline(rpd, d, mode)
	return NoError
}

// kickAgain kicks those whose kick a deadline may have undone that was set by somebody who
// did not know w yet.
func (w *watchDesc) kickAgain() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, mode := range [...]int{'r', 'w'} {
		if w.side(mode).state.Load() == sideKicked {
			w.kickSide(mode)
		}
	}
}
