//go:build linux && net2_portable

package runtimehooks

// A kickTarget is by what a reader or writer is woken: its place in the poller.
type kickTarget struct{ own *pollDesc }

func (pd *PollDesc) sysfd() int { return int(pd.own.fd) }

// setKickTarget notes how to kick.
func (pd *PollDesc) setKickTarget(w *watchDesc) int {
	w.mu.Lock()
	w.own = pd.own
	w.mu.Unlock()
	return NoError
}

// kick wakes the reader or writer. The caller has stored sideKicked and holds w.mu.
func (w *watchDesc) kick(mode int) { netpollunblock(w.own, mode, true).ready() }

// afterKick leaves the poller as it is: what the kick left there, PollReset forgets.
func (pd *PollDesc) afterKick(*watchDesc, int) {}
