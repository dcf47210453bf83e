//go:build linux

package runtimehooks

import (
	"runtime"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

// withoutEpollAdd calls f on a thread where epoll_ctl(EPOLL_CTL_ADD) fails
// with errno. That is how a full table of watches shows itself, without
// lowering fs.epoll.max_user_watches under everyone else on the machine.
func withoutEpollAdd(t testing.TB, errno unix.Errno, f func()) {
	t.Helper()
	done := make(chan error)
	go func() {
		// Never unlocked, so that the thread and its filter end with the
		// goroutine.
		runtime.LockOSThread()
		err := refuseEpollAdd(errno)
		if err == nil {
			f()
		}
		done <- err
	}()
	if err := <-done; err != nil {
		t.Skipf("a seccomp filter cannot be set: %v", err)
	}
}

// refuseEpollAdd sets the filter on the running thread.
func refuseEpollAdd(errno unix.Errno) error {
	const ( // offsets in struct seccomp_data
		nr   = 0
		arg1 = 16 + 8 // its low half, where the byte order is little-endian
	)
	filter := [...]unix.SockFilter{
		{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: nr},
		{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: unix.SYS_EPOLL_CTL, Jf: 3},
		{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: arg1},
		{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: unix.EPOLL_CTL_ADD, Jf: 1},
		{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ERRNO | uint32(errno)},
		{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ALLOW},
	}
	prog := unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return err
	}
	// Converted in the call itself, so prog and the filter stay where they are
	// until the kernel has copied them.
	_, _, e := unix.RawSyscall(unix.SYS_PRCTL, unix.PR_SET_SECCOMP, unix.SECCOMP_MODE_FILTER, uintptr(unsafe.Pointer(&prog)))
	if e != 0 {
		return e
	}
	return nil
}
