//go:build linux

package net2

import (
	"bytes"
	"encoding/binary"
	"strconv"
	"sync/atomic"
	"syscall"
	"time"
)

// A TCPState is the state of a TCP connection in the kernel (RFC 9293).
type TCPState uint8

// The states, with the kernel's numbers.
const (
	TCPEstablished TCPState = iota + 1
	TCPSynSent
	TCPSynReceived
	TCPFinWait1
	TCPFinWait2
	TCPTimeWait
	TCPClosed
	TCPCloseWait
	TCPLastAck
	TCPListening
	TCPClosing
)

var tcpStates = [...]string{
	TCPEstablished: "established",
	TCPSynSent:     "syn-sent",
	TCPSynReceived: "syn-received",
	TCPFinWait1:    "fin-wait-1",
	TCPFinWait2:    "fin-wait-2",
	TCPTimeWait:    "time-wait",
	TCPClosed:      "closed",
	TCPCloseWait:   "close-wait",
	TCPLastAck:     "last-ack",
	TCPListening:   "listening",
	TCPClosing:     "closing",
}

func (s TCPState) String() string {
	if int(s) < len(tcpStates) && tcpStates[s] != "" {
		return tcpStates[s]
	}
	return "state " + strconv.Itoa(int(s))
}

// TCPInfo is what the kernel knows of a TCP connection; see TCP_INFO in tcp(7). An
// older kernel knows less: Size says how much this one told, and the fields beyond
// are 0. Rates are in bytes a second.
type TCPInfo struct {
	Size       int // how many bytes of its structure the kernel filled
	State      TCPState
	Congestion string // the name of the algorithm, such as "cubic"

	RTT        time.Duration // the round-trip time, smoothed
	RTTVar     time.Duration // how much it varies
	MinRTT     time.Duration // the least of late; 0 if the kernel has not measured any
	ReceiveRTT time.Duration // the receiver's own estimate
	RTO        time.Duration // after which the kernel sends again
	ATO        time.Duration // after which the kernel acknowledges at the latest

	LastDataSent     time.Duration // since then
	LastDataReceived time.Duration // since then
	LastAckReceived  time.Duration // since then

	SendMSS       uint64 // bytes in a segment
	ReceiveMSS    uint64
	AdvertisedMSS uint64
	PathMTU       uint64

	SendCwnd           uint64 // segments
	SendSSThresh       uint64 // segments; 0 if the connection still starts slowly
	ReceiveSSThresh    uint64 // bytes
	ReceiveSpace       uint64 // bytes
	SendWindow         uint64 // bytes; what the peer has room for
	ReceiveWindow      uint64 // bytes
	SendWindowScale    uint8
	ReceiveWindowScale uint8
	Reordering         uint64

	Unacked          uint64 // segments under way
	Sacked           uint64 // segments
	Lost             uint64 // segments
	Retransmitted    uint64 // segments under way that were sent again
	TotalRetransmits uint64
	Retransmits      uint64 // of the first segment, one after the other, without an answer
	Probes           uint64 // without an answer
	Backoff          uint64

	BytesSent            uint64
	BytesRetransmitted   uint64
	BytesAcked           uint64
	BytesReceived        uint64
	NotSentBytes         uint64 // written, and not yet sent once
	SegmentsSent         uint64
	SegmentsReceived     uint64
	DataSegmentsSent     uint64
	DataSegmentsReceived uint64
	Delivered            uint64 // segments
	DeliveredCE          uint64 // segments that met congestion
	DSACKDuplicates      uint64
	ReorderingsSeen      uint64
	OutOfOrder           uint64 // segments that came too early
	Rehashes             uint64
	Timeouts             uint64 // of the retransmission timer
	TimeoutRecoveries    uint64
	TimeoutTime          time.Duration

	PacingRate             uint64
	MaxPacingRate          uint64 // 0 if there is no limit
	DeliveryRate           uint64
	DeliveryRateAppLimited bool // the program did not write enough to measure the rate

	BusyTime          time.Duration // while data was under way
	ReceiverLimited   time.Duration // of that, held up by the peer's window
	SendBufferLimited time.Duration // of that, held up by the send buffer
}

// maxTCPInfo has room for what a kernel may add to its structure.
const maxTCPInfo = 512

// Info returns what the kernel knows of the connection. On Multipath TCP that is its
// first subflow. Package net has no such method.
func (c *TCPConn) Info() (TCPInfo, error) {
	if c == nil || !c.ok() {
		return TCPInfo{}, syscall.EINVAL
	}
	info, err := c.fd.tcpInfo()
	if err != nil {
		return TCPInfo{}, c.fd.opError("get", err)
	}
	return info, nil
}

// tcpInfo asks the kernel about a socket that is connected, or listens.
func (fd *netFD) tcpInfo() (info TCPInfo, err error) {
	var b [maxTCPInfo]byte
	n, err := fd.pfd.Getsockopt(syscall.IPPROTO_TCP, syscall.TCP_INFO, b[:])
	if err != nil {
		return info, optionError("Info", "getsockopt", err)
	}
	info.decode(b[:n])
	n, err = fd.pfd.Getsockopt(syscall.IPPROTO_TCP, syscall.TCP_CONGESTION, b[:16])
	if err != nil {
		return info, optionError("Info", "getsockopt", err)
	}
	name, _, _ := bytes.Cut(b[:n], []byte{0})
	info.Congestion = congestionNames.of(name)
	return info, nil
}

