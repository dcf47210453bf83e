//go:build linux

package socket

import (
	"encoding/binary"
	"sync"

	"golang.org/x/sys/unix"
)

// MaxMessages is how many messages one sendmmsg(2) or recvmmsg(2) takes: UIO_MAXIOV.
const MaxMessages = 1024

// Messages is the memory that sendmmsg(2) and recvmmsg(2) need beside the data: for
// each message a header, an address, and room for control messages. It is kept for the
// next call.
type Messages struct {
	hdr  []mmsghdr // hdr[i] points to iov[i] and name[i]
	iov  []Iovec
	name []Sockaddr
	own  []byte // what Own returns parts of
	used int    // that many headers point to the caller's memory
}

// mmsghdr is struct mmsghdr, which x/sys lacks.
type mmsghdr struct {
	unix.Msghdr
	n uint32 // how many bytes of data the call moved
}

var messagesPool = sync.Pool{New: func() any { return new(Messages) }}

// GetMessages returns a Messages with room for n messages, at most MaxMessages.
func GetMessages(n int) *Messages {
	m := messagesPool.Get().(*Messages)
	m.grow(min(n, MaxMessages))
	return m
}

// Release gives m back, and forgets the caller's memory.
func (m *Messages) Release() {
	for i := range m.used {
		m.iov[i].Base = nil
		m.hdr[i].Control = nil
	}
	m.used = 0
	m.own = m.own[:0]
	messagesPool.Put(m)
}

// Len returns for how many messages there is room.
func (m *Messages) Len() int { return len(m.hdr) }

func (m *Messages) grow(n int) {
	if n <= len(m.hdr) {
		return
	}
	m.hdr = make([]mmsghdr, n)
	m.iov = make([]Iovec, n)
	m.name = make([]Sockaddr, n)
	for i := range m.hdr {
		h := &m.hdr[i]
		h.Iov = &m.iov[i]
		h.SetIovlen(1)
		h.Name = &m.name[i].raw[0]
	}
}

// Own makes room for n bytes of control messages in the memory of m. What it returned
// before stays valid until ResetOwn or Release. It reports false if that would not be so:
// the caller then sends first what it has. After ResetOwn there is always room.
func (m *Messages) Own(n int) (room []byte, ok bool) {
	begin := len(m.own)
	if n > cap(m.own)-begin {
		if begin > 0 {
			return nil, false
		}
		m.own = make([]byte, 0, max(n, ownRoom))
	}
	m.own = m.own[:begin+n]
	return m.own[begin : begin+n : begin+n], true
}

// ownRoom is the least memory for control messages of our own.
const ownRoom = 4096

// ReserveOwn makes all the parts that Own returns next, n bytes together, fit. Nothing of
// what Own returned before stays valid.
func (m *Messages) ReserveOwn(n int) {
	m.ResetOwn()
	if n > cap(m.own) {
		m.own = make([]byte, 0, max(n, ownRoom))
	}
}

// ResetOwn takes back all that Own returned.
func (m *Messages) ResetOwn() { m.own = m.own[:0] }

// Set lets message i move the data in p and the control messages in oob.
func (m *Messages) Set(i int, p, oob []byte) {
	v, h := &m.iov[i], &m.hdr[i]
	v.Base = nil
	if len(p) > 0 {
		v.Base = &p[0]
	}
	v.SetLen(len(p))
	h.Control = nil
	if len(oob) > 0 {
		h.Control = &oob[0]
	}
	h.SetControllen(len(oob))
	m.used = max(m.used, i+1)
}

// Name is the address of message i, which a send reads and a receive writes. A send to the
// peer needs NoName.
func (m *Messages) Name(i int) *Sockaddr { return &m.name[i] }

// NoName makes message i go to the socket's peer.
func (m *Messages) NoName(i int) { m.name[i].len = 0 }

// Size returns the length of the data that Set gave to message i.
func (m *Messages) Size(i int) int { return int(m.iov[i].Len) }

// Received returns how many bytes message i brought, how many bytes of control messages,
// and its flags.
func (m *Messages) Received(i int) (n, oobn, flags int) {
	h := &m.hdr[i]
	return int(h.n), int(h.Controllen), int(h.Flags)
}

// HasSegmentation reports whether the kernel cuts a packet into datagrams (UDP_SEGMENT),
// which came with 4.18. An older kernel ignores the control message and sends the
// packet whole. HasSegmentation finds out by trying, once.
func HasSegmentation() bool { return segmentation.value() }

var segmentation = known[bool]{find: trySegmentation}

func trySegmentation() bool {
	family := unix.AF_INET
	if !HostCapabilities().IPv4 {
		family = unix.AF_INET6
	}
	fd, errno := Socket(family, unix.SOCK_DGRAM, 0)
	if errno != 0 {
		return false
	}
	defer Close(fd)
	_, errno = GetsockoptInt(fd, unix.IPPROTO_UDP, unix.UDP_SEGMENT)
	return errno == 0
}

// SegmentControlSize is the length of the control message that SegmentControl writes.
func SegmentControlSize() int { return unix.CmsgSpace(2) }

// SegmentControl writes to b a control message that makes the kernel cut the data into
// datagrams of a size, and behind it oob. b must have the length of both.
func SegmentControl(b []byte, size int, oob []byte) {
	var data [2]byte
	binary.NativeEndian.PutUint16(data[:], uint16(size))
	copy(b[len(AppendCmsg(b[:0], unix.IPPROTO_UDP, unix.UDP_SEGMENT, data[:])):], oob)
}

// MergedControlRoom is how much longer than the caller's the room for control messages
// must be, so that the size of merged datagrams arrives whatever else the kernel sends
// before it: time stamps, drops, mark, priority and the state of a wireless link.
const MergedControlRoom = 256

// TakeMerged removes from control the message that gives the size of the datagrams that
// the kernel merged (UDP_GRO), and returns that size, 0 if it merged none, and the rest,
// in the same memory.
func TakeMerged(control []byte) (size int, rest []byte) {
	for b := control; ; {
		c, after, ok := NextCmsg(b)
		if !ok {
			return 0, control
		}
		if c.Level == unix.IPPROTO_UDP && c.Type == unix.UDP_GRO && len(c.Data) >= 4 {
			size = int(int32(binary.NativeEndian.Uint32(c.Data)))
			before := len(control) - len(b)
			return max(size, 0), append(control[:before], after...)
		}
		b = after
	}
}
