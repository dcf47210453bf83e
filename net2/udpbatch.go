//go:build linux

package net2

import (
	"net/netip"
	"syscall"
	"time"

	"go.parity/socket"
)

// A UDPMessage is a packet, or several packets to or from one address, for
// [UDPConn.ReadUDPBatch] and [UDPConn.WriteUDPBatch].
type UDPMessage struct {
	// Buffer is the data. A read needs room, and cuts Buffer to what came: make it as
	// long as it was before you use it again.
	Buffer []byte

	// Control holds control messages; see cmsg(3) and [AppendPacketInfo]. A read cuts it
	// to what came, as it does Buffer. It may be nil.
	Control []byte

	// Addr is the sender or the receiver. To write to the peer of a connected UDPConn,
	// leave it zero.
	Addr netip.AddrPort

	// Flags are those of a message that was read, of which MSG_TRUNC and MSG_CTRUNC say
	// that something did not fit; see recvmsg(2).
	Flags int

	// SegmentSize, if it is not 0, says that Buffer is a row of datagrams of this size;
	// the last may be shorter. If it is 0, Buffer is one datagram.
	SegmentSize int
}

// maxSegmentSize is the largest SegmentSize.
const maxSegmentSize = 65535

// mergedRoom is the room that a Buffer must have while the kernel merges datagrams: it would
// cut the last one without a word.
const mergedRoom = 65535

// ReadUDPBatch waits for one packet, and receives it and those that are there, in the
// order in which they came, into the first n messages of ms; see recvmmsg(2). It
// allocates nothing. If n is 0, it returns an error, or ms is empty. It takes at most
// 1,024 packets.
//
// Every Buffer must have room. The deadline is that of reads.
func (c *UDPConn) ReadUDPBatch(ms []UDPMessage) (n int, err error) {
	if c == nil || !c.ok() {
		return 0, syscall.EINVAL
	}
	if len(ms) == 0 {
		return 0, nil
	}
	if n, err = c.fd.readBatch(ms); err != nil {
		return 0, c.fd.opError("read", err)
	}
	return n, nil
}

func (fd *netFD) readBatch(ms []UDPMessage) (int, error) {
	merges := fd.udp.has(udpMerges)
	least := 1
	if merges {
		least = mergedRoom
	}
	ms = ms[:min(len(ms), socket.MaxMessages)]
	for i := range ms {
		if len(ms[i].Buffer) < least {
			return 0, syscall.EINVAL
		}
	}
	if len(ms) == 1 && len(ms[0].Control) == 0 && !fd.udp.has(udpMerges|udpInforms) {
		return fd.readAlone(&ms[0])
	}
	in := socket.GetMessages(len(ms))
	defer in.Release()
	for i := range ms {
		in.Set(i, ms[i].Buffer, ms[i].Control)
	}
	if merges {
		setMergedRoom(in, ms)
	}
	n, err := fd.pfd.ReadMessages(in, len(ms))
	if err != nil {
		return 0, wrapSyscallError("recvmmsg", err)
	}
	for i := range ms[:n] {
		fd.received(&ms[i], in, i, merges)
	}
	return n, nil
}

// readAlone is readBatch for one message: recvfrom(2) costs less than recvmmsg(2).
func (fd *netFD) readAlone(m *UDPMessage) (int, error) {
	var sa socket.Sockaddr
	n, err := fd.pfd.ReadWhole(m.Buffer, &sa)
	if err != nil {
		return 0, wrapSyscallError("recvfrom", err)
	}
	m.Flags, m.SegmentSize = 0, 0
	if n > len(m.Buffer) {
		m.Flags = syscall.MSG_TRUNC
	}
	m.Buffer = m.Buffer[:min(n, len(m.Buffer))]
	m.Addr = sockaddrToAddrPort(&sa, fd.family)
	return 1, nil
}

// setMergedRoom gives each message room of our own for control messages: the caller's may
// not suffice for the size of merged datagrams, which must not get lost.
func setMergedRoom(in *socket.Messages, ms []UDPMessage) {
	total := 0
	for i := range ms {
		total += len(ms[i].Control) + socket.MergedControlRoom
	}
	in.ReserveOwn(total)
	for i := range ms {
		room, _ := in.Own(len(ms[i].Control) + socket.MergedControlRoom)
		in.Set(i, ms[i].Buffer, room)
	}
}

