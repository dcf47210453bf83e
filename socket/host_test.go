//go:build linux

package socket

import (
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

func TestHostCapabilitiesAreWhatCanBeDone(t *testing.T) {
	try := func(family, v6only int, sa syscall.Sockaddr) bool {
		fd, err := syscall.Socket(family, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, syscall.IPPROTO_TCP)
		if err != nil {
			return false
		}
		defer syscall.Close(fd)
		if family == syscall.AF_INET6 {
			syscall.SetsockoptInt(fd, syscall.IPPROTO_IPV6, syscall.IPV6_V6ONLY, v6only)
		}
		return sa == nil || syscall.Bind(fd, sa) == nil
	}
	want := Capabilities{
		IPv4:       try(syscall.AF_INET, 0, nil),
		IPv6:       try(syscall.AF_INET6, 1, &syscall.SockaddrInet6{Addr: [16]byte{15: 1}}),
		IPv4Mapped: try(syscall.AF_INET6, 0, &syscall.SockaddrInet6{Addr: [16]byte{10: 255, 11: 255, 12: 127, 15: 1}}),
	}
	for range 2 {
		if got := HostCapabilities(); got != want {
			t.Errorf("HostCapabilities() = %+v, want %+v", got, want)
		}
	}
}

func TestHostCapabilitiesAgreeWithNet(t *testing.T) {
	caps := HostCapabilities()
	for _, tt := range []struct {
		network, address string
		want             bool
	}{
		{"tcp4", "127.0.0.1:0", caps.IPv4},
		{"tcp6", "[::1]:0", caps.IPv6},
	} {
		l, err := net.Listen(tt.network, tt.address)
		if err == nil {
			l.Close()
		}
		if got := err == nil; got != tt.want {
			t.Errorf("net.Listen(%s, %s) = %v, want success: %t", tt.network, tt.address, err, tt.want)
		}
	}
}

func TestHasMultipathTCPIsWhatCanBeDone(t *testing.T) {
	family := syscall.AF_INET
	if !HostCapabilities().IPv4 {
		family = syscall.AF_INET6
	}
	fd, err := syscall.Socket(family, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, unix.IPPROTO_MPTCP)
	if err == nil {
		defer syscall.Close(fd)
	}
	want := err != syscall.EPROTONOSUPPORT && err != syscall.EINVAL
	if got := HasMultipathTCP(); got != want {
		t.Errorf("HasMultipathTCP() = %t, want %t: a socket is %v", got, want, err)
	}
	if err != nil {
		return
	}
	// A kernel that does not know MPTCP_INFO answers EOPNOTSUPP.
	_, err = unix.GetsockoptInt(fd, SOL_MPTCP, MPTCP_INFO)
	if got, want := HasMultipathInfo(), err != unix.EOPNOTSUPP && err != unix.ENOPROTOOPT; got != want {
		t.Errorf("HasMultipathInfo() = %t, want %t: MPTCP_INFO is %v", got, want, err)
	}
}

func TestVersionGE(t *testing.T) {
	for _, tt := range []struct {
		release      string
		major, minor int
		want         bool
	}{
		{"6.18.4-amd64", 6, 18, true},
		{"6.18.4-amd64", 6, 19, false},
		{"6.18.4-amd64", 5, 99, true},
		{"6.18.4-amd64", 7, 0, false},
		{"6.8", 6, 8, true},
		{"6.8", 6, 10, false}, // as numbers, not as text
		{"6.10", 6, 8, true},
		{"4.1.0", 4, 1, true},
		{"4.0.9", 4, 1, false},
		{"3.19.8-100.fc20.x86_64", 4, 1, false},
		{"10.0-rc1", 9, 9, true},
		{"5.16-rc3+", 5, 16, true},
		{"5.15.0-1019-azure", 5, 16, false},
		{"6-generic", 6, 0, true},
		{"6-generic", 6, 1, false},
		{"6", 6, 0, true},
		{"6.", 6, 0, true},
		{"", 0, 0, true},
		{"", 0, 1, false},
		{"unknown", 1, 0, false},
		{".5", 0, 5, true},
		{"99999999999999999999.1", 6, 0, true},
	} {
		t.Run(fmt.Sprintf("%q %d.%d", tt.release, tt.major, tt.minor), func(t *testing.T) {
			if got := versionGE(tt.release, tt.major, tt.minor); got != tt.want {
				t.Errorf("versionGE(%q, %d, %d) = %t, want %t", tt.release, tt.major, tt.minor, got, tt.want)
			}
		})
	}
}

func TestKernelVersionGE(t *testing.T) {
	release, err := os.ReadFile("/proc/sys/kernel/osrelease")
	if err != nil {
		t.Skip(err)
	}
	a, b, _ := strings.Cut(string(release), ".")
	major, err := strconv.Atoi(a)
	if err != nil {
		t.Skip(err)
	}
	minor, err := strconv.Atoi(b[:strings.IndexFunc(b, func(r rune) bool { return r < '0' || r > '9' })])
	if err != nil {
		t.Skip(err)
	}
	for _, tt := range []struct {
		major, minor int
		want         bool
	}{
		{major, minor, true}, {major, minor + 1, false}, {major + 1, 0, false}, {major - 1, 999, true},
	} {
		if got := kernelVersionGE(tt.major, tt.minor); got != tt.want {
			t.Errorf("kernelVersionGE(%d, %d) = %t on %s, want %t", tt.major, tt.minor, got, release, tt.want)
		}
	}
}

// The results are those of net's maxListenerBacklog for the same line. If it
// cannot read the line, it returns SOMAXCONN of package syscall, which is that
// of old kernels; it does not read numbers from 0xFFFFFF on.
func TestParseBacklog(t *testing.T) {
	if !kernelVersionGE(4, 1) {
		t.Skip("this kernel keeps the backlog in 16 bits")
	}
	const unknown = syscall.SOMAXCONN
	for _, tt := range []struct {
		name, text string
		want       int
	}{
		{"a line", "4096\n", 4096},
		{"no newline", "128", 128},
		{"spaces", " \t200 \n", 200},
		{"several numbers", "300 400\n", 300},
		{"one", "1\n", 1},
		{"16 bits", "65535\n", 65535},
		{"17 bits", "65536\n", 65536},
		{"the largest that net reads", "16777214\n", 16777214},
		{"the first that net does not read", "16777215\n", unknown},
		{"31 bits", "2147483647\n", unknown},
		{"32 bits", "4294967295\n", unknown},
		{"33 bits", "4294967296\n", unknown},
		{"more than 64 bits", "99999999999999999999\n", unknown},
		{"zero", "0\n", unknown},
		{"negative", "-1\n", unknown},
		{"no number", "many\n", unknown},
		{"nothing", "", unknown},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := parseBacklog(tt.text); got != tt.want {
				t.Errorf("parseBacklog(%q) = %d, want %d", tt.text, got, tt.want)
			}
		})
	}
	// net would end the program here.
	if got := parseBacklog("\n"); got <= 0 {
		t.Errorf("parseBacklog(%q) = %d, want a backlog", "\n", got)
	}
}

// The kernel reports the backlog with which a socket listens.
func TestListenerBacklogIsThatOfNet(t *testing.T) {
	backlog := func(fd int) uint32 {
		info, err := unix.GetsockoptTCPInfo(fd, unix.IPPROTO_TCP, unix.TCP_INFO)
		if err != nil {
			t.Fatal(err)
		}
		return info.Sacked
	}
	config := new(net.ListenConfig)
	config.SetMultipathTCP(false)
	l, err := config.Listen(t.Context(), "tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	conn, err := l.(*net.TCPListener).SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	var want uint32
	if err := conn.Control(func(fd uintptr) { want = backlog(int(fd)) }); err != nil {
		t.Fatal(err)
	}

	ln := newSocket(t, unix.AF_INET, unix.SOCK_STREAM, 0)
	noErrno(t, "Bind", Bind(ln, loopback(0)))
	noErrno(t, "Listen", Listen(ln, ListenerBacklog()))
	if got := backlog(ln); got != want {
		t.Errorf("backlog of Listen(%d) = %d, want %d", ListenerBacklog(), got, want)
	}
}
