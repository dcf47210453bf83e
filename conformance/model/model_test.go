//go:build linux

package model

import (
	"context"
	"flag"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"pgregory.net/rapid"

	"go.parity/conformance"
	"go.parity/conformance/stack"
	"go.parity/net2"
)

var (
	runFor  = flag.Duration("model.time", 3*time.Second, "how long to run random programs")
	runSeed = flag.Uint64("model.seed", 1, "the first program")
)

func TestRandomProgramsDoNotDiverge(t *testing.T) {
	end := time.Now().Add(*runFor)
	got := Run(*runSeed, func(int) bool { return time.Now().After(end) })
	if got.Divergence != nil {
		t.Fatalf("after %d operations: %v", got.Worked, got.Divergence)
	}
	if got.Worked == 0 {
		t.Error("no operation worked")
	}
	t.Logf("%d operations", got.Worked)
}

// program is the property that rapid and the fuzzer look for an exception to.
func program(t *rapid.T) {
	op := rapid.Custom(func(t *rapid.T) Op {
		return Op{
			Kind: Kind(rapid.IntRange(0, int(numKinds)-1).Draw(t, "kind")),
			Conn: rapid.Uint8().Draw(t, "conn"),
			N:    rapid.Uint16().Draw(t, "n"),
		}
	})
	p := append(Program{{Kind: Pair, Conn: rapid.Uint8().Draw(t, "network")}},
		rapid.SliceOfN(op, 0, 60).Draw(t, "ops")...)
	if diff := Diff(p); diff != "" {
		t.Fatalf("(-net +net2)\n%s\n%s", diff, p.Source())
	}
}

func TestDrawnProgramsDoNotDiverge(t *testing.T) { rapid.Check(t, program) }

func FuzzProgram(f *testing.F) { f.Fuzz(rapid.MakeFuzz(program)) }

// TestEveryOperationRuns shows that no operation is always passed over.
func TestEveryOperationRuns(t *testing.T) {
	for k := range numKinds {
		t.Run(k.String(), func(t *testing.T) {
			for conn := range uint8(len(networks)) {
				p := Program{{Kind: Pair, Conn: conn}, {Kind: Write, Conn: 0, N: 10}, {Kind: Read, Conn: 1, N: 10}, {Kind: k, Conn: 1, N: 2}}
				if k == Read || k == RawRead || k == ReadBuffers || k == ReadContext {
					p[2].Kind = Names
				}
				if m := run(&net2Stack, p); m != nil && m.ran == len(p) {
					return
				}
			}
			t.Errorf("%v was passed over on every network", k)
		})
	}
}

// TestConnectionsCanDoMore shows that what is beyond net is asked of net2 at all.
func TestConnectionsCanDoMore(t *testing.T) {
	for conn, network := range networks {
		m := run(&net2Stack, Program{{Kind: Pair, Conn: uint8(conn)}})
		if m == nil {
			t.Fatal("no ports are left")
		}
		for _, e := range m.ends {
			_, can := e.conn.(beyond)
			_, knowsPeer := e.conn.(net2.PeerWatcher)
			if !can || e.stream && !knowsPeer {
				t.Errorf("%s: %T lacks a method", network, e.conn)
			}
		}
	}
}

// lying is a connection whose Write reports something other than what it did.
type lying struct{ tcpConn }

type tcpConn interface {
	net.Conn
	syscall.Conn
	CloseRead() error
	CloseWrite() error
	File() (*os.File, error)
	SetReadBuffer(int) error
	SetWriteBuffer(int) error
	SetNoDelay(bool) error
	SetKeepAlive(bool) error
	SetKeepAlivePeriod(time.Duration) error
	SetLinger(int) error
}

func (c lying) Write(p []byte) (int, error) {
	n, err := c.tcpConn.Write(p)
	if n > 100 {
		n--
	}
	return n, err
}

// TestDivergenceIsFoundAndReduced breaks net2's Write and sees it found.
func TestDivergenceIsFoundAndReduced(t *testing.T) {
	saved := net2Stack
	defer func() { net2Stack = saved }()
	net2Stack.Listen = func(network, address string) (net.Listener, error) {
		l, err := saved.Listen(network, address)
		if err != nil {
			return nil, err
		}
		return lyingListener{l}, nil
	}
	d := Run(1, func(ops int) bool { return ops > 100000 }).Divergence
	if d == nil {
		t.Fatal("Run with a Write that miscounts found nothing")
	}
	if len(d.Program) != 2 || d.Program[0].Kind != Pair {
		t.Errorf("reduced to\n%v, want a pair and a write", d.Program)
	}
	if !strings.Contains(d.String(), "func TestProgram") {
		t.Errorf("the divergence is not printed as a test:\n%v", d)
	}
}

type lyingListener struct{ net.Listener }

func (l lyingListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	if c, ok := c.(tcpConn); ok {
		return lying{c}, nil
	}
	return c, nil
}

// TestPortGivenTwiceIsNoticed gives one port to two sockets to which nobody can
// connect: the names in the errors of their dials depend on it.
func TestPortGivenTwiceIsNoticed(t *testing.T) {
	unreachable := stack.Stack{
		Listen: func(network, address string) (net.Listener, error) {
			return fixedListener{}, nil
		},
		ListenPacket: func(network, address string) (net.PacketConn, error) {
			return fixedPacketConn{}, nil
		},
		DialerDialContext: func(context.Context, stack.Dialer, string, string) (net.Conn, error) {
			return nil, syscall.ENETUNREACH
		},
	}
	for i, network := range networks {
		if strings.HasPrefix(network, "unix") {
			continue
		}
		pair := Op{Kind: Pair, Conn: uint8(i)}
		m := &machine{stack: &unreachable}
		if m.run(Program{pair, pair}); !m.collided {
			t.Errorf("two sockets of %s with one port went unnoticed", network)
		}
	}
}

type fixedListener struct{ net.Listener }

func (fixedListener) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 40000} }
func (fixedListener) Close() error   { return nil }

type fixedPacketConn struct{ net.PacketConn }

func (fixedPacketConn) LocalAddr() net.Addr {
	return &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 40000}
}
func (fixedPacketConn) Close() error { return nil }

// TestNothingWorkedIsNoVerdict breaks both stacks alike.
func TestNothingWorkedIsNoVerdict(t *testing.T) {
	savedNet, savedNet2 := netStack, net2Stack
	defer func() { netStack, net2Stack = savedNet, savedNet2 }()
	none := func(network, address string) (net.Listener, error) { return nil, syscall.EMFILE }
	packets := func(network, address string) (net.PacketConn, error) { return nil, syscall.EMFILE }
	for _, s := range []*stack.Stack{&netStack, &net2Stack} {
		s.Listen, s.ListenPacket = none, packets
	}
	ran := 0
	got := Run(1, func(int) bool { ran++; return ran > 20 })
	if got.Worked != 0 || got.Divergence != nil {
		t.Errorf("Run where nothing works = %d operations, %v, want none", got.Worked, got.Divergence)
	}
	if c := got.check("x", 1); c.Status != conformance.Skipped || c.Needs == "" {
		t.Errorf("check() = %v, %q, want it not possible, for something that is needed", c.Status, c.Needs)
	}
}
