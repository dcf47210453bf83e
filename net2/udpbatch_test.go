//go:build linux

package net2

import (
	"bytes"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// listenUDP returns a socket on an address of this host, and the address.
func listenUDP(t testing.TB, network, address string) (*UDPConn, netip.AddrPort) {
	t.Helper()
	c, err := ListenPacket(network, address)
	if err != nil {
		t.Skipf("ListenPacket(%s, %s) = %v", network, address, err)
	}
	t.Cleanup(func() { c.Close() })
	u := c.(*UDPConn)
	u.SetReadBuffer(1 << 20)
	if err := u.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	return u, u.LocalAddr().(*UDPAddr).AddrPort()
}

// A udpPair is a sender and a receiver.
type udpPair struct {
	name     string
	from, to *UDPConn
	peer     netip.AddrPort // what a message of the sender names; zero if it is connected
	source   netip.AddrPort // what the receiver sees
}

// udpPairs calls f with pairs of each kind.
func udpPairs(t *testing.T, f func(t *testing.T, p udpPair)) {
	for _, tt := range []struct{ name, network, address, dial string }{
		{"IPv4", "udp4", "127.0.0.1:0", ""},
		{"IPv6", "udp6", "[::1]:0", ""},
		{"IPv4 to a socket for both", "udp", ":0", "127.0.0.1"},
		{"connected", "udp4", "127.0.0.1:0", "connected"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := udpPair{name: tt.name}
			var at netip.AddrPort
			p.to, at = listenUDP(t, tt.network, tt.address)
			switch tt.dial {
			case "connected":
				c, err := DialUDP("udp", nil, UDPAddrFromAddrPort(at))
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { c.Close() })
				p.from = c
				p.source = c.LocalAddr().(*UDPAddr).AddrPort()
			case "":
				p.from, p.source = listenUDP(t, tt.network, tt.address)
				p.peer = at
			default:
				p.from, p.source = listenUDP(t, "udp4", tt.dial+":0")
				p.peer = netip.AddrPortFrom(netip.MustParseAddr(tt.dial), at.Port())
				p.source = netip.AddrPortFrom(netip.AddrFrom16(p.source.Addr().As16()), p.source.Port())
			}
			f(t, p)
		})
	}
}

// pattern returns n bytes that differ from place to place.
func pattern(n, seed int) []byte {
	p := make([]byte, n)
	for i := range p {
		p[i] = byte(i*7 + i>>8 + seed)
	}
	return p
}

// room returns messages to receive into.
func room(n, size, control int) []UDPMessage {
	ms := make([]UDPMessage, n)
	for i := range ms {
		ms[i] = UDPMessage{Buffer: make([]byte, size), Control: make([]byte, control)}
	}
	return ms
}

// datagrams receives n datagrams, cut apart if they come merged.
func datagrams(t testing.TB, c *UDPConn, n int) (got [][]byte) {
	t.Helper()
	for len(got) < n {
		ms := room(8, 65535, 0)
		k, err := c.ReadUDPBatch(ms)
		if err != nil {
			t.Fatalf("ReadUDPBatch after %d of %d datagrams = %v", len(got), n, err)
		}
		for _, m := range ms[:k] {
			got = append(got, apart(m)...)
		}
	}
	return got
}

// apart returns the datagrams of a message.
func apart(m UDPMessage) (all [][]byte) {
	p := m.Buffer
	for m.SegmentSize > 0 && len(p) > m.SegmentSize {
		all = append(all, p[:m.SegmentSize])
		p = p[m.SegmentSize:]
	}
	return append(all, p)
}

func wantDatagrams(t testing.TB, got, want [][]byte) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d datagrams came, want %d", len(got), len(want))
	}
	for i := range want {
		if !bytes.Equal(got[i], want[i]) {
			t.Fatalf("datagram %d is %d bytes, %x..., want %d bytes, %x...", i, len(got[i]), head(got[i]), len(want[i]), head(want[i]))
		}
	}
}

func head(p []byte) []byte { return p[:min(len(p), 16)] }

