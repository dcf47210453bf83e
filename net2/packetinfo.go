//go:build linux

package net2

import (
	"encoding/binary"
	"io"
	"net/netip"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"go.parity/socket"
)

// InfoFlags say which fields of a [PacketInfo] are meant.
type InfoFlags uint8

const (
	InfoLocal InfoFlags = 1 << iota // Local and IfIndex
	InfoTOS                         // TOS
	InfoTTL                         // TTL
	InfoTime                        // Time
	InfoDrops                       // Drops

	infoAll = InfoLocal | InfoTOS | InfoTTL | InfoTime | InfoDrops
)

// PacketInfo is what the kernel tells about a packet beside its data and its sender, and,
// but for Time and Drops, what a program can set for a packet that it sends.
type PacketInfo struct {
	// Has says which of the other fields are set.
	Has InfoFlags

	// Local is the address to which the packet was sent, or from which to send it.
	// IfIndex is the interface on which it came, or on which to send it; 0 leaves the
	// choice to the kernel.
	Local   netip.Addr
	IfIndex int

	// TOS is the type of service in IPv4 and the traffic class in IPv6. Its two low bits
	// are for congestion notification (ECN, RFC 3168).
	TOS uint8

	// TTL is the time to live in IPv4 and the hop limit in IPv6.
	TTL uint8

	// Time is when the kernel received the packet.
	Time time.Time

	// Drops is how many packets the socket has lost so far, because nobody read them
	// in time. The kernel reports it from the first loss on; the number wraps around.
	Drops uint32
}

// SetPacketInfo makes the kernel tell, of each packet that it receives from now on, what is
// in the set, and nothing that is not. [UDPMessage.PacketInfo] reads it; a Control of
// [PacketInfoSize] bytes has room for all.
func (c *UDPConn) SetPacketInfo(what InfoFlags) error {
	if c == nil {
		return syscall.EINVAL
	}
	return c.setOwn(func(fd *netFD) error {
		if what&^infoAll != 0 {
			return syscall.EINVAL
		}
		fd.udp.set(udpInforms, what != 0)
		for _, o := range infoOptions {
			if o.inet6 && fd.family != syscall.AF_INET6 || o.inet4only && fd.family != syscall.AF_INET {
				continue
			}
			if err := fd.pfd.SetsockoptInt(o.level, o.option, boolint(what&o.info != 0)); err != nil {
				return optionError(o.name, "setsockopt", err)
			}
		}
		return nil
	})
}

// PacketInfoSize is how much room for control messages a packet needs at most with
// everything that [UDPConn.SetPacketInfo] can ask for.
const PacketInfoSize = 192

// infoOptions are the options that make the kernel tell. A socket for both versions of IP
// takes those of both, except that IPV6_RECVPKTINFO serves both.
var infoOptions = []struct {
	info             InfoFlags
	level, option    int
	inet6, inet4only bool
	name             string
}{
	{InfoLocal, unix.SOL_IP, unix.IP_PKTINFO, false, true, "InfoLocal"},
	{InfoLocal, unix.SOL_IPV6, unix.IPV6_RECVPKTINFO, true, false, "InfoLocal"},
	{InfoTOS, unix.SOL_IP, unix.IP_RECVTOS, false, false, "InfoTOS"},
	{InfoTOS, unix.SOL_IPV6, unix.IPV6_RECVTCLASS, true, false, "InfoTOS"},
	{InfoTTL, unix.SOL_IP, unix.IP_RECVTTL, false, false, "InfoTTL"},
	{InfoTTL, unix.SOL_IPV6, unix.IPV6_RECVHOPLIMIT, true, false, "InfoTTL"},
	{InfoTime, unix.SOL_SOCKET, unix.SO_TIMESTAMPNS, false, false, "InfoTime"},
	{InfoDrops, unix.SOL_SOCKET, unix.SO_RXQ_OVFL, false, false, "InfoDrops"},
}

// PacketInfo reads the control messages that came with m. It skips those that it does not
// know. If the kernel cut them short for want of room, or they are not whole, it returns
// what it could read, and an error that wraps [io.ErrUnexpectedEOF].
func (m *UDPMessage) PacketInfo() (PacketInfo, error) {
	var p PacketInfo
	whole := m.Flags&syscall.MSG_CTRUNC == 0
	for b := m.Control; len(b) > 0; {
		c, rest, ok := socket.NextCmsg(b)
		if !ok || !p.take(c) {
			whole = false
			break
		}
		b = rest
	}
	if !whole {
		return p, &OpError{Op: "read", Net: "udp", Err: io.ErrUnexpectedEOF}
	}
	return p, nil
}

