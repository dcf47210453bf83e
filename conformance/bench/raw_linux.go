package bench

// The raw system calls of the floor and of the load generator. Their data
// lives in mapped memory outside the heap, whose address is a plain number:
// no call needs unsafe, and none allocates.

import (
	"fmt"
	"net"
	"net/netip"
	"os"
	"reflect"
	"sync/atomic"

	"golang.org/x/sys/unix"
)

// An arena is memory that never moves.
type arena struct {
	mem  []byte
	addr uintptr
}

func newArena(size int) (arena, error) {
	mem, err := unix.Mmap(-1, 0, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
	if err != nil {
		return arena{}, os.NewSyscallError("mmap", err)
	}
	return arena{mem, reflect.ValueOf(mem).Pointer()}, nil
}

// A sharedPage has the counters that the processes of a cell and the harness
// share. It lives in a file that all of them have open.
type sharedPage struct {
	mem      []byte
	accepted *atomic.Int64 // connections, where the measured process dials
	done     *atomic.Int64 // what the process that keeps time has done: see meter
}

func openShared(fd int) (sharedPage, error) {
	mem, err := unix.Mmap(fd, 0, os.Getpagesize(), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		return sharedPage{}, os.NewSyscallError("mmap", err)
	}
	const apart = 128 // so that no two share a cache line
	counter := func(i int) *atomic.Int64 {
		at := reflect.ValueOf(mem[i*apart:]).UnsafePointer()
		return reflect.NewAt(reflect.TypeFor[atomic.Int64](), at).Interface().(*atomic.Int64)
	}
	return sharedPage{mem, counter(0), counter(1)}, nil
}

func (p sharedPage) close() { _ = unix.Munmap(p.mem) } // an error would leave the mapping to the process's end

func (a arena) free() { _ = unix.Munmap(a.mem) } // an error would leave the mapping to the process's end

// rawRead and rawWrite are for descriptors that do not block. Like a C program,
// which has no scheduler, they tell the scheduler nothing.
func rawRead(fd int, p uintptr, n int) (int, unix.Errno) {
	r, _, e := unix.RawSyscall(unix.SYS_READ, uintptr(fd), p, uintptr(n))
	return int(r), e
}

func rawWrite(fd int, p uintptr, n int) (int, unix.Errno) {
	r, _, e := unix.RawSyscall(unix.SYS_WRITE, uintptr(fd), p, uintptr(n))
	return int(r), e
}

func rawClose(fd int) {
	_, _, _ = unix.RawSyscall(unix.SYS_CLOSE, uintptr(fd), 0, 0) // the descriptor is gone either way
}

// rawAccept accepts a connection that does not block, and asks for no address.
func rawAccept(fd int) (int, unix.Errno) {
	r, _, e := unix.RawSyscall6(unix.SYS_ACCEPT4, uintptr(fd), 0, 0, unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0, 0)
	return int(r), e
}

// rawDiscard waits for bytes of a TCP stream and drops up to n of them
// without copying them.
func rawDiscard(fd int, p uintptr, n int) (int, unix.Errno) {
	r, _, e := unix.Syscall6(unix.SYS_RECVFROM, uintptr(fd), p, uintptr(n), unix.MSG_TRUNC, 0, 0)
	return int(r), e
}

func sockaddr(addr string) (*unix.SockaddrInet4, error) {
	ap, err := netip.ParseAddrPort(addr)
	if err != nil {
		return nil, err
	}
	if !ap.Addr().Is4() {
		return nil, fmt.Errorf("%s is not an IPv4 address", addr)
	}
	return &unix.SockaddrInet4{Addr: ap.Addr().As4(), Port: int(ap.Port())}, nil
}

// localAddr returns the address of the socket fd.
func localAddr(fd int) (string, error) {
	sa, err := unix.Getsockname(fd)
	if err != nil {
		return "", os.NewSyscallError("getsockname", err)
	}
	in4, ok := sa.(*unix.SockaddrInet4)
	if !ok {
		return "", fmt.Errorf("socket has a %T", sa)
	}
	return netip.AddrPortFrom(netip.AddrFrom4(in4.Addr), uint16(in4.Port)).String(), nil
}

// resetOnClose makes the close of fd send a reset, and also that of each
// connection that fd accepts if it is a listener. So nothing stays in TIME_WAIT
// and uses up the ports.
func resetOnClose(fd int) error {
	return os.NewSyscallError("setsockopt", unix.SetsockoptLinger(fd, unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{Onoff: 1}))
}

// connectTCP connects a socket, from the IPv4 address source unless that is the
// zero value. The socket blocks while it connects; afterwards it blocks only if
// block is true.
func connectTCP(sa *unix.SockaddrInet4, source [4]byte, block bool) (int, error) {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return -1, os.NewSyscallError("socket", err)
	}
	if err := connectSocket(fd, sa, source, block); err != nil {
		rawClose(fd)
		return -1, err
	}
	return fd, nil
}

