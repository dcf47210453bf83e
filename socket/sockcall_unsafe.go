//go:build linux

package socket

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// x/sys allocates an interface for each address that it returns. These calls read and
// write a Sockaddr of the caller instead. They convert each pointer in the argument
// list of the system call, where the compiler keeps the memory behind it alive and in
// place, and they tell the kernel the length of the array.

// pointer returns the pointer to the address in sa, and its length, for a call that
// reads it. A nil sa stands for no address. The kernel says how long an address
// is, even if there was no room for all of it.
func (sa *Sockaddr) pointer() (unsafe.Pointer, uintptr) {
	if sa == nil {
		return nil, 0
	}
	return unsafe.Pointer(&sa.raw), uintptr(min(sa.len, uint32(len(sa.raw))))
}

// bad reports whether sa cannot be encoded.
func (sa *Sockaddr) bad() bool { return sa != nil && sa.len == badLen }

// Bind gives fd the local address sa; see bind(2).
func Bind(fd int, sa *Sockaddr) Errno {
	if sa.bad() {
		return unix.EINVAL
	}
	p, n := sa.pointer()
	_, _, errno := unix.Syscall(unix.SYS_BIND, uintptr(fd), uintptr(p), n)
	return errno
}

// Connect starts to connect fd to sa, or sets the peer of a datagram socket;
// see connect(2).
func Connect(fd int, sa *Sockaddr) Errno {
	if sa.bad() {
		return unix.EINVAL
	}
	p, n := sa.pointer()
	_, _, errno := unix.Syscall(unix.SYS_CONNECT, uintptr(fd), uintptr(p), n)
	return errno
}

// Accept4 takes a connection from the queue of fd and writes its peer's address to
// sa; see accept(2). The new descriptor does not block, and exec closes it.
//
// std: internal/poll.accept
func Accept4(fd int, sa *Sockaddr) (int, Errno) {
	*sa = Sockaddr{len: uint32(len(sa.raw))}
	r, _, errno := unix.Syscall6(unix.SYS_ACCEPT4, uintptr(fd),
		uintptr(unsafe.Pointer(&sa.raw)), uintptr(unsafe.Pointer(&sa.len)),
		unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0, 0)
	if errno != 0 {
		return -1, errno
	}
	return int(r), 0
}

// Getsockname writes the local address of fd to sa; see getsockname(2).
func Getsockname(fd int, sa *Sockaddr) Errno { return getname(unix.SYS_GETSOCKNAME, fd, sa) }

// Getpeername writes the address of fd's peer to sa; see getpeername(2).
func Getpeername(fd int, sa *Sockaddr) Errno { return getname(unix.SYS_GETPEERNAME, fd, sa) }

func getname(trap uintptr, fd int, sa *Sockaddr) Errno {
	*sa = Sockaddr{len: uint32(len(sa.raw))}
	_, _, errno := unix.RawSyscall(trap, uintptr(fd),
		uintptr(unsafe.Pointer(&sa.raw)), uintptr(unsafe.Pointer(&sa.len)))
	if errno != 0 {
		*sa = Sockaddr{}
	}
	return errno
}

// Recvfrom receives into p and writes the sender's address to sa; see recvfrom(2). If
// the kernel returns no address, sa then holds none.
func Recvfrom(fd int, p []byte, flags int, sa *Sockaddr) (int, Errno) {
	sa.makeRoom()
	r, _, errno := unix.Syscall6(unix.SYS_RECVFROM, uintptr(fd),
		uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)), uintptr(flags),
		uintptr(unsafe.Pointer(&sa.raw)), uintptr(unsafe.Pointer(&sa.len)))
	if errno != 0 {
		return 0, errno
	}
	return int(r), 0
}

// Sendto sends p to sa, or to the peer if sa is nil; see sendto(2).
func Sendto(fd int, p []byte, flags int, sa *Sockaddr) Errno {
	if sa.bad() {
		return unix.EINVAL
	}
	to, n := sa.pointer()
	_, _, errno := unix.Syscall6(unix.SYS_SENDTO, uintptr(fd),
		uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)), uintptr(flags),
		uintptr(to), n)
	return errno
}

// Recvmsg receives into p, control messages into oob, and writes the sender's
// address to sa; see recvmsg(2). If p is empty and oob is not, and fd is not a datagram
// socket, Recvmsg takes one byte of data with the control messages and drops it.
//
// std: syscall.recvmsgRaw
func Recvmsg(fd int, p, oob []byte, flags int, sa *Sockaddr) (n, oobn, recvflags int, errno Errno) {
	*sa = Sockaddr{}
	var dummy byte
	base, size, errno := msgData(fd, p, oob, &dummy)
	if errno != 0 {
		return 0, 0, 0, errno
	}
	iov := unix.Iovec{Base: base}
	iov.SetLen(size)
	var msg unix.Msghdr
	msg.Iov = &iov
	msg.SetIovlen(1)
	if len(oob) > 0 {
		msg.Control = &oob[0]
		msg.SetControllen(len(oob))
	}
	msg.Name = &sa.raw[0]
	msg.Namelen = uint32(len(sa.raw))
	r, _, errno := unix.Syscall(unix.SYS_RECVMSG, uintptr(fd), uintptr(unsafe.Pointer(&msg)), uintptr(flags))
	if errno != 0 {
		return -1, 0, 0, errno
	}
	sa.len = msg.Namelen
	return int(r), int(msg.Controllen), int(msg.Flags), 0
}

// Sendmsg sends p and the control messages oob to sa, or to the peer if sa is nil; see
// sendmsg(2). If p is empty and oob is not, and fd is not a datagram socket, Sendmsg
// sends one byte of data with the control messages, which n does not count.
//
// std: syscall.sendmsgN
func Sendmsg(fd int, p, oob []byte, flags int, sa *Sockaddr) (n int, errno Errno) {
	if sa.bad() {
		return 0, unix.EINVAL
	}
	var dummy byte
	base, size, errno := msgData(fd, p, oob, &dummy)
	if errno != 0 {
		return 0, errno
	}
	iov := unix.Iovec{Base: base}
	iov.SetLen(size)
	var msg unix.Msghdr
	msg.Iov = &iov
	msg.SetIovlen(1)
	if len(oob) > 0 {
		msg.Control = &oob[0]
		msg.SetControllen(len(oob))
	}
	if sa != nil {
		msg.Name = &sa.raw[0]
		msg.Namelen = min(sa.len, uint32(len(sa.raw)))
	}
	r, _, errno := unix.Syscall(unix.SYS_SENDMSG, uintptr(fd), uintptr(unsafe.Pointer(&msg)), uintptr(flags))
	if errno != 0 {
		return 0, errno
	}
	if len(p) == 0 && len(oob) > 0 {
		return 0, 0
	}
	return int(r), 0
}

// msgData returns the data of a message with p and oob: p, or dummy, the byte that goes
// with control messages alone. The callers fill in a message where they declare it: if
// they stored its parts through a pointer, these would escape to the heap.
func msgData(fd int, p, oob []byte, dummy *byte) (base *byte, n int, errno Errno) {
	if len(p) > 0 {
		return &p[0], len(p), 0
	}
	if len(oob) > 0 {
		sotype, errno := GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_TYPE)
		if errno != 0 {
			return nil, 0, errno
		}
		if sotype != unix.SOCK_DGRAM {
			return dummy, 1, 0
		}
	}
	return nil, 0, 0
}
