//go:build linux

package socket

import (
	"strconv"
	"strings"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// A known is a fact that does not change, once somebody has asked for it. It does what
// sync.OnceValue does, which would be the initial value of a variable and so stay, with
// all that it needs, in a program that never asks.
type known[T any] struct {
	find func() T
	once sync.Once
	fact T
}

func (k *known[T]) value() T {
	k.once.Do(func() { k.fact = k.find() })
	return k.fact
}

// Capabilities is what the network stack of this host can do.
type Capabilities struct {
	IPv4       bool // IPv4 sockets can be made
	IPv6       bool // an IPv6 socket can be bound to ::1
	IPv4Mapped bool // an IPv6 socket can be bound to an IPv4 address
}

// HostCapabilities returns what this host can do. It finds out by trying, once.
//
// std: net.(*ipStackCapabilities).probe
func HostCapabilities() Capabilities { return hostCapabilities.value() }

var hostCapabilities = known[Capabilities]{find: tryCapabilities}

func tryCapabilities() (caps Capabilities) {
	fd, errno := Socket(unix.AF_INET, unix.SOCK_STREAM, unix.IPPROTO_TCP)
	if errno == 0 {
		Close(fd)
		caps.IPv4 = true
	}
	loopback := [16]byte{15: 1}
	mapped := [16]byte{10: 0xff, 11: 0xff, 12: 127, 15: 1}
	caps.IPv6 = canBind(loopback, 1)
	caps.IPv4Mapped = canBind(mapped, 0)
	return caps
}

func canBind(addr [16]byte, v6only int) bool {
	fd, errno := Socket(unix.AF_INET6, unix.SOCK_STREAM, unix.IPPROTO_TCP)
	if errno != 0 {
		return false
	}
	defer Close(fd)
	SetsockoptInt(fd, unix.IPPROTO_IPV6, unix.IPV6_V6ONLY, v6only)
	var sa Sockaddr
	sa.SetInet6(addr, 0, 0)
	errno = Bind(fd, &sa)
	return errno == 0 || bindDeniedCounts && (errno == unix.EPERM || errno == unix.EACCES)
}

// Numbers that x/sys does not have.
const (
	SOL_MPTCP  = 0x11c
	MPTCP_INFO = 1
)

// HasMultipathTCP reports whether the kernel makes Multipath TCP sockets (RFC 8684).
// It finds out by trying, once.
//
// std: net.supportsMultipathTCP
func HasMultipathTCP() bool { return multipathTCP.value() }

var multipathTCP = known[bool]{find: tryMultipathTCP}

func tryMultipathTCP() bool {
	family := unix.AF_INET
	if !HostCapabilities().IPv4 {
		family = unix.AF_INET6
	}
	fd, errno := Socket(family, unix.SOCK_STREAM, unix.IPPROTO_MPTCP)
	switch errno {
	case unix.EPROTONOSUPPORT, unix.EINVAL: // the kernel does not have it; it came with 5.6
		return false
	case 0:
		Close(fd)
	}
	return true
}

// HasMultipathInfo reports whether the kernel answers MPTCP_INFO, which came
// with 5.16.
func HasMultipathInfo() bool { return multipathInfo.value() }

var multipathInfo = known[bool]{find: func() bool { return kernelVersionGE(5, 16) }}

// kernelVersionGE reports whether the running kernel is at least major.minor.
func kernelVersionGE(major, minor int) bool {
	var uts syscall.Utsname
	if err := syscall.Uname(&uts); err != nil {
		return false
	}
	var release strings.Builder
	for _, c := range uts.Release {
		release.WriteByte(byte(c))
	}
	return versionGE(release.String(), major, minor)
}

// versionGE reports whether release, such as "6.18.4-amd64", is at least
// major.minor.
func versionGE(release string, major, minor int) bool {
	var v [2]int
	for i := range v {
		n := 0
		for n < len(release) && '0' <= release[n] && release[n] <= '9' {
			n++
		}
		v[i], _ = strconv.Atoi(release[:n])
		release = strings.TrimPrefix(release[n:], ".")
	}
	return v[0] > major || v[0] == major && v[1] >= minor
}

// ListenerBacklog returns the backlog for listen(2): the most that the host allows,
// which it reads once; see somaxconn in listen(2). If it cannot read that, it
// returns the 128 of package syscall, as net does.
//
// std: net.listenerBacklog
func ListenerBacklog() int { return listenerBacklog.value() }

var listenerBacklog = known[int]{find: readBacklog}

func readBacklog() int {
	text, errno := readSmallFile("/proc/sys/net/core/somaxconn")
	if errno != 0 {
		return syscall.SOMAXCONN
	}
	return parseBacklog(text)
}

// readSmallFile returns the beginning of a file, by open(2), read(2) and
// close(2). Package os makes other calls too, and a seccomp filter for a program that
// uses net need not allow these.
func readSmallFile(name string) (string, Errno) {
	fd, err := syscall.Open(name, syscall.O_RDONLY|syscall.O_CLOEXEC, 0)
	if err != nil {
		return "", errnoOf(err)
	}
	defer syscall.Close(fd)
	var b [64]byte
	n, err := syscall.Read(fd, b[:])
	return string(b[:max(n, 0)]), errnoOf(err)
}

// parseBacklog reads the text of somaxconn. Kernels before 4.1 keep the backlog in 16
// bits and drop the upper bits of a larger one.
//
// std: net.maxAckBacklog
func parseBacklog(text string) int {
	f := strings.Fields(text)
	if len(f) == 0 {
		return syscall.SOMAXCONN
	}
	const big = 0xFFFFFF // from here on net does not take the digits for a number
	n, err := strconv.ParseUint(f[0], 10, 32)
	if err != nil || n == 0 || n >= big {
		return syscall.SOMAXCONN
	}
	if n > 1<<16-1 && !kernelVersionGE(4, 1) {
		return 1<<16 - 1
	}
	return int(n)
}