func TestUDPBatchCarriesDatagrams(t *testing.T) {
	udpPairs(t, func(t *testing.T, p udpPair) {
		var out []UDPMessage
		var want [][]byte
		for i := range 100 {
			b := pattern(i%5*300, i) // empty ones too
			out = append(out, UDPMessage{Buffer: b, Addr: p.peer})
			want = append(want, b)
		}
		if n, err := p.from.WriteUDPBatch(out); n != len(out) || err != nil {
			t.Fatalf("WriteUDPBatch = %d, %v, want %d, nil", n, err, len(out))
		}
		var got [][]byte
		for len(got) < len(want) {
			in := room(32, 2000, 64)
			n, err := p.to.ReadUDPBatch(in)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range in[:n] {
				if m.Addr != p.source || m.Flags != 0 || m.SegmentSize != 0 || len(m.Control) != 0 {
					t.Fatalf("message %d has Addr %v, Flags %#x, SegmentSize %d, Control %x, want %v and nothing else",
						len(got), m.Addr, m.Flags, m.SegmentSize, m.Control, p.source)
				}
				got = append(got, m.Buffer)
			}
			for i, m := range in[n:] {
				if len(m.Buffer) != 2000 || len(m.Control) != 64 {
					t.Fatalf("message %d of %d has %d and %d bytes of room left, want it untouched", n+i, n, len(m.Buffer), len(m.Control))
				}
			}
		}
		wantDatagrams(t, got, want)
	})
}

func TestUDPBatchCutsSegments(t *testing.T) {
	for _, send := range []bool{true, false} {
		for _, receive := range []bool{true, false} {
			t.Run(fmt.Sprintf("send offload %t, receive offload %t", send, receive), func(t *testing.T) {
				udpPairs(t, func(t *testing.T, p udpPair) { cutSegments(t, p, send, receive) })
			})
		}
	}
}

func cutSegments(t *testing.T, p udpPair, send, receive bool) {
	p.from.SetSendOffload(send)
	if err := p.to.SetReceiveOffload(receive); err != nil {
		t.Skip(err)
	}
	for _, tt := range []struct{ size, segment int }{
		{1200, 1200},
		{1200, 1300},
		{1201, 1200},
		{0, 1200},
		{1, 1},
		{12_000, 1200},
		{12_001, 1200},
		{100_000, 1200},  // more than one packet for the kernel
		{64 * 100, 64},   // more datagrams than it cuts from one
		{300, 1},         // likewise
		{60_000, 20_000}, // three large ones
		{100_000, 40_000},
		{60_000, 60_000},
	} {
		b := pattern(tt.size, tt.segment)
		m := UDPMessage{Buffer: b, SegmentSize: tt.segment, Addr: p.peer}
		want := apart(m)
		if n, err := p.from.WriteUDPBatch([]UDPMessage{m}); n != 1 || err != nil {
			t.Fatalf("WriteUDPBatch of %d bytes by %d = %d, %v, want 1, nil", tt.size, tt.segment, n, err)
		}
		wantDatagrams(t, datagrams(t, p.to, len(want)), want)
	}
}

