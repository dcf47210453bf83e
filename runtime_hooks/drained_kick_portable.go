//go:build linux && net2_portable

package runtimehooks

// A drainedTarget is what the watcher wakes a reader by: its place in the poller.
type drainedTarget struct{ own *pollDesc }

// drainedTarget returns how the watcher finds the reader of pd.
func (pd *PollDesc) drainedTarget() (target drainedTarget, ok bool) {
	return drainedTarget{pd.own}, true
}

func (pd *PollDesc) sysfd() int { return int(pd.own.fd) }

// kick wakes the reader. The caller has stored drainedKicked and holds the lock of the
// watchDesc.
func (t *drainedTarget) kick() { netpollunblock(t.own, 'r', true).ready() }

// afterKick waits for the end of the kick. What that left, PollReset forgets.
func (pd *PollDesc) afterKick(w *watchDesc) {
	w.mu.Lock()
	defer w.mu.Unlock()
}
