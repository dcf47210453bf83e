//go:build linux && !net2_portable

package runtimehooks

// A drainedTarget is what the watcher wakes a reader by: its place in the poller of this
// process.
type drainedTarget struct {
	own *pollDesc        // in our own poller
	rpd *runtimePollDesc // in the runtime's
}

// drainedTarget returns how the watcher finds the reader of pd.
//
//go:norace
func (pd *PollDesc) drainedTarget() (target drainedTarget, ok bool) {
	target = drainedTarget{own: pd.own, rpd: pd.rpd.Load()}
	return target, target != drainedTarget{}
}

func (pd *PollDesc) sysfd() int {
	if pd.own != nil {
		return int(pd.own.fd)
	}
	return int(pd.fd)
}

// kick wakes the reader. The caller has stored drainedKicked and holds the lock of the
// watchDesc.
//
// The runtime has no hook that wakes a reader and says nothing. So we set a read deadline
// that has passed. The reader, which finds drainedKicked, puts the program's deadline back;
// whoever sets a deadline before that, leaves it to the reader to set.
//
//go:norace
func (t *drainedTarget) kick() {
	if t.own != nil {
		netpollunblock(t.own, 'r', true).ready()
		return
	}
	runtime_pollSetDeadline(t.rpd, -1, 'r')
}

// afterKick puts the read deadline of the program back.
//
//go:norace
func (pd *PollDesc) afterKick(w *watchDesc) {
	w.mu.Lock() // waits for the end of the kick
	defer w.mu.Unlock()
	if pd.own != nil {
		return // what the kick left, PollReset forgets
	}
	runtime_pollSetDeadline(w.drained.rpd, fromNow(pd.rd.Load()), 'r')
}
