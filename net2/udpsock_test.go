//go:build linux

package net2

import (
	"net/netip"
	"testing"
)

func TestUDPAddrPortMethodsAllocateNothing(t *testing.T) {
	c, err := ListenUDP("udp4", &UDPAddr{IP: IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	to := c.LocalAddr().(*UDPAddr).AddrPort()
	p, oob := make([]byte, 64), make([]byte, 64)
	for _, tt := range []struct {
		name string
		do   func() (netip.AddrPort, error)
	}{
		{"WriteToUDPAddrPort and ReadFromUDPAddrPort", func() (netip.AddrPort, error) {
			if _, err := c.WriteToUDPAddrPort(p, to); err != nil {
				return netip.AddrPort{}, err
			}
			_, from, err := c.ReadFromUDPAddrPort(p)
			return from, err
		}},
		{"WriteMsgUDPAddrPort and ReadMsgUDPAddrPort", func() (netip.AddrPort, error) {
			if _, _, err := c.WriteMsgUDPAddrPort(p, nil, to); err != nil {
				return netip.AddrPort{}, err
			}
			_, _, _, from, err := c.ReadMsgUDPAddrPort(p, oob)
			return from, err
		}},
	} {
		n := allocsPerRun(200, func() {
			if from, err := tt.do(); from != to || err != nil {
				t.Fatalf("%s = %v, %v, want %v, nil", tt.name, from, err, to)
			}
		})
		if n != 0 {
			t.Errorf("%s allocate %v times, want 0", tt.name, n)
		}
	}
}
