//go:build linux

package netns

import (
	"encoding/binary"
	"net/netip"

	"golang.org/x/sys/unix"
)

// An icmp is what a router says about a packet that it does not carry: type and code.
type icmp struct{ kind, code byte }

// about returns the message of a router to the sender of a packet.
func (m icmp) about(p []byte, router netip.Addr, mtu int) []byte {
	if p[0]>>4 == 6 {
		return m.about6(p, router, mtu)
	}
	quote := p[:min(len(p), int(p[0]&15)*4+8)]
	answer := make([]byte, 20+8, 20+8+len(quote))
	answer = append(answer, quote...)
	ip, body := answer[:20], answer[20:]
	ip[0], ip[8], ip[9] = 4<<4|5, 64, unix.IPPROTO_ICMP // version and length, time to live, protocol
	binary.BigEndian.PutUint16(ip[2:], uint16(len(answer)))
	copy(ip[12:], router.AsSlice())
	copy(ip[16:], p[12:16])
	binary.BigEndian.PutUint16(ip[10:], checksum(ip))
	body[0], body[1] = m.kind, m.code
	binary.BigEndian.PutUint16(body[6:], uint16(mtu))
	binary.BigEndian.PutUint16(body[2:], checksum(body))
	return answer
}

// about6 quotes as much of the packet as every link takes; see RFC 4443.
func (m icmp) about6(p []byte, router netip.Addr, mtu int) []byte {
	quote := p[:min(len(p), 1280-40-8)]
	answer := make([]byte, 40+8, 40+8+len(quote))
	answer = append(answer, quote...)
	ip, body := answer[:40], answer[40:]
	ip[0], ip[6], ip[7] = 6<<4, unix.IPPROTO_ICMPV6, 64 // version, next header, hop limit
	binary.BigEndian.PutUint16(ip[4:], uint16(len(body)))
	copy(ip[8:], router.AsSlice())
	copy(ip[24:], p[8:24])
	body[0], body[1] = m.kind, m.code
	binary.BigEndian.PutUint32(body[4:], uint32(mtu))
	pseudo := append([]byte(nil), ip[8:40]...)
	pseudo = binary.BigEndian.AppendUint32(pseudo, uint32(len(body)))
	pseudo = binary.BigEndian.AppendUint32(pseudo, unix.IPPROTO_ICMPV6)
	binary.BigEndian.PutUint16(body[2:], checksum(append(pseudo, body...)))
	return answer
}

// checksum is the sum that ends the headers of IP and ICMP.
func checksum(b []byte) uint16 {
	sum := uint32(0)
	for ; len(b) > 1; b = b[2:] {
		sum += uint32(binary.BigEndian.Uint16(b))
	}
	if len(b) > 0 {
		sum += uint32(b[0]) << 8
	}
	for sum > 0xffff {
		sum = sum>>16 + sum&0xffff
	}
	return ^uint16(sum)
}