func connectSocket(fd int, sa *unix.SockaddrInet4, source [4]byte, block bool) error {
	if err := resetOnClose(fd); err != nil {
		return err
	}
	if err := unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1); err != nil {
		return os.NewSyscallError("setsockopt", err)
	}
	if source != [4]byte{} {
		// The kernel chooses the port once it knows the peer, so that each
		// source address has all ports.
		if err := unix.SetsockoptInt(fd, unix.IPPROTO_IP, unix.IP_BIND_ADDRESS_NO_PORT, 1); err != nil {
			return os.NewSyscallError("setsockopt", err)
		}
		if err := unix.Bind(fd, &unix.SockaddrInet4{Addr: source}); err != nil {
			return os.NewSyscallError("bind", err)
		}
	}
	if err := connectBlocking(fd, sa); err != nil {
		return err
	}
	if !block {
		if err := unix.SetNonblock(fd, true); err != nil {
			return os.NewSyscallError("fcntl", err)
		}
	}
	return nil
}

// connectBlocking connects fd, which blocks. A signal of the runtime may
// interrupt the call; the kernel then goes on connecting without it.
func connectBlocking(fd int, sa unix.Sockaddr) error {
	err := unix.Connect(fd, sa)
	for err == unix.EINTR || err == unix.EALREADY || err == unix.EINPROGRESS {
		if err = waitFor(fd, unix.POLLOUT); err != nil {
			continue
		}
		var code int
		if code, err = unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_ERROR); err == nil && code != 0 {
			err = unix.Errno(code)
		}
	}
	return os.NewSyscallError("connect", err)
}

// waitFor waits until fd is ready for events.
func waitFor(fd int, events int16) error {
	for {
		_, err := unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: events}}, -1)
		if err != unix.EINTR {
			return err
		}
	}
}

// listenTCP returns a listening socket on loopback that does not block, and
// its address.
func listenTCP() (fd int, addr string, err error) {
	fd, err = unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return -1, "", os.NewSyscallError("socket", err)
	}
	if addr, err = listenSocket(fd); err != nil {
		rawClose(fd)
		return -1, "", err
	}
	return fd, addr, nil
}

func listenSocket(fd int) (addr string, err error) {
	if err := unix.Bind(fd, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		return "", os.NewSyscallError("bind", err)
	}
	// Connections inherit TCP_NODELAY, which net sets too.
	if err := unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1); err != nil {
		return "", os.NewSyscallError("setsockopt", err)
	}
	if err := unix.Listen(fd, 1<<16-1); err != nil { // the kernel limits it to somaxconn, which is what net asks for
		return "", os.NewSyscallError("listen", err)
	}
	return localAddr(fd)
}

// A ring is an epoll descriptor with room for what it reports.
type ring struct {
	fd     int
	events []unix.EpollEvent
}

func newRing() (*ring, error) {
	fd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, os.NewSyscallError("epoll_create1", err)
	}
	return &ring{fd, make([]unix.EpollEvent, 256)}, nil
}

// add watches fd; its events carry tag in Pad.
func (r *ring) add(fd int, events uint32, tag int) error {
	ev := unix.EpollEvent{Events: events, Fd: int32(fd), Pad: int32(tag)}
	return os.NewSyscallError("epoll_ctl", unix.EpollCtl(r.fd, unix.EPOLL_CTL_ADD, fd, &ev))
}

// wait returns the events that came within ms milliseconds; with -1 it waits
// without limit. An interrupted wait returns no events.
func (r *ring) wait(ms int) ([]unix.EpollEvent, error) {
	n, err := unix.EpollWait(r.fd, r.events, ms)
	if err == unix.EINTR {
		return nil, nil
	}
	if err != nil {
		return nil, os.NewSyscallError("epoll_wait", err)
	}
	return r.events[:n], nil
}

// RaiseDescriptors raises the limit of open descriptors to n if it is lower, as
// far as the process may, and returns the limit in force.
func RaiseDescriptors(n uint64) (uint64, error) {
	var lim unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &lim); err != nil {
		return 0, os.NewSyscallError("getrlimit", err)
	}
	if lim.Cur >= n {
		return lim.Cur, nil
	}
	want := unix.Rlimit{Cur: n, Max: max(n, lim.Max)}
	if unix.Setrlimit(unix.RLIMIT_NOFILE, &want) == nil {
		return n, nil
	}
	want = unix.Rlimit{Cur: lim.Max, Max: lim.Max} // all that an ordinary user may
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &want); err != nil {
		return lim.Cur, os.NewSyscallError("setrlimit", err)
	}
	return lim.Max, nil
}

// listenAddr is where every measured server listens.
const listenAddr = "127.0.0.1:0"

var loopback = &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)}