// Every message of a batch is refused once, for every reason for which the kernel or this
// package refuses one: those before it have gone, it is not sent, and nothing is sent twice
// if the caller goes on behind it.
func TestWriteUDPBatchReportsTheMessage(t *testing.T) {
	to, at := listenUDP(t, "udp4", "127.0.0.1:0")
	connected, err := DialUDP("udp4", nil, UDPAddrFromAddrPort(at))
	if err != nil {
		t.Fatal(err)
	}
	defer connected.Close()
	open, _ := listenUDP(t, "udp4", "127.0.0.1:0")
	v6, v6at := listenUDP(t, "udp6", "[::1]:0")
	const size = 9
	for _, tt := range []struct {
		name string
		from *UDPConn
		to   *UDPConn
		at   netip.AddrPort
		bad  UDPMessage
		want error
	}{
		{"too long", open, to, at, UDPMessage{Buffer: make([]byte, 65_508), Addr: at}, syscall.EMSGSIZE},
		{"segment too long", open, to, at, UDPMessage{Buffer: make([]byte, 200_000), SegmentSize: 65_520, Addr: at}, syscall.EMSGSIZE},
		{"segment size above the range", open, to, at, UDPMessage{Buffer: make([]byte, 9), SegmentSize: 65_536, Addr: at}, syscall.EINVAL},
		{"segment size below the range", open, to, at, UDPMessage{Buffer: make([]byte, 9), SegmentSize: -1, Addr: at}, syscall.EINVAL},
		{"no address", open, to, at, UDPMessage{Buffer: make([]byte, 9)}, errMissingAddress},
		{"address of the other version", open, to, at, UDPMessage{Buffer: make([]byte, 9), Addr: v6at}, nil},
		{"port 0", open, to, at, UDPMessage{Buffer: make([]byte, 9), Addr: netip.AddrPortFrom(at.Addr(), 0)}, syscall.EINVAL},
		{"control messages cut short", open, to, at, UDPMessage{Buffer: make([]byte, 9), Control: []byte{1, 2, 3, 4, 5, 6, 7, 8, 9, 1, 2, 3, 4, 5, 6, 7, 8}, Addr: at}, syscall.EINVAL},
		{"control messages cut short, with segments", open, to, at, UDPMessage{Buffer: make([]byte, 9), SegmentSize: 3, Control: []byte{1, 2, 3, 4, 5, 6, 7, 8, 9, 1, 2, 3, 4, 5, 6, 7, 8}, Addr: at}, syscall.EINVAL},
		{"a TTL of 0", open, to, at, UDPMessage{Buffer: make([]byte, 9), Control: AppendPacketInfo(nil, PacketInfo{Has: InfoTTL}), Addr: at}, syscall.EINVAL},
		{"a source that is not ours", open, to, at, UDPMessage{Buffer: make([]byte, 9), Control: AppendPacketInfo(nil, PacketInfo{Has: InfoLocal, Local: netip.MustParseAddr("192.0.2.1")}), Addr: at}, nil},
		{"too long, IPv6", v6, v6, v6at, UDPMessage{Buffer: make([]byte, 65_528), Addr: v6at}, syscall.EMSGSIZE},
		{"address on a connected socket", connected, to, netip.AddrPort{}, UDPMessage{Buffer: make([]byte, 9), Addr: at}, ErrWriteToConnected},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for bad := range size {
				ms := make([]UDPMessage, size)
				var want [][]byte
				for i := range ms {
					ms[i] = UDPMessage{Buffer: pattern(100+i, bad), Addr: tt.at}
					switch {
					case i == bad:
						ms[i] = tt.bad
						continue
					case i%3 == 1: // trains on both sides of the bad one
						ms[i].SegmentSize = 10
					}
					want = append(want, apart(ms[i])...)
				}
				n, err := tt.from.WriteUDPBatch(ms)
				var op *OpError
				if n != bad || !errors.As(err, &op) || op.Op != "write" || tt.want != nil && !errors.Is(err, tt.want) {
					t.Fatalf("WriteUDPBatch with message %d bad = %d, %v, want %d, %v", bad, n, err, bad, tt.want)
				}
				if tt.bad.Addr.IsValid() && op.Addr.String() != tt.bad.Addr.String() {
					t.Errorf("the error names %v, want %v", op.Addr, tt.bad.Addr)
				}
				if n, err := tt.from.WriteUDPBatch(ms[bad+1:]); n != size-bad-1 || err != nil {
					t.Fatalf("WriteUDPBatch behind message %d = %d, %v, want %d, nil", bad, n, err, size-bad-1)
				}
				wantDatagrams(t, datagrams(t, tt.to, len(want)), want)
				wantNothingMore(t, tt.to)
			}
		})
	}
}

// wantNothingMore fails the test if there is a datagram.
func wantNothingMore(t testing.TB, c *UDPConn) {
	t.Helper()
	raw, err := c.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	raw.Control(func(fd uintptr) {
		var p [8]byte
		if n, _, err := unix.Recvfrom(int(fd), p[:], unix.MSG_DONTWAIT); err != unix.EAGAIN {
			t.Fatalf("another datagram came: %d bytes, %x, %v", n, p[:max(n, 0)], err)
		}
	})
}

