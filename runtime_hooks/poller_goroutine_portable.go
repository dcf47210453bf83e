//go:build linux && net2_portable

package runtimehooks

import (
	"fmt"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// startPoller has package os put our epoll descriptor into the runtime's poller
// and starts the goroutine that waits for it; or it closes the descriptor, and
// returns the errno of what failed.
func startPoller(epfd int) unix.Errno {
	_, conn, errno := nestedFile(epfd, "net2 poller")
	if errno != 0 {
		return errno
	}
	callOutside(func() {
		b := new(netpollBuffers)
		go func() {
			err := conn.Read(func(uintptr) bool {
				netpoll(epfd, b)
				return false // wait for the next edge
			})
			panic(fmt.Sprintf("runtimehooks: the runtime's poller no longer watches ours: %v", err))
		}()
	})
	return 0
}

// nestedFile makes a file of an epoll descriptor, which the runtime's poller then watches;
// or it closes the descriptor, and returns the errno of what failed.
func nestedFile(epfd int, name string) (*os.File, syscall.RawConn, unix.Errno) {
	if err := unix.SetNonblock(epfd, true); err != nil {
		unix.Close(epfd)
		return nil, nil, err.(unix.Errno)
	}
	// A non-blocking descriptor is one that os.NewFile hands to the runtime's
	// poller. Where that refuses it, a deadline cannot be set either.
	file := os.NewFile(uintptr(epfd), name)
	conn, err := file.SyscallConn()
	if err == nil {
		err = file.SetReadDeadline(time.Time{})
	}
	if err != nil {
		file.Close()
		return nil, nil, unix.ENOSPC
	}
	return file, conn, 0
}

// The portable poller's goroutine waits for events whether or not somebody
// waits for it.

func netpollAdjustWaiters(int32) int32 { return 1 }
func netpollBreak()                    {}