// take reads one control message, and reports whether it is as long as it must be.
func (p *PacketInfo) take(c socket.Cmsg) bool {
	switch [2]int{c.Level, c.Type} {
	case [2]int{unix.SOL_IP, unix.IP_PKTINFO}:
		return p.takeLocal(c.Data, 0, 8, 4)
	case [2]int{unix.SOL_IPV6, unix.IPV6_PKTINFO}:
		return p.takeLocal(c.Data, 16, 0, 16)
	case [2]int{unix.SOL_IP, unix.IP_TOS}:
		if len(c.Data) == 1 { // on receipt; AppendPacketInfo writes an int
			p.TOS = c.Data[0]
			p.Has |= InfoTOS
			return true
		}
		return p.takeInt(c.Data, &p.TOS, InfoTOS)
	case [2]int{unix.SOL_IPV6, unix.IPV6_TCLASS}:
		return p.takeInt(c.Data, &p.TOS, InfoTOS)
	case [2]int{unix.SOL_IP, unix.IP_TTL}, [2]int{unix.SOL_IPV6, unix.IPV6_HOPLIMIT}:
		return p.takeInt(c.Data, &p.TTL, InfoTTL)
	case [2]int{unix.SOL_SOCKET, unix.SCM_TIMESTAMPNS}:
		return p.takeTime(c.Data)
	case [2]int{unix.SOL_SOCKET, unix.SO_RXQ_OVFL}:
		if len(c.Data) < 4 {
			return false
		}
		p.Drops = binary.NativeEndian.Uint32(c.Data)
		p.Has |= InfoDrops
	}
	return true
}

// takeLocal reads struct in_pktinfo or in6_pktinfo, in which the index of the interface
// and the address, n bytes long, have their places.
func (p *PacketInfo) takeLocal(data []byte, index, addr, n int) bool {
	if len(data) < max(index+4, addr+n) {
		return false
	}
	local, _ := netip.AddrFromSlice(data[addr : addr+n])
	p.Local = local.Unmap()
	p.IfIndex = int(int32(binary.NativeEndian.Uint32(data[index:])))
	p.Has |= InfoLocal
	return true
}

// takeInt reads an int.
func (p *PacketInfo) takeInt(data []byte, to *uint8, flag InfoFlags) bool {
	if len(data) < 4 {
		return false
	}
	*to = uint8(binary.NativeEndian.Uint32(data))
	p.Has |= flag
	return true
}

// takeTime reads struct timespec, whose numbers are as long as a pointer.
func (p *PacketInfo) takeTime(data []byte) bool {
	switch {
	case len(data) >= 16:
		p.Time = time.Unix(int64(binary.NativeEndian.Uint64(data)), int64(binary.NativeEndian.Uint64(data[8:])))
	case len(data) == 8:
		p.Time = time.Unix(int64(int32(binary.NativeEndian.Uint32(data))), int64(int32(binary.NativeEndian.Uint32(data[4:]))))
	default:
		return false
	}
	p.Has |= InfoTime
	return true
}

// AppendPacketInfo appends to control the control messages that set what p has: Local with
// IfIndex, TOS and TTL; see [UDPMessage]. Where p has no Local, it appends the messages of
// both versions of IP, and the kernel skips those of the other.
func AppendPacketInfo(control []byte, p PacketInfo) []byte {
	local := p.Local.Unmap()
	hasLocal := p.Has&InfoLocal != 0 && local.IsValid()
	if !hasLocal || local.Is4() {
		control = appendInet4(control, p, local, hasLocal)
	}
	if !hasLocal || local.Is6() {
		control = appendInet6(control, p, local, hasLocal)
	}
	return control
}

func appendInet4(control []byte, p PacketInfo, local netip.Addr, hasLocal bool) []byte {
	if hasLocal {
		var info [12]byte // struct in_pktinfo
		binary.NativeEndian.PutUint32(info[:], uint32(p.IfIndex))
		addr := local.As4()
		copy(info[4:], addr[:]) // the one that the kernel looks at when it sends
		copy(info[8:], addr[:])
		control = socket.AppendCmsg(control, unix.SOL_IP, unix.IP_PKTINFO, info[:])
	}
	return p.appendInts(control, unix.SOL_IP, unix.IP_TOS, unix.IP_TTL)
}

func appendInet6(control []byte, p PacketInfo, local netip.Addr, hasLocal bool) []byte {
	if hasLocal {
		var info [20]byte // struct in6_pktinfo
		addr := local.As16()
		copy(info[:], addr[:])
		binary.NativeEndian.PutUint32(info[16:], uint32(p.IfIndex))
		control = socket.AppendCmsg(control, unix.SOL_IPV6, unix.IPV6_PKTINFO, info[:])
	}
	return p.appendInts(control, unix.SOL_IPV6, unix.IPV6_TCLASS, unix.IPV6_HOPLIMIT)
}

func (p *PacketInfo) appendInts(control []byte, level, tos, ttl int) []byte {
	if p.Has&InfoTOS != 0 {
		control = appendInt(control, level, tos, int(p.TOS))
	}
	if p.Has&InfoTTL != 0 {
		control = appendInt(control, level, ttl, int(p.TTL))
	}
	return control
}

func appendInt(control []byte, level, typ, value int) []byte {
	var data [4]byte
	binary.NativeEndian.PutUint32(data[:], uint32(value))
	return socket.AppendCmsg(control, level, typ, data[:])
}
