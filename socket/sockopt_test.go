//go:build linux

package socket

import (
	"encoding/binary"
	"fmt"
	"net"
	"testing"

	"golang.org/x/sys/unix"
)

func TestSockoptIntRoundTrip(t *testing.T) {
	for _, tt := range []struct {
		name        string
		sotype      int
		level, opt  int
		value, want int
	}{
		{"SO_REUSEADDR", unix.SOCK_STREAM, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1, 1},
		{"SO_KEEPALIVE on", unix.SOCK_STREAM, unix.SOL_SOCKET, unix.SO_KEEPALIVE, 1, 1},
		{"SO_KEEPALIVE off", unix.SOCK_STREAM, unix.SOL_SOCKET, unix.SO_KEEPALIVE, 0, 0},
		{"SO_BROADCAST", unix.SOCK_DGRAM, unix.SOL_SOCKET, unix.SO_BROADCAST, 1, 1},
		{"SO_RCVBUF", unix.SOCK_STREAM, unix.SOL_SOCKET, unix.SO_RCVBUF, 8192, 16384}, // the kernel doubles it
		{"SO_SNDBUF", unix.SOCK_STREAM, unix.SOL_SOCKET, unix.SO_SNDBUF, 8192, 16384},
		{"TCP_NODELAY", unix.SOCK_STREAM, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1, 1},
		{"TCP_KEEPIDLE", unix.SOCK_STREAM, unix.IPPROTO_TCP, unix.TCP_KEEPIDLE, 15, 15},
		{"TCP_KEEPINTVL", unix.SOCK_STREAM, unix.IPPROTO_TCP, unix.TCP_KEEPINTVL, 16, 16},
		{"TCP_KEEPCNT", unix.SOCK_STREAM, unix.IPPROTO_TCP, unix.TCP_KEEPCNT, 9, 9},
		{"IP_MULTICAST_TTL", unix.SOCK_DGRAM, unix.IPPROTO_IP, unix.IP_MULTICAST_TTL, 7, 7},
		{"IP_MULTICAST_LOOP", unix.SOCK_DGRAM, unix.IPPROTO_IP, unix.IP_MULTICAST_LOOP, 0, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			fd := newSocket(t, unix.AF_INET, tt.sotype, 0)
			noErrno(t, "SetsockoptInt", SetsockoptInt(fd, tt.level, tt.opt, tt.value))
			if got, errno := GetsockoptInt(fd, tt.level, tt.opt); got != tt.want || errno != 0 {
				t.Errorf("GetsockoptInt = %d, %v, want %d", got, errno, tt.want)
			}
		})
	}
}

func TestSockoptErrno(t *testing.T) {
	fd := newSocket(t, unix.AF_INET, unix.SOCK_STREAM, 0)
	r, _ := pipe(t)
	get := func(fd, opt int) Errno {
		value, errno := GetsockoptInt(fd, unix.SOL_SOCKET, opt)
		if value != 0 {
			t.Errorf("GetsockoptInt(%d) = %d, want 0 with %v", fd, value, errno)
		}
		return errno
	}
	for _, tt := range []struct {
		name      string
		got, want Errno
	}{
		{"SetsockoptInt closed", SetsockoptInt(-1, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1), unix.EBADF},
		{"SetsockoptInt no socket", SetsockoptInt(r, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1), unix.ENOTSOCK},
		{"SetsockoptInt no such option", SetsockoptInt(fd, unix.SOL_SOCKET, 9999, 1), unix.ENOPROTOOPT},
		{"SetsockoptInt bad value", SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_KEEPIDLE, -1), unix.EINVAL},
		{"GetsockoptInt closed", get(-1, unix.SO_TYPE), unix.EBADF},
		{"GetsockoptInt no socket", get(r, unix.SO_TYPE), unix.ENOTSOCK},
		{"GetsockoptInt no such option", get(fd, 9999), unix.ENOPROTOOPT},
		{"SetsockoptLinger closed", SetsockoptLinger(-1, true, 1), unix.EBADF},
		{"SetsockoptIPMreqn closed", SetsockoptIPMreqn(-1, unix.IP_ADD_MEMBERSHIP, [4]byte{224, 0, 0, 9}, 1), unix.EBADF},
		{"SetsockoptIPv6Mreq closed", SetsockoptIPv6Mreq(-1, unix.IPV6_JOIN_GROUP, [16]byte{0: 0xff, 1: 2, 15: 9}, 1), unix.EBADF},
	} {
		wantErrno(t, tt.name, tt.got, tt.want)
	}
}

