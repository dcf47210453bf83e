//go:build linux && net2_portable

package runtimehooks

// PollCheck says why an operation in mode 'r' or 'w' must not start, and forgets no
// notification, so that the caller needs no lock.
func PollCheck(pd *PollDesc, mode int) int { return netpollcheckerr(pd.own, mode) }
