//go:build linux

package socket

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// Recvmmsg receives at least one and at most n messages into m, and returns how many; see
// recvmmsg(2). It waits for none but the first, and not for that one either on a socket
// that does not block. The headers are typed memory, so they keep alive what they point to.
func Recvmmsg(fd int, m *Messages, n int) (int, Errno) {
	hdr := m.hdr[:n]
	for i := range hdr {
		hdr[i].Namelen = uint32(len(m.name[i].raw))
		hdr[i].Flags = 0
	}
	r, _, errno := unix.Syscall6(unix.SYS_RECVMMSG, uintptr(fd),
		uintptr(unsafe.Pointer(unsafe.SliceData(hdr))), uintptr(n), unix.MSG_WAITFORONE, 0, 0)
	if errno != 0 {
		return 0, errno
	}
	for i := range hdr[:r] {
		m.name[i].len = hdr[i].Namelen
		if hdr[i].Namelen == 0 {
			m.name[i] = Sockaddr{}
		}
		raceWrite(unsafe.Pointer(m.iov[i].Base), int(hdr[i].n))
	}
	return int(r), 0
}

// Sendmmsg sends the first n messages of m, in order, and returns how many; see
// sendmmsg(2). If it cannot send the first one, it returns the errno. If it returns fewer
// than n, the next one may have failed, and the kernel does not say why.
func Sendmmsg(fd int, m *Messages, n int) (int, Errno) {
	hdr := m.hdr[:n]
	for i := range hdr {
		hdr[i].Namelen = m.name[i].len
		raceRead(unsafe.Pointer(m.iov[i].Base), int(m.iov[i].Len))
	}
	r, _, errno := unix.Syscall6(unix.SYS_SENDMMSG, uintptr(fd),
		uintptr(unsafe.Pointer(unsafe.SliceData(hdr))), uintptr(n), 0, 0, 0)
	if errno != 0 {
		return 0, errno
	}
	return int(r), 0
}

// Control returns the control messages that message i brought. They are in the memory that
// Set gave to it, which is at least as long.
func (m *Messages) Control(i int) []byte {
	return unsafe.Slice(m.hdr[i].Control, int(m.hdr[i].Controllen))
}
