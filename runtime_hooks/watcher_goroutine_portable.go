//go:build linux && net2_portable

package runtimehooks

import (
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// watcherFile is the watch as a file.
var watcherFile *os.File

// startWatcher has package os put the watch into the runtime's poller and starts the
// goroutine that takes its events; or it closes the descriptor, and returns the errno of
// what failed.
func startWatcher(epfd int) unix.Errno {
	file, conn, errno := nestedFile(epfd, "net2 watch")
	if errno != 0 {
		return errno
	}
	watcherFile = file
	callOutside(func() {
		go watch(func(b *watchBuffers, ns int64) { watcherWait(conn, b, ns) })
	})
	return 0
}

// stopWatcher closes the watch. Only the watcher calls it, and ends.
func stopWatcher(int) { watcherFile.Close() }

// watcherWait waits until the watch has events, or for ns nanoseconds, and takes the
// events.
func watcherWait(conn syscall.RawConn, b *watchBuffers, ns int64) {
	watcherFile.SetReadDeadline(time.Now().Add(time.Duration(ns)))
	waited := false
	conn.Read(func(uintptr) bool {
		netwatch(b)
		done := waited
		waited = true
		return done // the first time, wait for the next edge
	})
}

func epollPwait(epfd int, events []unix.EpollEvent) (int, unix.Errno) {
	n, err := unix.EpollWait(epfd, events, 0)
	if err != nil {
		return 0, err.(unix.Errno)
	}
	return n, 0
}
