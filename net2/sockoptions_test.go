//go:build linux

package net2

import (
	"context"
	"errors"
	"io/fs"
	"math"
	"net"
	"net/netip"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// An optionCase is an option and what the socket then answers.
type optionCase struct {
	field        string
	o            SocketOptions
	level, name  int
	want         int
	privileged   bool
	listenerOnly bool
}

var optionCases = []optionCase{
	{"UserTimeout", SocketOptions{UserTimeout: 1500*time.Millisecond + 1}, syscall.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, 1501, false, false},
	{"FastOpen", SocketOptions{FastOpen: 16}, syscall.IPPROTO_TCP, unix.TCP_FASTOPEN, 16, false, true},
	{"DeferAccept", SocketOptions{DeferAccept: time.Millisecond}, syscall.IPPROTO_TCP, unix.TCP_DEFER_ACCEPT, 1, false, true},
	{"NotSentLowat", SocketOptions{NotSentLowat: 4096}, syscall.IPPROTO_TCP, unix.TCP_NOTSENT_LOWAT, 4096, false, false},
	{"BindNoPort", SocketOptions{BindNoPort: true}, syscall.IPPROTO_IP, unix.IP_BIND_ADDRESS_NO_PORT, 1, false, false},
	{"FreeBind", SocketOptions{FreeBind: true}, syscall.IPPROTO_IP, unix.IP_FREEBIND, 1, false, false},
	{"Transparent", SocketOptions{Transparent: true}, syscall.IPPROTO_IP, unix.IP_TRANSPARENT, 1, true, false},
	{"LocalPorts", SocketOptions{LocalPorts: [2]uint16{10000, 20000}}, syscall.IPPROTO_IP, unix.IP_LOCAL_PORT_RANGE, 20000<<16 | 10000, false, false},
	{"Mark", SocketOptions{Mark: 7}, syscall.SOL_SOCKET, unix.SO_MARK, 7, true, false},
	{"BusyPoll", SocketOptions{BusyPoll: 50*time.Microsecond - 1}, syscall.SOL_SOCKET, unix.SO_BUSY_POLL, 50, true, false},
	{"TOS", SocketOptions{TOS: 0xb8}, syscall.IPPROTO_IP, unix.IP_TOS, 0xb8, false, false},
}

// Each option is on the socket of each way to set it, or its refusal has its name.
func TestSocketOptionsReadBack(t *testing.T) {
	privileged := os.Getuid() == 0
	for _, tt := range optionCases {
		check := func(way string, c any, err error) {
			t.Helper()
			var refused *OptionError
			if err != nil {
				known := errors.Is(err, errors.ErrUnsupported) || tt.privileged && errors.Is(err, fs.ErrPermission)
				if !errors.As(err, &refused) || refused.Option != tt.field || !known || !strings.Contains(err.Error(), tt.field) {
					t.Errorf("%s, %s: %v, want the option, or its name and no permission", tt.field, way, err)
				} else if privileged {
					t.Logf("%s, %s: %v", tt.field, way, err)
				}
				return
			}
			if got := option(t, c.(syscall.Conn), tt.level, tt.name); got != tt.want && tt.want != 0 {
				t.Errorf("%s, %s: the socket has %d, want %d", tt.field, way, got, tt.want)
			}
		}
		ours, err := (&ListenConfig{Options: tt.o}).Listen(context.Background(), "tcp4", "127.0.0.1:0")
		check("ListenConfig", ours, err)
		if err == nil {
			ours.Close()
		}
		theirs, err := (&net.ListenConfig{Control: tt.o.Control}).Listen(context.Background(), "tcp4", "127.0.0.1:0")
		check("net.ListenConfig", theirs, err)
		if err == nil {
			theirs.Close()
		}
		l := plainListener(t)
		d := Dialer{Options: tt.o, Timeout: 5 * time.Second}
		c, err := d.Dial("tcp4", l.Addr().String())
		if tt.listenerOnly {
			if !isForeign(err, tt.field) {
				t.Errorf("%s: Dial = %v, want it refused as foreign", tt.field, err)
			}
		} else {
			check("Dialer", c, err)
		}
		if err == nil {
			c.Close()
		}
		theirsDial, err := (&net.Dialer{Control: tt.o.Control}).Dial("tcp4", l.Addr().String())
		check("net.Dialer", theirsDial, err)
		if err == nil {
			theirsDial.Close()
		}
	}
}

func isForeign(err error, field string) bool {
	var refused *OptionError
	return errors.As(err, &refused) && refused.Option == field && errors.Is(err, errors.ErrUnsupported)
}

func TestSocketOptionsText(t *testing.T) {
	lc := ListenConfig{Options: SocketOptions{Congestion: "reno"}}
	lc.SetMultipathTCP(false)
	client, _ := connectedPair(t, listenTCP(t, lc))
	if info, err := client.Info(); err != nil || info.Congestion == "" {
		t.Errorf("Info() = %q, %v", info.Congestion, err)
	}
	d := Dialer{Options: SocketOptions{Congestion: "reno", Device: "lo"}}
	c, err := d.Dial("tcp", listenTCP(t, lc).Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if info, err := c.(*TCPConn).Info(); err != nil || info.Congestion != "reno" {
		t.Errorf("Info().Congestion = %q, %v, want reno", info.Congestion, err)
	}
	rc, err := c.(*TCPConn).SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	rc.Control(func(fd uintptr) {
		if got, err := unix.GetsockoptString(int(fd), unix.SOL_SOCKET, unix.SO_BINDTODEVICE); strings.TrimRight(got, "\x00") != "lo" || err != nil {
			t.Errorf("SO_BINDTODEVICE = %q, %v, want lo", got, err)
		}
	})
	for field, o := range map[string]SocketOptions{
		"Congestion": {Congestion: "no-such-one"},
		"Device":     {Device: "no-such-one"},
	} {
		_, err := (&Dialer{Options: o}).Dial("tcp", "127.0.0.1:1")
		var refused *OptionError
		if !errors.As(err, &refused) || refused.Option != field {
			t.Errorf("Dial with an unknown %s = %v, want an error that names the field", field, err)
		}
	}
}

// On IPv6 the options of both versions are set.
func TestSocketOptionsIPv6(t *testing.T) {
	lc := ListenConfig{Options: SocketOptions{TOS: 0x28, FreeBind: true}}
	l, err := lc.Listen(context.Background(), "tcp6", "[::1]:0")
	if err != nil {
		t.Skip(err)
	}
	defer l.Close()
	for name, want := range map[int]int{unix.IPV6_TCLASS: 0x28, unix.IPV6_FREEBIND: 1} {
		if got := option(t, l.(*TCPListener), syscall.IPPROTO_IPV6, name); got != want {
			t.Errorf("option %d = %d, want %d", name, got, want)
		}
	}
	if got := option(t, l.(*TCPListener), syscall.IPPROTO_IP, unix.IP_TOS); got != 0x28 {
		t.Errorf("IP_TOS = %#x, want 0x28", got)
	}
}

// What a network does not have, and what no option can hold, is refused before the
// first system call: nothing listens at the address, and no name is looked up.
func TestSocketOptionsRefused(t *testing.T) {
	foreign, invalid := errors.ErrUnsupported, error(syscall.EINVAL)
	for _, tt := range []struct {
		field, network string
		o              SocketOptions
		want           error
	}{
		{"UserTimeout", "udp", SocketOptions{UserTimeout: 1}, foreign},
		{"NotSentLowat", "unix", SocketOptions{NotSentLowat: 1}, foreign},
		{"Mark", "unixgram", SocketOptions{Mark: 1}, foreign},
		{"TOS", "unix", SocketOptions{TOS: 1}, foreign},
		{"LocalPorts", "ip4:1", SocketOptions{LocalPorts: [2]uint16{1, 2}}, foreign},
		{"FastOpen", "tcp", SocketOptions{FastOpen: 1}, foreign},
		{"DeferAccept", "tcp", SocketOptions{DeferAccept: 1}, foreign},
		{"UserTimeout", "tcp", SocketOptions{UserTimeout: -1}, invalid},
		{"UserTimeout", "tcp", SocketOptions{UserTimeout: math.MaxInt64}, invalid},
		{"NotSentLowat", "tcp", SocketOptions{NotSentLowat: -1}, invalid},
		{"LocalPorts", "tcp", SocketOptions{LocalPorts: [2]uint16{2, 1}}, invalid},
		{"Device", "tcp", SocketOptions{Device: strings.Repeat("x", unix.IFNAMSIZ)}, invalid},
		{"Device", "tcp", SocketOptions{Device: "l\x00o"}, invalid},
		{"Congestion", "tcp", SocketOptions{Congestion: strings.Repeat("x", maxCongestionName)}, invalid},
		{"BusyPoll", "udp", SocketOptions{BusyPoll: -1}, invalid},
		{"TOS", "udp", SocketOptions{TOS: 256}, invalid},
		{"TOS", "udp", SocketOptions{TOS: -1}, invalid},
	} {
		d := Dialer{Options: tt.o, Control: func(string, string, syscall.RawConn) error { return errors.New("there is a socket") }}
		_, err := d.Dial(tt.network, "name.invalid:1")
		var refused *OptionError
		var op *OpError
		if !errors.As(err, &op) || !errors.As(err, &refused) || refused.Option != tt.field || !errors.Is(err, tt.want) {
			t.Errorf("Dial(%q) with %s = %v, want an error that names it and is %v", tt.network, tt.field, err, tt.want)
		}
	}
	for network, lc := range map[string]ListenConfig{
		"tcp": {Backlog: -1}, "unix": {ReusePort: true}, "unixpacket": {Options: SocketOptions{TOS: 4}},
	} {
		if _, err := lc.Listen(context.Background(), network, "name.invalid:1"); !errors.As(err, new(*OptionError)) {
			t.Errorf("Listen(%q) with %+v = %v, want an OptionError", network, lc, err)
		}
	}
}

// By default a listener speaks Multipath TCP, which does not have every option. It then
// speaks plain TCP, unless the program asked for the other.
func TestSocketOptionsMultipathTCP(t *testing.T) {
	lc := ListenConfig{Options: SocketOptions{UserTimeout: time.Second, LocalPorts: [2]uint16{1, 65535}}}
	l := listenTCP(t, lc)
	if got := option(t, l, syscall.IPPROTO_TCP, unix.TCP_USER_TIMEOUT); got != 1000 {
		t.Errorf("TCP_USER_TIMEOUT = %d, want 1000", got)
	}
	lc.SetMultipathTCP(true)
	switch l, err := lc.Listen(context.Background(), "tcp", "127.0.0.1:0"); {
	case err != nil:
		if !errors.Is(err, errors.ErrUnsupported) || !errors.As(err, new(*OptionError)) {
			t.Errorf("Listen with Multipath TCP = %v, want an OptionError", err)
		}
	default:
		l.Close() // this kernel's Multipath TCP has the option
	}
}

func TestSetUserTimeout(t *testing.T) {
	client, _ := connectedPair(t, plainListener(t))
	if err := client.SetUserTimeout(2*time.Second + 1); err != nil {
		t.Fatal(err)
	}
	if err := client.SetNotSentLowat(1 << 16); err != nil {
		t.Fatal(err)
	}
	if got := option(t, client, syscall.IPPROTO_TCP, unix.TCP_USER_TIMEOUT); got != 2001 {
		t.Errorf("TCP_USER_TIMEOUT = %d, want 2001", got)
	}
	if got := option(t, client, syscall.IPPROTO_TCP, unix.TCP_NOTSENT_LOWAT); got != 1<<16 {
		t.Errorf("TCP_NOTSENT_LOWAT = %d, want %d", got, 1<<16)
	}
	if err := errors.Join(client.SetUserTimeout(0), client.SetNotSentLowat(0)); err != nil {
		t.Errorf("with 0: %v", err)
	}
	for _, err := range []error{client.SetUserTimeout(-1), client.SetNotSentLowat(-1), client.SetUserTimeout(math.MaxInt64)} {
		if !errors.Is(err, syscall.EINVAL) || !errors.As(err, new(*OptionError)) {
			t.Errorf("with a bad value: %v, want %v", err, syscall.EINVAL)
		}
	}
	client.Close()
	if err := client.SetUserTimeout(1); !errors.Is(err, ErrClosed) {
		t.Errorf("SetUserTimeout after Close = %v, want %v", err, ErrClosed)
	}
	for _, none := range []*TCPConn{nil, {}} {
		if err := none.SetUserTimeout(1); err != syscall.EINVAL {
			t.Errorf("SetUserTimeout of %v = %v, want %v", none, err, syscall.EINVAL)
		}
	}
}

// The kernel ends a dial to a peer that does not answer, long before the dialer does.
func TestUserTimeoutEndsDialToBlackHole(t *testing.T) {
	if !inNetwork(t) {
		return
	}
	hole := blackHole(t)
	d := Dialer{Timeout: 20 * time.Second, Options: SocketOptions{UserTimeout: time.Second}}
	start := time.Now()
	_, err := d.Dial("tcp", hole+":80")
	if !errors.Is(err, syscall.ETIMEDOUT) {
		t.Errorf("Dial = %v, want %v", err, syscall.ETIMEDOUT)
	}
	t.Logf("after %.2f of the user timeout", time.Since(start).Seconds())
}

// One local address has connections to two ports from the same local ports.
func TestBindNoPortSharesLocalPorts(t *testing.T) {
	if !inNetwork(t) {
		return
	}
	sysctl(t, "ipv4/ip_local_port_range", "40000 40019")
	dial := func(l Listener, o SocketOptions) error {
		d := Dialer{Options: o, LocalAddr: &TCPAddr{IP: net.IPv4(127, 0, 0, 1)}}
		c, err := d.Dial("tcp", l.Addr().String())
		if err == nil {
			t.Cleanup(func() { c.Close() })
		}
		return err
	}
	listeners := make([]Listener, 2)
	for i, port := range []string{"1001", "1002"} {
		var lc ListenConfig
		l, err := lc.Listen(context.Background(), "tcp", "127.0.0.1:"+port)
		if err != nil {
			t.Skip(err)
		}
		defer l.Close()
		listeners[i] = l
	}
	made := 0
	for i := range 40 {
		if err := dial(listeners[i%2], SocketOptions{BindNoPort: true}); err != nil {
			t.Fatalf("dial %d = %v, want 40 connections from 20 ports", i, err)
		}
		made++
	}
	if err := dial(listeners[0], SocketOptions{}); !errors.Is(err, syscall.EADDRINUSE) {
		t.Errorf("a dial that binds a port first = %v, want %v", err, syscall.EADDRINUSE)
	}
}

func TestDialTCPFastOpen(t *testing.T) {
	if !inNetwork(t) {
		return
	}
	sysctl(t, "ipv4/tcp_fastopen", "3")
	lc := ListenConfig{Options: SocketOptions{FastOpen: 8}}
	lc.SetMultipathTCP(false)
	l := listenTCP(t, lc)
	raddr := l.Addr().(*TCPAddr).AddrPort()
	big := []byte(strings.Repeat("0123456789", 100_000))
	inSYN := 0
	for i, b := range [][]byte{[]byte("first"), []byte("second"), []byte("third"), big} {
		got := make(chan string, 1)
		go func() {
			s, err := l.AcceptTCP()
			if err != nil {
				got <- err.Error()
				return
			}
			defer s.Close()
			p := make([]byte, len(b))
			for n := 0; n < len(p); {
				m, err := s.Read(p[n:])
				if err != nil {
					got <- err.Error()
					return
				}
				n += m
			}
			got <- string(p)
		}()
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		c, n, err := new(Dialer).DialTCPFastOpen(ctx, "tcp", raddr, b)
		cancel()
		if n != len(b) || err != nil {
			t.Fatalf("dial %d: DialTCPFastOpen = %d, %v, want %d, nil", i, n, err, len(b))
		}
		if s := <-got; s != string(b) {
			t.Errorf("dial %d: the server read %d bytes, want %d", i, len(s), len(b))
		}
		var raw [256]byte
		rn, err := c.fd.pfd.Getsockopt(syscall.IPPROTO_TCP, syscall.TCP_INFO, raw[:])
		const synData = 32 // TCPI_OPT_SYN_DATA
		if err == nil && rn > 5 && raw[5]&synData != 0 {
			inSYN++
		}
		if c.RemoteAddr().String() != raddr.String() {
			t.Errorf("RemoteAddr() = %v, want %v", c.RemoteAddr(), raddr)
		}
		if _, err := c.Write([]byte("x")); err != nil {
			t.Errorf("Write after the dial = %v: a deadline was left", err)
		}
		c.Close()
	}
	if inSYN == 0 {
		t.Error("no data came with a first packet")
	}
	l.Close()
	for range 2 {
		if c, _, err := new(Dialer).DialTCPFastOpen(context.Background(), "tcp", raddr, []byte("x")); !errors.Is(err, syscall.ECONNREFUSED) {
			t.Errorf("DialTCPFastOpen to a dead port = %v, %v, want %v", c, err, syscall.ECONNREFUSED)
		}
	}
	sysctl(t, "ipv4/tcp_fastopen", "0")
	_, n, err := new(Dialer).DialTCPFastOpen(context.Background(), "tcp", raddr, []byte("x"))
	if n != 0 || !errors.Is(err, errors.ErrUnsupported) || !errors.As(err, new(*OptionError)) {
		t.Errorf("DialTCPFastOpen where the host does not allow it = %d, %v, want 0, %v", n, err, errors.ErrUnsupported)
	}
}

func TestDialTCPFastOpenBadInput(t *testing.T) {
	raddr := netip.MustParseAddrPort("127.0.0.1:1")
	done, cancel := context.WithCancel(context.Background())
	cancel()
	for _, tt := range []struct {
		name    string
		ctx     context.Context
		network string
		b       string
		want    error
	}{
		{"no data", context.Background(), "tcp", "", syscall.EINVAL},
		{"another network", context.Background(), "udp", "x", net.UnknownNetworkError("udp")},
		{"context done", done, "tcp", "x", context.Canceled},
	} {
		_, n, err := new(Dialer).DialTCPFastOpen(tt.ctx, tt.network, raddr, []byte(tt.b))
		if n != 0 || !errors.Is(err, tt.want) {
			t.Errorf("%s: DialTCPFastOpen = %d, %v, want 0, %v", tt.name, n, err, tt.want)
		}
	}
	defer func() {
		if recover() == nil {
			t.Error("DialTCPFastOpen with a nil context did not panic")
		}
	}()
	var none context.Context
	new(Dialer).DialTCPFastOpen(none, "tcp", raddr, []byte("x"))
}