// A socket that makes no checksums cannot have its packets cut: EINVAL. The fallback sends
// all, and nothing twice.
func TestWriteUDPBatchFallsBack(t *testing.T) {
	udpPairs(t, func(t *testing.T, p udpPair) {
		raw, err := p.from.SyscallConn()
		if err != nil {
			t.Fatal(err)
		}
		raw.Control(func(fd uintptr) {
			if err := unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_NO_CHECK, 1); err != nil {
				t.Fatal(err)
			}
		})
		var ms []UDPMessage
		var want [][]byte
		for i := range 20 {
			m := UDPMessage{Buffer: pattern(2000+i, i), Addr: p.peer}
			if i%4 != 0 {
				m.SegmentSize = 90 + i
			}
			ms = append(ms, m)
			want = append(want, apart(m)...)
		}
		if n, err := p.from.WriteUDPBatch(ms); n != len(ms) || err != nil {
			t.Fatalf("WriteUDPBatch = %d, %v, want %d, nil", n, err, len(ms))
		}
		wantDatagrams(t, datagrams(t, p.to, len(want)), want)
		wantNothingMore(t, p.to)
	})
}

func TestUDPBatchBadInput(t *testing.T) {
	c, at := listenUDP(t, "udp4", "127.0.0.1:0")
	closed, _ := listenUDP(t, "udp4", "127.0.0.1:0")
	closed.Close()
	var none *UDPConn
	one := func() []UDPMessage { return []UDPMessage{{Buffer: make([]byte, 9), Addr: at}} }
	merging, mergingAt := listenUDP(t, "udp4", "127.0.0.1:0")
	mergeErr := merging.SetReceiveOffload(true)
	for _, tt := range []struct {
		name string
		do   func() (int, error)
		want error
	}{
		{"nil, read", func() (int, error) { return none.ReadUDPBatch(one()) }, syscall.EINVAL},
		{"nil, write", func() (int, error) { return none.WriteUDPBatch(one()) }, syscall.EINVAL},
		{"nil, receive offload", func() (int, error) { return 0, none.SetReceiveOffload(true) }, syscall.EINVAL},
		{"nil, packet info", func() (int, error) { return 0, none.SetPacketInfo(InfoTOS) }, syscall.EINVAL},
		{"nil, send offload", func() (int, error) { none.SetSendOffload(true); return 0, nil }, nil},
		{"zero, read", func() (int, error) { return new(UDPConn).ReadUDPBatch(one()) }, syscall.EINVAL},
		{"zero, write", func() (int, error) { return new(UDPConn).WriteUDPBatch(one()) }, syscall.EINVAL},
		{"closed, read", func() (int, error) { return closed.ReadUDPBatch(one()) }, ErrClosed},
		{"closed, write", func() (int, error) { return closed.WriteUDPBatch(one()) }, ErrClosed},
		{"closed, receive offload", func() (int, error) { return 0, closed.SetReceiveOffload(true) }, ErrClosed},
		{"closed, packet info", func() (int, error) { return 0, closed.SetPacketInfo(InfoTOS) }, ErrClosed},
		{"empty, read", func() (int, error) { return c.ReadUDPBatch(nil) }, nil},
		{"empty, write", func() (int, error) { return c.WriteUDPBatch([]UDPMessage{}) }, nil},
		{"no room", func() (int, error) { return c.ReadUDPBatch(append(one(), UDPMessage{})) }, syscall.EINVAL},
		{"unknown info", func() (int, error) { return 0, c.SetPacketInfo(1 << 7) }, syscall.EINVAL},
		{"merging, too little room", func() (int, error) {
			return merging.ReadUDPBatch(append(room(1, 65535, 0), room(1, 65534, 0)...))
		}, syscall.EINVAL},
		{"merging, Read", func() (int, error) { return merging.Read(make([]byte, 9)) }, errMerged},
		{"merging, ReadFrom", func() (int, error) { n, _, err := merging.ReadFrom(make([]byte, 9)); return n, err }, errMerged},
		{"merging, ReadFromUDP", func() (int, error) { n, _, err := merging.ReadFromUDP(make([]byte, 9)); return n, err }, errMerged},
		{"merging, ReadFromUDPAddrPort", func() (int, error) {
			n, _, err := merging.ReadFromUDPAddrPort(make([]byte, 9))
			return n, err
		}, errMerged},
		{"merging, ReadMsgUDP", func() (int, error) {
			n, _, _, _, err := merging.ReadMsgUDP(make([]byte, 9), nil)
			return n, err
		}, errMerged},
		{"merging, ReadMsgUDPAddrPort", func() (int, error) {
			n, _, _, _, err := merging.ReadMsgUDPAddrPort(make([]byte, 9), nil)
			return n, err
		}, errMerged},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if mergeErr != nil && len(tt.name) > 7 && tt.name[:7] == "merging" {
				t.Skip(mergeErr)
			}
			if n, err := tt.do(); n != 0 || !errors.Is(err, tt.want) || (err == nil) != (tt.want == nil) {
				t.Fatalf("got %d, %v, want 0, %v", n, err, tt.want)
			}
		})
	}
	// Once the offload is off again, they read.
	if mergeErr == nil {
		if err := merging.SetReceiveOffload(false); err != nil {
			t.Fatal(err)
		}
		merging.WriteToUDPAddrPort([]byte("x"), mergingAt)
		if n, err := merging.Read(make([]byte, 9)); n != 1 || err != nil {
			t.Errorf("Read with the offload off = %d, %v, want 1, nil", n, err)
		}
	}
}