// received fills in m, as which message i of in came.
func (fd *netFD) received(m *UDPMessage, in *socket.Messages, i int, merges bool) {
	n, oobn, flags := in.Received(i)
	m.Buffer = m.Buffer[:min(n, len(m.Buffer))]
	m.Flags = flags
	m.SegmentSize = 0
	if merges {
		m.takeMerged(in.Control(i))
	} else {
		m.Control = m.Control[:oobn]
	}
	m.Addr = sockaddrToAddrPort(in.Name(i), fd.family)
}

// takeMerged takes the size of merged datagrams out of the control messages that came, and
// hands the others to the caller, as many whole ones as there is room for.
func (m *UDPMessage) takeMerged(control []byte) {
	m.SegmentSize, control = socket.TakeMerged(control)
	if len(control) > len(m.Control) {
		m.Flags |= syscall.MSG_CTRUNC
		control = wholeMessages(control, len(m.Control))
	}
	m.Control = m.Control[:copy(m.Control, control)]
}

// wholeMessages returns as many of the control messages as fit into n bytes.
func wholeMessages(control []byte, n int) []byte {
	fits := 0
	for b := control; ; {
		_, rest, ok := socket.NextCmsg(b)
		if !ok || len(control)-len(rest) > n {
			return control[:fits]
		}
		fits = len(control) - len(rest)
		b = rest
	}
}

// WriteUDPBatch sends ms in order; see sendmmsg(2). It returns how many it sent. If that
// is not all, it returns an error, which is that of ms[n]: whoever wants to go on does so
// behind it. It allocates nothing.
//
// The kernel cuts a message with a SegmentSize into its datagrams. Where it cannot, because
// the route is too narrow, the device does not make checksums or the kernel is too old,
// WriteUDPBatch sends the datagrams of that message one by one. If one of these fails,
// those before it have been sent, although n does not count the message.
//
// WriteUDPBatch waits for room in the send buffer as often as it must; the deadline is
// that of writes.
func (c *UDPConn) WriteUDPBatch(ms []UDPMessage) (n int, err error) {
	if c == nil || !c.ok() {
		return 0, syscall.EINVAL
	}
	if len(ms) == 0 {
		return 0, nil
	}
	w := batchWriter{fd: c.fd, ms: ms, out: socket.GetMessages(max(len(ms), leastRoom))}
	defer w.out.Release()
	err = w.run()
	switch {
	case err == nil:
		return len(ms), nil
	case ms[w.sent].Addr.IsValid():
		return w.sent, c.fd.writeError(addrPortUDPAddr{ms[w.sent].Addr}, err)
	}
	return w.sent, c.fd.opError("write", err)
}

const (
	// leastRoom is for how many sends a batchWriter has room at least: if a message goes
	// datagram by datagram, it takes many.
	leastRoom = 64

	// maxSegments is into how many datagrams a kernel cuts one packet: 64, or 128 since
	// 6.9.
	maxSegments = 64

	// maxSegmented is how long that packet may be: 65,535 with the header of UDP, and
	// with that of IPv4 or of IPv6.
	maxSegmented = 65535 - 8 - 40
)

// A batchWriter sends messages in order. A send is a message, or a part of one that the
// kernel cuts into datagrams, or one datagram.
type batchWriter struct {
	fd  *netFD
	ms  []UDPMessage
	out *socket.Messages

	sent   int  // ms[:sent] have gone
	off    int  // and that much of the one behind them
	single bool // which goes datagram by datagram
}

// run sends all. If it fails, the error is that of ms[w.sent].
func (w *batchWriter) run() error {
	for w.sent < len(w.ms) {
		n, err := w.fill()
		if n == 0 {
			return err
		}
		// If err is not nil, it is that of a message behind these, and comes again.
		k, err := w.fd.pfd.WriteMessages(w.out, n)
		if err == nil {
			w.advance(k)
		} else if !w.fallBack(err) {
			return wrapSyscallError("sendmmsg", err)
		}
	}
	return nil
}

