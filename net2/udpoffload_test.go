//go:build linux

package net2

import (
	"net/netip"
	"testing"
	"time"
)

func TestRefusalsForget(t *testing.T) {
	var r refusals
	now := time.Now()
	addr := netip.MustParseAddr("192.0.2.1")
	if r.any.Load() {
		t.Error("the empty set says that it holds something")
	}
	r.add(addr, now)
	for _, tt := range []struct {
		addr string
		at   time.Duration
		want bool
	}{
		{"192.0.2.1", 0, true},
		{"192.0.2.2", 0, false},
		{"192.0.2.1", refusalTime, true},
		{"192.0.2.1", refusalTime + 1, false},
		{"192.0.2.1", 0, false}, // it has forgotten
	} {
		if got := r.has(netip.MustParseAddr(tt.addr), now.Add(tt.at)); got != tt.want {
			t.Errorf("has(%s) after %v = %t, want %t", tt.addr, tt.at, got, tt.want)
		}
	}
	if r.any.Load() {
		t.Error("after the last has gone, the set says that it holds something")
	}
}

func TestRefusalsAreBounded(t *testing.T) {
	var r refusals
	now := time.Now()
	for i := range 10 * refusalsMost {
		a := netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)})
		r.add(a, now)
		if !r.has(a, now) || len(r.until) > refusalsMost {
			t.Fatalf("after %d destinations the set holds %d, and the last: %t", i+1, len(r.until), r.has(a, now))
		}
	}
	// Those that are old go first.
	later := now.Add(refusalTime + 1)
	r.add(netip.MustParseAddr("10.1.0.0"), later)
	if len(r.until) != 1 {
		t.Errorf("the set holds %d destinations, want the new one alone", len(r.until))
	}
}

// What was refused goes datagram by datagram, to that destination alone.
func TestWriteUDPBatchRemembersRefusal(t *testing.T) {
	c, at := listenUDP(t, "udp4", "127.0.0.1:0")
	m := UDPMessage{Buffer: make([]byte, 100), SegmentSize: 10, Addr: at}
	other := m
	other.Addr = netip.MustParseAddrPort("127.0.0.2:1")
	w := batchWriter{fd: c.fd, ms: []UDPMessage{m}}
	if w.goesSingly(&m) {
		t.Fatal("the message goes datagram by datagram from the start")
	}
	refused.add(at.Addr(), time.Now())
	defer func() {
		refused.has(at.Addr(), time.Now().Add(2*refusalTime))
		if w.goesSingly(&m) {
			t.Error("the destination is not forgotten")
		}
	}()
	if !w.goesSingly(&m) || w.goesSingly(&other) {
		t.Errorf("goesSingly = %t and %t for another destination, want true and false", w.goesSingly(&m), w.goesSingly(&other))
	}
	connected, err := DialUDP("udp", nil, UDPAddrFromAddrPort(at))
	if err != nil {
		t.Fatal(err)
	}
	defer connected.Close()
	m.Addr = netip.AddrPort{}
	w = batchWriter{fd: connected.fd, ms: []UDPMessage{m}}
	if !w.goesSingly(&m) {
		t.Error("a connected socket does not know that its peer was refused")
	}
	if n, err := connected.WriteUDPBatch([]UDPMessage{m}); n != 1 || err != nil {
		t.Fatalf("WriteUDPBatch = %d, %v, want 1, nil", n, err)
	}
	if got := len(datagrams(t, c, 10)); got != 10 {
		t.Errorf("%d datagrams, want 10", got)
	}
}