func TestReadUDPBatchTruncates(t *testing.T) {
	c, at := listenUDP(t, "udp4", "127.0.0.1:0")
	for _, size := range []int{1, 2} { // of the batch
		for _, control := range []int{0, 64} {
			for _, tt := range []struct {
				sent, want string
				flags      int
			}{{"abcdef", "abcd", syscall.MSG_TRUNC}, {"abcd", "abcd", 0}, {"abc", "abc", 0}, {"", "", 0}} {
				c.WriteToUDPAddrPort([]byte(tt.sent), at)
				in := room(size, 4, control)
				in[0].Flags, in[0].SegmentSize = -1, -1
				n, err := c.ReadUDPBatch(in)
				m := in[0]
				if n != 1 || err != nil || string(m.Buffer) != tt.want || m.Flags != tt.flags || m.Addr != at || m.SegmentSize != 0 || len(m.Control) != 0 {
					t.Errorf("ReadUDPBatch of %q into a batch of %d = %d, %v, %q of %v, flags %#x, want 1, nil, %q of %v, %#x",
						tt.sent, size, n, err, m.Buffer, m.Addr, m.Flags, tt.want, at, tt.flags)
				}
			}
		}
	}
}

// More messages than one system call takes.
func TestUDPBatchOfThousands(t *testing.T) {
	p, at := listenUDP(t, "udp4", "127.0.0.1:0")
	ms := make([]UDPMessage, 3000)
	for i := range ms {
		ms[i] = UDPMessage{Buffer: []byte{byte(i), byte(i >> 8)}, Addr: at}
	}
	var got int
	var wg sync.WaitGroup
	wg.Go(func() {
		in := room(2000, 8, 0)
		for got < len(ms) {
			n, err := p.ReadUDPBatch(in)
			if err != nil {
				t.Errorf("ReadUDPBatch after %d = %v", got, err)
				return
			}
			for _, m := range in[:n] {
				if want := []byte{byte(got), byte(got >> 8)}; !bytes.Equal(m.Buffer, want) {
					t.Errorf("message %d is %x, want %x", got, m.Buffer, want)
					return
				}
				got++
			}
			for i := range in[:n] {
				in[i].Buffer = in[i].Buffer[:8]
			}
		}
	})
	for sent := 0; sent < len(ms); sent += 100 {
		if n, err := p.WriteUDPBatch(ms[sent : sent+100]); n != 100 || err != nil {
			t.Fatalf("WriteUDPBatch = %d, %v, want 100, nil", n, err)
		}
	}
	wg.Wait()
}