// fill prepares the next sends and returns how many. It stops at the first message that
// cannot be sent, with its error.
func (w *batchWriter) fill() (n int, err error) {
	w.out.ResetOwn()
	off, single := w.off, w.single
	for i := w.sent; i < len(w.ms) && err == nil; i++ {
		m, full := &w.ms[i], false
		if err := w.check(m); err != nil {
			return n, err
		}
		if n, full, err = w.fillMessage(n, m, off, single || w.goesSingly(m)); full {
			break
		}
		off, single = 0, false
	}
	return n, err
}

// fillMessage prepares the sends from n on, of what m holds behind off, and returns the
// number of the next one. It reports whether there is no room for more.
func (w *batchWriter) fillMessage(n int, m *UDPMessage, off int, single bool) (next int, full bool, err error) {
	for {
		if n == w.out.Len() {
			return n, true, nil
		}
		p, cut := m.next(off, single)
		control := m.Control
		if cut {
			room, ok := w.out.Own(socket.SegmentControlSize() + len(control))
			if !ok {
				return n, true, nil
			}
			socket.SegmentControl(room, m.SegmentSize, control)
			control = room
		}
		if err := w.address(n, m); err != nil {
			return n, false, err
		}
		w.out.Set(n, p, control)
		n++
		if off += len(p); off >= len(m.Buffer) {
			return n, false, nil
		}
	}
}

// check returns an error if m cannot be sent.
func (w *batchWriter) check(m *UDPMessage) error {
	if m.SegmentSize < 0 || m.SegmentSize > maxSegmentSize {
		return syscall.EINVAL
	}
	return w.fd.checkPeer(m.Addr.IsValid())
}

// address gives send n the receiver of m.
func (w *batchWriter) address(n int, m *UDPMessage) error {
	if w.fd.isConnected {
		w.out.NoName(n)
		return nil
	}
	return addrPortToSockaddr(w.out.Name(n), w.fd.family, m.Addr)
}

// goesSingly reports whether we know beforehand that the kernel does not cut m.
func (w *batchWriter) goesSingly(m *UDPMessage) bool {
	if m.SegmentSize == 0 || len(m.Buffer) <= m.SegmentSize {
		return false
	}
	if w.fd.udp.has(udpSingly) || !socket.HasSegmentation() {
		return true
	}
	return refused.any.Load() && refused.has(w.fd.destination(m), time.Now())
}

// destination is where m goes.
func (fd *netFD) destination(m *UDPMessage) netip.Addr {
	if m.Addr.IsValid() {
		return m.Addr.Addr().Unmap()
	}
	a := fd.raddr.raw
	if a.Family == syscall.AF_INET {
		return netip.AddrFrom4([4]byte(a.Addr[:4]))
	}
	return netip.AddrFrom16(a.Addr).Unmap()
}

// next returns the data of the send that begins at off, and whether the kernel must cut it.
func (m *UDPMessage) next(off int, single bool) (p []byte, cut bool) {
	p = m.Buffer[off:]
	size := m.SegmentSize
	if size == 0 || len(p) <= size {
		return p, false
	}
	segments := min(maxSegments, maxSegmented/size)
	if single || segments < 2 {
		return p[:size], false
	}
	return p[:min(len(p), segments*size)], true
}

// advance notes that the first k sends have gone.
func (w *batchWriter) advance(k int) {
	for i := range k {
		if w.off += w.out.Size(i); w.off >= len(w.ms[w.sent].Buffer) {
			w.sent, w.off, w.single = w.sent+1, 0, false
		}
	}
}

// fallBack looks at the error of the first send. If the kernel could not cut it, the rest of
// that message goes datagram by datagram, and fallBack reports true.
func (w *batchWriter) fallBack(err error) bool {
	m := &w.ms[w.sent]
	if m.SegmentSize == 0 || w.out.Size(0) <= m.SegmentSize {
		return false
	}
	switch err {
	case syscall.EIO: // nobody makes the checksums
		refused.add(w.fd.destination(m), time.Now())
	case syscall.EINVAL, syscall.EMSGSIZE: // the route is narrower than a datagram
	default:
		return false
	}
	w.single = true
	return true
}
