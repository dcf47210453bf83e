//go:build linux

package net2

import (
	"bytes"
	"io"
	"net"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"strings"
	"sync"
	"testing"
	"time"
)

// find returns what Connections says of the socket with these addresses.
func find(t *testing.T, local, remote Addr) (Connection, bool) {
	t.Helper()
	list, err := Connections()
	if err != nil {
		t.Fatal(err)
	}
	text := func(a Addr) string {
		if a == nil {
			return ""
		}
		return a.String()
	}
	for _, c := range list {
		if text(c.Local) == text(local) && text(c.Remote) == text(remote) {
			return c, true
		}
	}
	return Connection{}, false
}

func TestConnectionsListsEverySocket(t *testing.T) {
	l := plainListener(t)
	client, server := connectedPair(t, l)
	exchange(t, client, server, 1000)
	theirs, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer theirs.Close()
	ul, err := ListenUnix("unix", &UnixAddr{Name: filepath.Join(t.TempDir(), "s"), Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	defer ul.Close()
	for _, tt := range []struct {
		name           string
		local, remote  Addr
		network, state string
		bytes          uint64
	}{
		{"listener", l.Addr(), nil, "tcp", "listening", 0},
		{"client", client.LocalAddr(), client.RemoteAddr(), "tcp", "established", 1000},
		{"server", server.LocalAddr(), server.RemoteAddr(), "tcp", "established", 1000},
		{"a socket of package net", theirs.LocalAddr(), nil, "udp", "", 0},
		{"a Unix listener", ul.Addr(), nil, "unix", "", 0},
	} {
		c, ok := find(t, tt.local, tt.remote)
		if !ok || c.Network != tt.network || c.State != tt.state || c.Received != tt.bytes || c.Sent != tt.bytes {
			t.Errorf("%s: %+v, %v, want %s, %q, %d bytes", tt.name, c, ok, tt.network, tt.state, tt.bytes)
		}
		if !c.Opened.IsZero() || c.Stack != nil || c.Waiters != nil {
			t.Errorf("%s: opened %v by %v, waiters %v; want nothing without TraceOpen", tt.name, c.Opened, c.Stack, c.Waiters)
		}
	}
	client.Close()
	if c, ok := find(t, client.LocalAddr(), client.RemoteAddr()); ok {
		t.Errorf("a closed socket is listed: %+v", c)
	}
}

// functions returns the names of a stack's functions.
func functions(stack []uintptr) string {
	var names []string
	frames := runtime.CallersFrames(stack)
	for {
		f, more := frames.Next()
		names = append(names, f.Function)
		if !more {
			return strings.Join(names, " ")
		}
	}
}

func openLeak(t *testing.T, l *TCPListener) *TCPConn {
	c, err := DialTCP("tcp", nil, l.Addr().(*TCPAddr))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestTraceOpenNamesWhoOpened(t *testing.T) {
	TraceOpen(true)
	defer TraceOpen(false)
	l := plainListener(t)
	c := openLeak(t, l)
	defer c.Close()
	s, err := l.AcceptTCP()
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	got, ok := find(t, c.LocalAddr(), c.RemoteAddr())
	if names := functions(got.Stack); !ok || !strings.Contains(names, ".openLeak") || strings.Contains(names, "setFinalizer") {
		t.Errorf("%+v was opened by %s, want openLeak", got, names)
	}
	if got.Opened.IsZero() || time.Since(got.Opened) < 0 {
		t.Errorf("opened at %v", got.Opened)
	}
	if accepted, ok := find(t, s.LocalAddr(), s.RemoteAddr()); !ok || !strings.Contains(functions(accepted.Stack), "AcceptTCP") {
		t.Errorf("%+v was opened by %s, want AcceptTCP", accepted, functions(accepted.Stack))
	}

	var text bytes.Buffer
	profile := pprof.Lookup("net2.open")
	if profile == nil {
		t.Fatal("there is no profile net2.open")
	}
	profile.WriteTo(&text, 1)
	if !strings.Contains(text.String(), ".openLeak") {
		t.Errorf("the profile does not name openLeak:\n%s", &text)
	}
	before := profile.Count()
	c.Close()
	c.Close()
	if after := profile.Count(); after != before-1 {
		t.Errorf("after Close the profile counts %d sockets, before %d", after, before)
	}
}

func TestTraceOpenNamesWhoWaits(t *testing.T) {
	TraceOpen(true)
	defer TraceOpen(false)
	client, server := connectedPair(t, plainListener(t))
	var wg sync.WaitGroup
	wg.Go(func() { server.Read(make([]byte, 1)) })
	var c Connection
	if !settles(func() bool {
		c, _ = find(t, server.LocalAddr(), server.RemoteAddr())
		return len(c.Waiters) == 1
	}) {
		t.Fatalf("nobody waits on %+v", c)
	}
	if w := c.Waiters[0]; w.Write || w.Since.IsZero() || !strings.Contains(functions(w.Stack), "(*conn).Read") {
		t.Errorf("%+v waits in %s, want Read", w, functions(w.Stack))
	}
	client.Write([]byte("x"))
	wg.Wait()
	if c, ok := find(t, server.LocalAddr(), server.RemoteAddr()); !ok || len(c.Waiters) != 0 {
		t.Errorf("after the Read: %v wait on it", c.Waiters)
	}
}

// A traced socket that nobody closes is still collected.
func TestTraceOpenKeepsNothingAlive(t *testing.T) {
	TraceOpen(true)
	defer TraceOpen(false)
	l := plainListener(t)
	local := func() Addr { return openLeak(t, l).LocalAddr() }()
	if !settles(func() bool { _, ok := find(t, local, l.Addr()); return !ok }) {
		t.Errorf("the leaked socket at %v is still open", local)
	}
}

// While others open and close, the list is one of sockets, each once.
func TestConnectionsWhileOthersClose(t *testing.T) {
	TraceOpen(true)
	defer TraceOpen(false)
	l := plainListener(t)
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				c, err := Dial("tcp", l.Addr().String())
				if err != nil {
					continue
				}
				if s, err := l.Accept(); err == nil {
					s.Close()
				}
				c.Close()
			}
		})
	}
	for range 50 {
		list, err := Connections()
		if err != nil {
			t.Error(err)
		}
		for i := range list[1:] {
			if list[i].Descriptor >= list[i+1].Descriptor {
				t.Errorf("descriptor %d is listed before %d", list[i].Descriptor, list[i+1].Descriptor)
			}
		}
	}
	close(stop)
	wg.Wait()
	openTrace.mu.Lock()
	defer openTrace.mu.Unlock()
	for _, r := range openTrace.list {
		if fd := r.fd.Value(); fd != nil && fd != l.fd {
			t.Errorf("socket %d is closed and still on record", r.id)
		}
	}
}

func BenchmarkOpenClose(b *testing.B) {
	for _, on := range []bool{false, true} {
		b.Run(map[bool]string{false: "plain", true: "traced"}[on], func(b *testing.B) {
			TraceOpen(on)
			defer TraceOpen(false)
			for b.Loop() {
				c, err := ListenPacket("udp", "127.0.0.1:0")
				if err != nil {
					b.Fatal(err)
				}
				c.Close()
			}
		})
	}
}

// Each read waits for the answer to a write.
func BenchmarkWaits(b *testing.B) {
	l, err := Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	c, err := Dial("tcp", l.Addr().String())
	if err != nil {
		b.Fatal(err)
	}
	defer c.Close()
	s, err := l.Accept()
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	go io.Copy(s, s)
	for _, on := range []bool{false, true} {
		b.Run(map[bool]string{false: "plain", true: "traced"}[on], func(b *testing.B) {
			TraceOpen(on)
			defer TraceOpen(false)
			p := make([]byte, 1)
			for b.Loop() {
				if _, err := c.Write(p); err != nil {
					b.Fatal(err)
				}
				if _, err := c.Read(p); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