func TestSockoptLingerRoundTrip(t *testing.T) {
	fd := newSocket(t, unix.AF_INET, unix.SOCK_STREAM, 0)
	for _, tt := range []struct {
		on   bool
		sec  int
		want unix.Linger
	}{
		{true, 0, unix.Linger{Onoff: 1, Linger: 0}},
		{true, 7, unix.Linger{Onoff: 1, Linger: 7}},
		{false, 0, unix.Linger{Onoff: 0, Linger: 7}}, // off leaves the time
	} {
		t.Run(fmt.Sprintf("%t %d", tt.on, tt.sec), func(t *testing.T) {
			noErrno(t, "SetsockoptLinger", SetsockoptLinger(fd, tt.on, tt.sec))
			got, err := getLinger(fd)
			if err != nil || got.Onoff != tt.want.Onoff || tt.on && got.Linger != tt.want.Linger {
				t.Errorf("getsockopt(SO_LINGER) = %+v, %v, want %+v", got, err, tt.want)
			}
		})
	}
}

// getLinger reads SO_LINGER, for which x/sys has no function, as a number of
// the same size.
func getLinger(fd int) (unix.Linger, error) {
	v, err := unix.GetsockoptUint64(fd, unix.SOL_SOCKET, unix.SO_LINGER)
	b := binary.NativeEndian.AppendUint64(nil, v)
	return unix.Linger{
		Onoff:  int32(binary.NativeEndian.Uint32(b)),
		Linger: int32(binary.NativeEndian.Uint32(b[4:])),
	}, err
}

func TestSockoptMulticast(t *testing.T) {
	lo, err := net.InterfaceByName("lo")
	if err != nil {
		t.Skipf("no loopback interface by the name of lo: %v", err)
	}
	t.Run("IPv4", func(t *testing.T) {
		fd, _ := udp(t)
		group := [4]byte{224, 0, 0, 254}
		// The kernel does not report the index of the interface.
		wantErrno(t, "IP_MULTICAST_IF", SetsockoptIPMreqn(fd, unix.IP_MULTICAST_IF, [4]byte{}, lo.Index), 0)
		wantErrno(t, "IP_MULTICAST_IF of no interface", SetsockoptIPMreqn(fd, unix.IP_MULTICAST_IF, [4]byte{}, 1<<30), unix.EADDRNOTAVAIL)
		wantErrno(t, "leave before join", SetsockoptIPMreqn(fd, unix.IP_DROP_MEMBERSHIP, group, lo.Index), unix.EADDRNOTAVAIL)
		wantErrno(t, "join", SetsockoptIPMreqn(fd, unix.IP_ADD_MEMBERSHIP, group, lo.Index), 0)
		wantErrno(t, "join again", SetsockoptIPMreqn(fd, unix.IP_ADD_MEMBERSHIP, group, lo.Index), unix.EADDRINUSE)
		wantErrno(t, "leave", SetsockoptIPMreqn(fd, unix.IP_DROP_MEMBERSHIP, group, lo.Index), 0)
		wantErrno(t, "join what is no group", SetsockoptIPMreqn(fd, unix.IP_ADD_MEMBERSHIP, [4]byte{127, 0, 0, 1}, lo.Index), unix.EINVAL)
	})
	t.Run("IPv6", func(t *testing.T) {
		if !HostCapabilities().IPv6 {
			t.Skip("this host has no IPv6")
		}
		fd := newSocket(t, unix.AF_INET6, unix.SOCK_DGRAM, 0)
		group := [16]byte{0: 0xff, 1: 0x02, 14: 1, 15: 0x14}
		wantErrno(t, "leave before join", SetsockoptIPv6Mreq(fd, unix.IPV6_LEAVE_GROUP, group, lo.Index), unix.EADDRNOTAVAIL)
		wantErrno(t, "join", SetsockoptIPv6Mreq(fd, unix.IPV6_JOIN_GROUP, group, lo.Index), 0)
		wantErrno(t, "join again", SetsockoptIPv6Mreq(fd, unix.IPV6_JOIN_GROUP, group, lo.Index), unix.EADDRINUSE)
		wantErrno(t, "leave", SetsockoptIPv6Mreq(fd, unix.IPV6_LEAVE_GROUP, group, lo.Index), 0)
	})
}
