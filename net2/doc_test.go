//go:build linux

package net2

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// These tests check what the package documentation says a program can see, as
// far as no other test does.

func TestTypesHaveAnotherName(t *testing.T) {
	for v, want := range map[any]string{
		new(TCPConn): "*net2.TCPConn", new(TCPListener): "*net2.TCPListener", new(UDPConn): "*net2.UDPConn",
		new(UnixConn): "*net2.UnixConn", new(Dialer): "*net2.Dialer", new(ListenConfig): "*net2.ListenConfig",
		new(TCPAddr): "*net.TCPAddr", new(OpError): "*net.OpError",
	} {
		if got := fmt.Sprintf("%T", v); got != want {
			t.Errorf("%%T is %s, want %s", got, want)
		}
	}
}

// Our Buffers reach a connection of either package in one packet; net's reach
// ours one by one.
func TestBuffersOfEitherPackage(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	l, err := ListenUnix("unixpacket", &UnixAddr{Name: path, Net: "unixpacket"})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	write := func(c Conn, ours bool) (int64, error) {
		if v := [][]byte{[]byte("head"), []byte("body")}; ours {
			return (*Buffers)(&v).WriteTo(c)
		} else {
			return (*net.Buffers)(&v).WriteTo(c)
		}
	}
	for _, tt := range []struct {
		name  string
		dial  func(network, address string) (Conn, error)
		ours  bool
		first string
	}{
		{"ours to ours", Dial, true, "headbody"},
		{"ours to net's", net.Dial, true, "headbody"},
		{"net's to net's", net.Dial, false, "headbody"},
		{"net's to ours", Dial, false, "head"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c, err := tt.dial("unixpacket", path)
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			s, err := l.Accept()
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			if n, err := write(c, tt.ours); n != 8 || err != nil {
				t.Errorf("WriteTo = %d, %v, want 8, nil", n, err)
			}
			b := make([]byte, 16)
			n, err := s.Read(b)
			if err != nil || string(b[:n]) != tt.first {
				t.Errorf("the first packet is %q, %v, want %q", b[:n], err, tt.first)
			}
		})
	}
}

func TestInheritedOptionsShowOnTheListener(t *testing.T) {
	l := listenTCP(t, ListenConfig{})
	if got := option(t, l, syscall.IPPROTO_TCP, syscall.TCP_KEEPIDLE); got != 15 {
		t.Errorf("TCP_KEEPIDLE of a listener = %d, want 15", got)
	}
	seen := listenTCP(t, ListenConfig{Control: func(_, _ string, c syscall.RawConn) error { return c.Control(func(uintptr) {}) }})
	if got := option(t, seen, syscall.IPPROTO_TCP, syscall.TCP_KEEPIDLE); got == 15 {
		t.Errorf("TCP_KEEPIDLE of a listener that Control saw = %d, want the kernel's", got)
	}
}

const unknownPollerEnv = "NET2_TEST_UNKNOWN_POLLER"

// With any value but the two, Listen and Dial fail.
func TestUnknownPoller(t *testing.T) {
	if os.Getenv(unknownPollerEnv) != "" {
		for range 2 {
			_, lerr := Listen("tcp", "127.0.0.1:0")
			_, derr := Dial("udp", "127.0.0.1:1")
			fmt.Println(lerr)
			fmt.Println(derr)
		}
		return
	}
	cmd := exec.Command(os.Args[0], "-test.run=^TestUnknownPoller$")
	cmd.Env = append(os.Environ(), unknownPollerEnv+"=1", "NET2_POLLER=kqueue")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("child = %v, wrote %s", err, out)
	}
	for _, want := range []string{"listen tcp 127.0.0.1:0: NET2_POLLER=\"kqueue\": ", "dial udp 127.0.0.1:1: NET2_POLLER=\"kqueue\": ", "\"epoll\""} {
		if strings.Count(string(out), want) < 2 {
			t.Errorf("child wrote\n%s\nwant %q in it twice", out, want)
		}
	}
}
