//go:build linux && !net2_portable

package runtimehooks

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// watcherDesc is the watch's place in the runtime's poller.
var watcherDesc *runtimePollDesc

// startWatcher puts the watch into the runtime's poller and starts the goroutine that
// takes its events; or it closes the descriptor, and returns the errno of what failed.
//
//go:norace
func startWatcher(epfd int) unix.Errno {
	runtime_pollServerInit()
	rpd, errno := runtime_pollOpen(uintptr(epfd))
	if errno != 0 {
		unix.Close(epfd)
		return unix.Errno(errno)
	}
	watcherDesc = rpd
	go watcher()
	return 0
}

// stopWatcher closes the watch. Only the watcher calls it, and ends.
//
//go:norace
func stopWatcher(epfd int) {
	runtime_pollUnblock(watcherDesc)
	runtime_pollClose(watcherDesc)
	unix.Close(epfd)
}

// watcher is a system goroutine; see poller.
//
//go:linkname watcher runtime.net2_watcher
func watcher() {
	raceDisable() // for good: what it orders, the program has not ordered
	watch()
}

// watcherDeadline lets watcherWait return after ns nanoseconds, or not if ns is 0.
//
//go:norace
func watcherDeadline(ns int64) { runtime_pollSetDeadline(watcherDesc, ns, 'r') }

// watcherBreak lets watcherWait return.
//
//go:norace
func watcherBreak() { runtime_pollSetDeadline(watcherDesc, -1, 'r') }

// watcherWait waits until the watch has events, which it takes, and returns true; or until
// its deadline, and returns false.
//
//go:norace
func watcherWait(b *watchBuffers) bool {
	if runtime_pollWait(watcherDesc, 'r') != NoError {
		return false
	}
	netwatch(b)
	return true
}

// epollPwait takes the events that are there; see epoll_pwait(2), the call that the runtime
// makes: x/sys has epoll_wait(2) alone, which a filter of system calls may not know.
func epollPwait(epfd int, events []unix.EpollEvent) (int, unix.Errno) {
	n, _, errno := unix.Syscall6(unix.SYS_EPOLL_PWAIT, uintptr(epfd),
		uintptr(unsafe.Pointer(unsafe.SliceData(events))), uintptr(len(events)), 0, 0, 0)
	if errno != 0 {
		return 0, errno
	}
	return int(n), 0
}
