//go:build linux

package net2

import (
	"errors"
	"io"
	"net/netip"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"go.parity/socket"
)

// A packet is sent with everything that can be set, and read with everything that can be
// asked for.
func TestPacketInfoArrives(t *testing.T) {
	for _, offload := range []bool{false, true} {
		udpPairs(t, func(t *testing.T, p udpPair) {
			if err := p.to.SetReceiveOffload(offload); err != nil {
				t.Skip(err)
			}
			if err := p.to.SetPacketInfo(infoAll); err != nil {
				t.Fatal(err)
			}
			set := PacketInfo{Has: InfoTOS | InfoTTL, TOS: 0xb9, TTL: 7}
			if p.peer.IsValid() {
				set.Has |= InfoLocal
				set.Local = p.source.Addr().Unmap()
				if set.Local.Is4() {
					set.Local = netip.MustParseAddr("127.0.0.2")
				}
			}
			before := time.Now()
			ms := []UDPMessage{
				{Buffer: []byte("abc"), Control: AppendPacketInfo(nil, set), Addr: p.peer},
				{Buffer: []byte("abcdef"), SegmentSize: 3, Control: AppendPacketInfo(nil, set), Addr: p.peer},
				{Buffer: []byte("abc"), Addr: p.peer},
			}
			if n, err := p.from.WriteUDPBatch(ms); n != len(ms) || err != nil {
				t.Fatalf("WriteUDPBatch = %d, %v, want %d, nil", n, err, len(ms))
			}
			for sum := 0; sum < 12; {
				in := room(1, 65535, PacketInfoSize)
				if _, err := p.to.ReadUDPBatch(in); err != nil {
					t.Fatal(err)
				}
				got, err := in[0].PacketInfo()
				if err != nil {
					t.Fatalf("PacketInfo of %x = %v", in[0].Control, err)
				}
				if want := infoAll &^ InfoDrops; got.Has != want {
					t.Fatalf("PacketInfo has %05b, want %05b", got.Has, want)
				}
				wantTOS, wantTTL := set.TOS, set.TTL
				if sum += len(in[0].Buffer); sum == 12 {
					wantTOS, wantTTL = 0, 64
				} else if set.Local.IsValid() && in[0].Addr.Addr().Unmap() != set.Local {
					t.Errorf("the packet comes from %v, want %v", in[0].Addr, set.Local)
				}
				if got.TOS != wantTOS || got.TTL != wantTTL {
					t.Errorf("TOS %#x, TTL %d, want %#x, %d", got.TOS, got.TTL, wantTOS, wantTTL)
				}
				if !got.Local.IsLoopback() || got.Local.Is4In6() || got.IfIndex == 0 {
					t.Errorf("Local %v, IfIndex %d, want a loopback address and interface", got.Local, got.IfIndex)
				}
				if age := time.Since(got.Time); got.Time.Before(before.Add(-time.Second)) || age < -time.Second {
					t.Errorf("Time is %v before now, and the packet left after %v", age, before)
				}
			}
		})
	}
}

func TestSetPacketInfoSwitchesOff(t *testing.T) {
	udpPairs(t, func(t *testing.T, p udpPair) {
		for _, what := range []InfoFlags{infoAll, 0, InfoTTL, InfoLocal, InfoTime | InfoTOS} {
			if err := p.to.SetPacketInfo(what); err != nil {
				t.Fatal(err)
			}
			p.from.WriteUDPBatch([]UDPMessage{{Buffer: []byte("x"), Addr: p.peer}})
			in := room(1, 9, PacketInfoSize)
			if _, err := p.to.ReadUDPBatch(in); err != nil {
				t.Fatal(err)
			}
			if got, err := in[0].PacketInfo(); err != nil || got.Has != what&^InfoDrops {
				t.Errorf("PacketInfo after SetPacketInfo(%05b) has %05b, %v", what, got.Has, err)
			}
		}
	})
}

func TestPacketInfoCountsDrops(t *testing.T) {
	c, at := listenUDP(t, "udp4", "127.0.0.1:0")
	if err := c.SetReadBuffer(1); err != nil { // the kernel takes its least
		t.Fatal(err)
	}
	if err := c.SetPacketInfo(InfoDrops); err != nil {
		t.Fatal(err)
	}
	const sent = 200
	out := make([]UDPMessage, sent)
	for i := range out {
		out[i] = UDPMessage{Buffer: make([]byte, 500), Addr: at}
	}
	if _, err := c.WriteUDPBatch(out); err != nil {
		t.Fatal(err)
	}
	read := func() (n int, info PacketInfo) {
		in := room(sent, 500, PacketInfoSize)
		n, err := c.ReadUDPBatch(in)
		if err != nil {
			t.Fatal(err)
		}
		if info, err = in[n-1].PacketInfo(); err != nil {
			t.Fatal(err)
		}
		return n, info
	}
	got, _ := read()
	if _, err := c.WriteUDPBatch(out[:1]); err != nil { // it knows of all the losses
		t.Fatal(err)
	}
	_, info := read()
	if info.Has != InfoDrops || int(info.Drops) != sent-got || got == sent {
		t.Errorf("%d of %d packets were read and %d reported lost (has %05b)", got, sent, info.Drops, info.Has)
	}
}

