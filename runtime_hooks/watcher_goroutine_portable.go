//go:build linux && net2_portable

package runtimehooks

import (
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// watcherFile is the watch as a file.
var (
	watcherFile *os.File
	watcherConn syscall.RawConn
)

// startWatcher has package os put the watch into the runtime's poller and starts the
// goroutine that takes its events; or it closes the descriptor, and returns the errno of
// what failed.
func startWatcher(epfd int) unix.Errno {
	file, conn, errno := nestedFile(epfd, "net2 watch")
	if errno != 0 {
		return errno
	}
	watcherFile, watcherConn = file, conn
	callOutside(func() { go watch() })
	return 0
}

// stopWatcher closes the watch. Only the watcher calls it, and ends.
func stopWatcher(int) { watcherFile.Close() }

// watcherDeadline lets watcherWait return after ns nanoseconds, or not if ns is 0.
func watcherDeadline(ns int64) {
	var at time.Time
	if ns != 0 {
		at = time.Now().Add(time.Duration(ns))
	}
	watcherFile.SetReadDeadline(at)
}

// watcherBreak lets watcherWait return.
func watcherBreak() { watcherFile.SetReadDeadline(time.Unix(1, 0)) }

// watcherWait waits until the watch has events, which it takes, and returns true; or until
// its deadline, and returns false.
func watcherWait(b *watchBuffers) bool {
	waited := false
	err := watcherConn.Read(func(uintptr) bool {
		netwatch(b)
		done := waited
		waited = true
		return done // the first time, wait for the next edge
	})
	return err == nil
}

func epollPwait(epfd int, events []unix.EpollEvent) (int, unix.Errno) {
	n, err := unix.EpollWait(epfd, events, 0)
	if err != nil {
		return 0, err.(unix.Errno)
	}
	return n, 0
}
