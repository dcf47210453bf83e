//go:build linux && !net2_runtime && !net2_portable && (!race || amd64 || arm64)

package runtimehooks

// Hot descriptors.
//
// A goroutine that our poller readies was found by another, the poller's, and
// started by goready, which wakes an idle processor to help. Among many
// connections that is shared by a batch, and is what they need anyway. A few
// connections that go to and fro pay it each time.
//
// So while few descriptors are open, one whose users have parked often enough
// moves to the runtime's poller, for good: whoever waits for it then waits in
// the runtime itself, and is continued by the thread that saw the event, as in
// net. The hooks pass the call on. Deadlines stay ours, and the runtime is told
// when one has passed.

const (
	// hotAfter is how often readers and writers have parked before a descriptor
	// moves. A connection of a few requests is over by then.
	hotAfter = 4

	// hotMaxOpen is with how many descriptors open one still moves.
	hotMaxOpen = 256
)

// promote moves pd to the runtime's poller, when the caller, who is about to
// park, is the one with whom that was done often enough.
//
// Nothing is lost on the way. The runtime reports what is there when it begins
// to watch. And of who waits on the other side, or is about to, and stores
// pdWait before looking at hot: either they see hot, or are seen here, and are
// woken without cause to wait again. TestHotOtherSideDuringPark fails without
// this order.
//
// deviation: hot-descriptor
func (pd *PollDesc) promote() {
	if pd.parks.Add(1) != hotAfter {
		return
	}
	if pollcache.opened() > hotMaxOpen {
		pd.parks.Store(0) // try again later
		return
	}
	rpd, errno := runtime_pollOpen(uintptr(pd.fd))
	if errno != 0 {
		return // the kernel's limit of watches; nothing is lost but speed
	}
	pd.mu.Lock()
	pd.unwatch()
	pd.hotFlags = 0
	pd.hot.Store(rpd)
	pd.publishHot(pd.info())
	rg := netpollunblock(pd, 'r', false)
	wg := netpollunblock(pd, 'w', false)
	pd.mu.Unlock()
	rg.ready()
	wg.ready()
}

// demote ends what promote began, if it did. pd is being closed, which the
// runtime has been told, and has no waiter.
func (pd *PollDesc) demote() {
	pd.parks.Store(0)
	if rpd := pd.hot.Swap(nil); rpd != nil {
		runtime_pollClose(rpd)
	}
}

// publishHot is publishInfo for whoever waits in the runtime. The caller holds
// pd.mu.
func (pd *PollDesc) publishHot(info pollInfo) {
	rpd := pd.hot.Load()
	if rpd == nil {
		return
	}
	info &= pollFlags
	changed := info ^ pollInfo(pd.hotFlags)
	pd.hotFlags = uint8(info)
	passed := func(flag pollInfo) int64 {
		if info&flag != 0 {
			return -1
		}
		return 0
	}
	if changed&pollExpiredReadDeadline != 0 {
		runtime_pollSetDeadline(rpd, passed(pollExpiredReadDeadline), 'r')
	}
	if changed&pollExpiredWriteDeadline != 0 {
		runtime_pollSetDeadline(rpd, passed(pollExpiredWriteDeadline), 'w')
	}
	if changed&pollClosing != 0 {
		runtime_pollUnblock(rpd)
	}
}

// The hooks of a descriptor in the runtime.

func (rpd *runtimePollDesc) reset(mode int) int    { return runtime_pollReset(rpd, mode) }
func (rpd *runtimePollDesc) wait(mode int) int     { return runtime_pollWait(rpd, mode) }
func (rpd *runtimePollDesc) waitCanceled(mode int) { runtime_pollWaitCanceled(rpd, mode) }
