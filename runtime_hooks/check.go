//go:build linux && !net2_portable

package runtimehooks

// PollCheck says why an operation in mode 'r' or 'w' must not start: it returns
// ErrClosing, ErrTimeout or ErrNotPollable, or else NoError. Unlike PollReset it
// forgets no notification, so the caller needs no lock: the notification may be that
// of somebody who waits.
func PollCheck(pd *PollDesc, mode int) int {
	if pd.own != nil {
		return netpollcheckerr(pd.own, mode)
	}
	return pd.check(mode)
}

// check is PollCheck for a descriptor of the runtime's poller, whose hooks tell of a
// deadline only to whoever holds the lock. We compare the deadline with the clock.
func (pd *runtimeDesc) check(mode int) int {
	raceDisable()
	defer raceEnable()
	if pd.closing.Load() {
		return ErrClosing
	}
	d := pd.rd.Load()
	if mode == 'w' {
		d = pd.wd.Load()
	}
	if d < 0 || d > 0 && d <= nanotime() {
		return ErrTimeout
	}
	return NoError
}