// A peer that does not listen answers with ICMP, which a connected socket learns: later, and
// with an error of its own.
func TestUDPBatchPeerRefuses(t *testing.T) {
	gone, at := listenUDP(t, "udp4", "127.0.0.1:0")
	gone.Close()
	c, err := DialUDP("udp4", nil, UDPAddrFromAddrPort(at))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(10 * time.Second))
	ms := []UDPMessage{{Buffer: []byte("a")}, {Buffer: []byte("b")}, {Buffer: []byte("c")}}
	if _, err := c.WriteUDPBatch(ms[:1]); err != nil {
		t.Fatalf("WriteUDPBatch = %v, want nil", err)
	}
	if n, err := c.ReadUDPBatch(room(3, 9, 0)); n != 0 || !errors.Is(err, syscall.ECONNREFUSED) {
		t.Fatalf("ReadUDPBatch = %d, %v, want 0, ECONNREFUSED", n, err)
	}
	if _, err := c.WriteUDPBatch(ms[:1]); err != nil {
		t.Fatalf("WriteUDPBatch = %v, want nil", err)
	}
	// That too has been answered before it returned, as loopback is.
	if n, err := c.WriteUDPBatch(ms); n != 0 || !errors.Is(err, syscall.ECONNREFUSED) {
		t.Fatalf("WriteUDPBatch = %d, %v, want 0, ECONNREFUSED", n, err)
	}
}

func TestUDPBatchDeadlinesAndClose(t *testing.T) {
	c, _ := listenUDP(t, "udp4", "127.0.0.1:0")
	read := func() error {
		_, err := c.ReadUDPBatch(room(2, 9, 0))
		return err
	}
	c.SetReadDeadline(aLongTimeAgo)
	if err := read(); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("ReadUDPBatch after its deadline = %v, want %v", err, os.ErrDeadlineExceeded)
	}
	c.SetReadDeadline(time.Now().Add(time.Millisecond))
	if err := read(); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("ReadUDPBatch until its deadline = %v, want %v", err, os.ErrDeadlineExceeded)
	}
	c.SetWriteDeadline(aLongTimeAgo)
	n, err := c.WriteUDPBatch([]UDPMessage{{Buffer: []byte("x"), Addr: c.LocalAddr().(*UDPAddr).AddrPort()}})
	if n != 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("WriteUDPBatch after its deadline = %d, %v, want 0, %v", n, err, os.ErrDeadlineExceeded)
	}
	c.SetDeadline(noDeadline)
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() {
			if err := read(); !errors.Is(err, ErrClosed) {
				t.Errorf("ReadUDPBatch when the socket is closed = %v, want %v", err, ErrClosed)
			}
		})
	}
	c.Close()
	wg.Wait()
}

func TestUDPBatchAllocatesNothing(t *testing.T) {
	udpPairs(t, func(t *testing.T, p udpPair) {
		merge := p.to.SetReceiveOffload(true) == nil
		control := AppendPacketInfo(nil, PacketInfo{Has: InfoTOS, TOS: 1})
		out := make([]UDPMessage, 8)
		for i := range out {
			out[i] = UDPMessage{Buffer: make([]byte, 600), Addr: p.peer, Control: control}
			if i%2 == 0 {
				out[i].SegmentSize = 100
			}
		}
		in := room(8, 65535, PacketInfoSize)
		if err := p.to.SetPacketInfo(infoAll); err != nil {
			t.Fatal(err)
		}
		n := allocsPerRun(100, func() {
			if _, err := p.from.WriteUDPBatch(out); err != nil {
				t.Fatal(err)
			}
			for got := 0; got < 8*600; {
				n, err := p.to.ReadUDPBatch(in)
				if err != nil {
					t.Fatal(err)
				}
				for i := range in[:n] {
					got += len(in[i].Buffer)
					if _, err := in[i].PacketInfo(); err != nil {
						t.Fatal(err)
					}
					in[i].Buffer, in[i].Control = in[i].Buffer[:65535], in[i].Control[:PacketInfoSize]
				}
			}
		})
		// Under the race detector a sync.Pool drops some of what it gets.
		if n != 0 && !raceEnabled {
			t.Errorf("a batch allocates %v times with merging %t, want 0", n, merge)
		}
	})
}