func TestPacketInfoCutShort(t *testing.T) {
	udpPairs(t, func(t *testing.T, p udpPair) {
		for _, offload := range []bool{false, true} {
			if err := p.to.SetReceiveOffload(offload); err != nil {
				t.Skip(err)
			}
			if err := p.to.SetPacketInfo(infoAll); err != nil {
				t.Fatal(err)
			}
			whole := 0
			for size := PacketInfoSize; size >= 0; size-- {
				p.from.WriteUDPBatch([]UDPMessage{{Buffer: []byte("x"), Addr: p.peer}})
				in := room(1, 65535, size)
				if _, err := p.to.ReadUDPBatch(in); err != nil {
					t.Fatal(err)
				}
				m := &in[0]
				if size == PacketInfoSize {
					whole = len(m.Control)
				}
				info, err := m.PacketInfo()
				cut := m.Flags&syscall.MSG_CTRUNC != 0
				if cut != (size < whole) && size < whole-socket.CmsgAlign || cut != errors.Is(err, io.ErrUnexpectedEOF) || string(m.Buffer) != "x" {
					t.Fatalf("with room for %d of %d: flags %#x, %v", size, whole, m.Flags, err)
				}
				if all := infoAll &^ InfoDrops; info.Has&^all != 0 || cut == (info.Has == all) {
					t.Fatalf("with room for %d of %d: PacketInfo has %05b", size, whole, info.Has)
				}
			}
		}
	})
}

// What a program sets it can read back, whatever its values; and Append does not touch what
// is there.
func FuzzAppendPacketInfo(f *testing.F) {
	f.Add(uint8(255), "127.0.0.1", 1, uint8(3), uint8(64), []byte("x"))
	f.Add(uint8(7), "fe80::1", 1<<31-1, uint8(0), uint8(0), []byte{})
	f.Add(uint8(1), "::ffff:10.0.0.1", -1, uint8(0), uint8(0), []byte("12345678"))
	f.Fuzz(func(t *testing.T, has uint8, addr string, index int, tos, ttl uint8, prefix []byte) {
		local, _ := netip.ParseAddr(addr)
		p := PacketInfo{Has: InfoFlags(has), Local: local.WithZone(""), IfIndex: int(int32(index)), TOS: tos, TTL: ttl}
		control := AppendPacketInfo(prefix, p)
		if string(control[:len(prefix)]) != string(prefix) {
			t.Fatalf("the first %d bytes are now %x, want %x", len(prefix), control[:len(prefix)], prefix)
		}
		m := UDPMessage{Control: AppendPacketInfo(nil, p)}
		got, err := m.PacketInfo()
		want := p
		want.Has &= InfoLocal | InfoTOS | InfoTTL
		want.Local = p.Local.Unmap()
		if want.Has&InfoLocal == 0 || !want.Local.IsValid() {
			want.Has &^= InfoLocal
			want.Local, want.IfIndex = netip.Addr{}, 0
		}
		if want.Has&InfoTOS == 0 {
			want.TOS = 0
		}
		if want.Has&InfoTTL == 0 {
			want.TTL = 0
		}
		if err != nil || got != want {
			t.Fatalf("PacketInfo of what Append(%+v) wrote = %+v, %v", p, got, err)
		}
	})
}

// Whatever the kernel or a peer makes of the control messages, reading them ends, looks at no
// byte beside them, and reports what is not whole.
func FuzzPacketInfo(f *testing.F) {
	all := PacketInfo{Has: infoAll, Local: netip.MustParseAddr("10.0.0.1"), IfIndex: 1, TOS: 3, TTL: 64}
	v4 := AppendPacketInfo(nil, all)
	all.Local = netip.MustParseAddr("fe80::1")
	v6 := AppendPacketInfo(v4, all)
	for n := range len(v6) {
		f.Add(v6[:n], 0, 9)
	}
	f.Add(socket.AppendCmsg(nil, unix.SOL_SOCKET, unix.SCM_TIMESTAMPNS, make([]byte, 16)), 0, 16)
	f.Add(socket.AppendCmsg(nil, unix.IPPROTO_UDP, unix.UDP_GRO, make([]byte, 4)), syscall.MSG_CTRUNC, 0)
	f.Fuzz(func(t *testing.T, control []byte, flags, n int) {
		control = control[:len(control):len(control)]
		m := UDPMessage{Control: control, Flags: flags}
		info, err := m.PacketInfo()
		if flags&syscall.MSG_CTRUNC != 0 && err == nil {
			t.Fatalf("PacketInfo of what the kernel cut = %+v, nil", info)
		}
		if info.Has&InfoLocal == 0 && info.Local.IsValid() || info.Has&InfoTime == 0 && !info.Time.IsZero() {
			t.Fatalf("PacketInfo sets what it does not say: %+v", info)
		}
		if whole := wholeMessages(control, n&0xff); len(whole) > max(n&0xff, 0) && len(whole) > 0 {
			t.Fatalf("wholeMessages(%d bytes, %d) = %d bytes", len(control), n&0xff, len(whole))
		}
		size, rest := socket.TakeMerged(append([]byte(nil), control...))
		if size < 0 || len(rest) > len(control) {
			t.Fatalf("TakeMerged(%d bytes) = %d, %d bytes", len(control), size, len(rest))
		}
	})
}