// decode reads the kernel's struct tcp_info, of which b has the beginning.
func (info *TCPInfo) decode(b []byte) {
	r := tcpInfoReader(b)
	scales, flags := r.bits(6)
	info.Size = len(b)
	info.State = TCPState(r.u8(0))
	info.Retransmits, info.Probes, info.Backoff = r.u8(2), r.u8(3), r.u8(4)
	info.SendWindowScale, info.ReceiveWindowScale = scales&0xf, scales>>4
	info.DeliveryRateAppLimited = flags&1 != 0
	info.RTO, info.ATO = r.us(8), r.us(12)
	info.SendMSS, info.ReceiveMSS = r.u32(16), r.u32(20)
	info.Unacked, info.Sacked, info.Lost, info.Retransmitted = r.u32(24), r.u32(28), r.u32(32), r.u32(36)
	info.LastDataSent, info.LastDataReceived, info.LastAckReceived = r.ms(44), r.ms(52), r.ms(56)
	info.PathMTU, info.ReceiveSSThresh = r.u32(60), r.u32(64)
	info.RTT, info.RTTVar = r.us(68), r.us(72)
	const infinite uint32 = 0x7fffffff
	info.SendSSThresh = unless(r.u32(76), infinite)
	info.SendCwnd, info.AdvertisedMSS, info.Reordering = r.u32(80), r.u32(84), r.u32(88)
	info.ReceiveRTT, info.ReceiveSpace, info.TotalRetransmits = r.us(92), r.u32(96), r.u32(100)
	info.PacingRate, info.MaxPacingRate = unless(r.u64(104), ^uint64(0)), unless(r.u64(112), ^uint64(0))
	info.BytesAcked, info.BytesReceived = r.u64(120), r.u64(128)
	info.SegmentsSent, info.SegmentsReceived = r.u32(136), r.u32(140)
	info.NotSentBytes = r.u32(144)
	info.MinRTT = time.Duration(unless(r.u32(148), ^uint32(0))) * time.Microsecond
	info.DataSegmentsReceived, info.DataSegmentsSent = r.u32(152), r.u32(156)
	info.DeliveryRate = r.u64(160)
	info.BusyTime, info.ReceiverLimited, info.SendBufferLimited = r.us64(168), r.us64(176), r.us64(184)
	info.Delivered, info.DeliveredCE = r.u32(192), r.u32(196)
	info.BytesSent, info.BytesRetransmitted = r.u64(200), r.u64(208)
	info.DSACKDuplicates, info.ReorderingsSeen, info.OutOfOrder = r.u32(216), r.u32(220), r.u32(224)
	info.SendWindow, info.ReceiveWindow, info.Rehashes = r.u32(228), r.u32(232), r.u32(236)
	info.Timeouts, info.TimeoutRecoveries = r.u16(240), r.u16(242)
	info.TimeoutTime = r.ms(244)
}

// unless returns v, or 0 if v is the number by which the kernel says "none".
func unless[N uint32 | uint64](v uint64, none N) uint64 {
	if v == uint64(none) {
		return 0
	}
	return v
}

// A tcpInfoReader reads numbers at offsets of the kernel's structure. Beyond its end
// all are 0.
type tcpInfoReader []byte

var beyondTCPInfo [8]byte

func (r tcpInfoReader) at(offset, size int) []byte {
	if offset+size > len(r) {
		return beyondTCPInfo[:size]
	}
	return r[offset : offset+size]
}

func (r tcpInfoReader) u8(offset int) uint64 { return uint64(r.at(offset, 1)[0]) }
func (r tcpInfoReader) u16(offset int) uint64 {
	return uint64(binary.NativeEndian.Uint16(r.at(offset, 2)))
}
func (r tcpInfoReader) u32(offset int) uint64 {
	return uint64(binary.NativeEndian.Uint32(r.at(offset, 4)))
}
func (r tcpInfoReader) u64(offset int) uint64 { return binary.NativeEndian.Uint64(r.at(offset, 8)) }

func (r tcpInfoReader) us(offset int) time.Duration {
	return time.Duration(r.u32(offset)) * time.Microsecond
}

func (r tcpInfoReader) us64(offset int) time.Duration {
	return time.Duration(r.u64(offset)) * time.Microsecond
}

func (r tcpInfoReader) ms(offset int) time.Duration {
	return time.Duration(r.u32(offset)) * time.Millisecond
}

// bits returns two bytes of bit fields, which C fills from the low bits on machines
// whose first byte is the low one, and from the high bits on others. The first field
// is in the low bits of what bits returns; each byte has two fields of 4 bits, or one
// of a single bit that we read.
func (r tcpInfoReader) bits(offset int) (scales, flags uint8) {
	scales, flags = uint8(r.u8(offset)), uint8(r.u8(offset+1))
	if bigEndian {
		return scales>>4 | scales<<4, flags >> 7
	}
	return scales, flags & 1
}

var bigEndian = binary.NativeEndian.Uint16([]byte{0, 1}) == 1

// congestionNames keeps the names of the algorithms that the kernel has told us, a
// handful, so that Info allocates nothing.
var congestionNames names

type names struct{ list atomic.Pointer[[]string] }

// of returns b as a string.
func (n *names) of(b []byte) string {
	for {
		old := n.list.Load()
		var list []string
		if old != nil {
			list = *old
		}
		for _, s := range list {
			if s == string(b) {
				return s
			}
		}
		grown := append(list[:len(list):len(list)], string(b))
		n.list.CompareAndSwap(old, &grown)
	}
}
