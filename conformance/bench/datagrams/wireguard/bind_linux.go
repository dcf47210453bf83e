// Package wireguard is the socket of WireGuard on net2's UDP batches.
package wireguard

import (
	"context"
	"errors"
	"net/netip"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"

	"golang.org/x/sys/unix"
	"golang.zx2c4.com/wireguard/conn"

	"go.parity/net2"
)

// A Net2Bind is a [conn.Bind]. It allocates nothing for a packet.
type Net2Bind struct {
	mu     sync.RWMutex // guards v4 and v6
	v4, v6 *net2.UDPConn
}

// NewNet2Bind returns a Net2Bind that is not open.
func NewNet2Bind() *Net2Bind { return new(Net2Bind) }

var _ conn.Bind = (*Net2Bind)(nil)

// A Net2Endpoint is a peer, and the address of this host to which it sent.
type Net2Endpoint struct {
	to      netip.AddrPort
	control []byte // makes a packet leave from that address
	local   netip.Addr
	cleared atomic.Bool // use control no more
}

var _ conn.Endpoint = (*Net2Endpoint)(nil)

// ClearSrc makes packets leave from the address that the kernel chooses.
func (e *Net2Endpoint) ClearSrc() { e.cleared.Store(true) }

// SrcIP returns the local address, or the zero one.
func (e *Net2Endpoint) SrcIP() netip.Addr {
	if e.cleared.Load() {
		return netip.Addr{}
	}
	return e.local
}

// SrcToString returns SrcIP as text.
func (e *Net2Endpoint) SrcToString() string { return e.SrcIP().String() }

// DstIP returns the peer's address.
func (e *Net2Endpoint) DstIP() netip.Addr { return e.to.Addr() }

// DstToString returns the peer's address and port.
func (e *Net2Endpoint) DstToString() string { return e.to.String() }

// DstToBytes returns the peer's address and port.
func (e *Net2Endpoint) DstToBytes() []byte {
	b, _ := e.to.MarshalBinary()
	return b
}

// ParseEndpoint reads an address and port.
func (*Net2Bind) ParseEndpoint(s string) (conn.Endpoint, error) {
	to, err := netip.ParseAddrPort(s)
	if err != nil {
		return nil, err
	}
	return &Net2Endpoint{to: to}, nil
}

// BatchSize is how many packets a call receives or sends at most.
func (*Net2Bind) BatchSize() int { return conn.IdealBatchSize }

// Open listens on a port, of both versions of IP.
func (b *Net2Bind) Open(port uint16) ([]conn.ReceiveFunc, uint16, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.v4 != nil || b.v6 != nil {
		return nil, 0, conn.ErrBindAlreadyOpen
	}
	for try := 0; ; try++ {
		v4, v6, err := listenBoth(port)
		if port == 0 && errors.Is(err, syscall.EADDRINUSE) && try < 100 {
			continue // the port that IPv4 got is taken in IPv6
		}
		if err != nil {
			return nil, 0, err
		}
		b.v4, b.v6 = v4, v6
		break
	}
	var receive []conn.ReceiveFunc
	for _, c := range []*net2.UDPConn{b.v4, b.v6} {
		if c != nil {
			receive = append(receive, newReceiver(c).receive)
			port = uint16(c.LocalAddr().(*net2.UDPAddr).Port)
		}
	}
	return receive, port, nil
}

// listenBoth listens on one port in both versions of IP. One that this host lacks is nil.
func listenBoth(port uint16) (v4, v6 *net2.UDPConn, err error) {
	v4, err4 := listen("udp4", port)
	if err4 != nil && !errors.Is(err4, syscall.EAFNOSUPPORT) {
		return nil, nil, err4
	}
	if v4 != nil {
		port = uint16(v4.LocalAddr().(*net2.UDPAddr).Port)
	}
	v6, err = listen("udp6", port)
	switch {
	case err == nil:
		return v4, v6, nil
	case v4 != nil && errors.Is(err, syscall.EAFNOSUPPORT):
		return v4, nil, nil
	case v4 != nil:
		v4.Close()
	}
	return nil, nil, err
}

// bufferSize is what the kernel is asked to let wait.
const bufferSize = 7 << 20

func listen(network string, port uint16) (*net2.UDPConn, error) {
	c, err := new(net2.ListenConfig).ListenPacket(context.Background(), network, ":"+strconv.Itoa(int(port)))
	if err != nil {
		return nil, err
	}
	u := c.(*net2.UDPConn)
	u.SetReadBuffer(bufferSize) // as much of it as the host allows
	u.SetWriteBuffer(bufferSize)
	if err := u.SetPacketInfo(net2.InfoLocal); err != nil {
		u.Close()
		return nil, err
	}
	return u, nil
}

// Close ends all that waits.
func (b *Net2Bind) Close() error {
	b.mu.Lock()
	v4, v6 := b.v4, b.v6
	b.v4, b.v6 = nil, nil
	b.mu.Unlock()
	var errs []error
	for _, c := range []*net2.UDPConn{v4, v6} {
		if c != nil {
			errs = append(errs, c.Close())
		}
	}
	return errors.Join(errs...)
}

// SetMark sets SO_MARK.
func (b *Net2Bind) SetMark(mark uint32) error {
	b.mu.RLock()
	defer b.mu.RUnlock()
	for _, c := range []*net2.UDPConn{b.v4, b.v6} {
		if c == nil {
			continue
		}
		raw, err := c.SyscallConn()
		if err != nil {
			return err
		}
		var optErr error
		if err := raw.Control(func(fd uintptr) {
			optErr = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_MARK, int(mark))
		}); err != nil || optErr != nil {
			return errors.Join(err, optErr)
		}
	}
	return nil
}

// A receiver receives on one socket, in one goroutine.
type receiver struct {
	conn      *net2.UDPConn
	merged    []net2.UDPMessage // nil if the kernel does not merge
	waiting   []net2.UDPMessage // those of merged that have not been handed out
	single    []net2.UDPMessage
	endpoints map[source]*Net2Endpoint // those that came before
}

// A source is all that an endpoint is made of.
type source struct {
	from    netip.AddrPort
	local   netip.Addr
	ifIndex int
}

const (
	// mergedMost is how many datagrams the kernel merges.
	mergedMost = 64

	// endpointsMost is how many sources a receiver remembers.
	endpointsMost = 4096

	largest = 65535
)

func newReceiver(c *net2.UDPConn) *receiver {
	r := &receiver{conn: c, endpoints: make(map[source]*Net2Endpoint)}
	n, size := conn.IdealBatchSize, 0
	if c.SetReceiveOffload(true) == nil {
		n, size = conn.IdealBatchSize/mergedMost, largest
	}
	ms := make([]net2.UDPMessage, n)
	for i := range ms {
		ms[i].Buffer, ms[i].Control = make([]byte, size), make([]byte, net2.PacketInfoSize)
	}
	if size > 0 {
		r.merged, r.waiting = ms, make([]net2.UDPMessage, 0, n)
	} else {
		r.single = ms
	}
	return r
}

func (r *receiver) receive(packets [][]byte, sizes []int, eps []conn.Endpoint) (int, error) {
	if r.merged == nil {
		return r.receiveInto(packets, sizes, eps)
	}
	if len(r.waiting) == 0 {
		for i := range r.merged {
			m := &r.merged[i]
			m.Buffer, m.Control = m.Buffer[:largest], m.Control[:net2.PacketInfoSize]
		}
		n, err := r.conn.ReadUDPBatch(r.merged)
		if err != nil {
			return 0, err
		}
		r.waiting = append(r.waiting, r.merged[:n]...)
	}
	n := 0
	for len(r.waiting) > 0 && n < len(packets) {
		n += cut(&r.waiting[0], r.endpoint(&r.waiting[0]), packets[n:], sizes[n:], eps[n:])
		if len(r.waiting[0].Buffer) == 0 {
			r.waiting = r.waiting[:copy(r.waiting, r.waiting[1:])]
		}
	}
	return n, nil
}

// cut copies the datagrams of m to packets, as many as there are packets, and returns how many.
func cut(m *net2.UDPMessage, ep *Net2Endpoint, packets [][]byte, sizes []int, eps []conn.Endpoint) (n int) {
	for n < len(packets) {
		d := m.Buffer
		if m.SegmentSize > 0 && len(d) > m.SegmentSize {
			d = d[:m.SegmentSize]
		}
		sizes[n], eps[n] = copy(packets[n], d), ep
		n++
		if m.Buffer = m.Buffer[len(d):]; len(m.Buffer) == 0 {
			break
		}
	}
	return n
}

// receiveInto receives without a copy.
func (r *receiver) receiveInto(packets [][]byte, sizes []int, eps []conn.Endpoint) (int, error) {
	ms := r.single[:min(len(packets), len(r.single))]
	for i := range ms {
		ms[i].Buffer, ms[i].Control = packets[i], ms[i].Control[:net2.PacketInfoSize]
	}
	n, err := r.conn.ReadUDPBatch(ms)
	for i := range ms[:n] {
		sizes[i], eps[i] = len(ms[i].Buffer), r.endpoint(&ms[i])
	}
	return n, err
}

// endpoint returns the sender; the same one each time, so that a packet costs no allocation.
func (r *receiver) endpoint(m *net2.UDPMessage) *Net2Endpoint {
	info, _ := m.PacketInfo()
	key := source{m.Addr, info.Local, info.IfIndex}
	ep := r.endpoints[key]
	if ep == nil {
		ep = &Net2Endpoint{to: m.Addr, local: info.Local}
		if info.Has&net2.InfoLocal != 0 {
			ep.control = net2.AppendPacketInfo(nil, info)
		}
		if len(r.endpoints) >= endpointsMost {
			clear(r.endpoints)
		}
		r.endpoints[key] = ep
	}
	if ep.cleared.Load() {
		ep.cleared.Store(false)
	}
	return ep
}

// messagesPool holds the messages of a Send.
var messagesPool = sync.Pool{New: func() any { return new([conn.IdealBatchSize]net2.UDPMessage) }}

// Send sends bufs. It joins those that are equally long, in the room that the first of them has
// behind it.
func (b *Net2Bind) Send(bufs [][]byte, endpoint conn.Endpoint) error {
	ep, ok := endpoint.(*Net2Endpoint)
	if !ok {
		return conn.ErrWrongEndpointType
	}
	b.mu.RLock()
	c := b.v4
	if ep.to.Addr().Is6() {
		c = b.v6
	}
	b.mu.RUnlock()
	if c == nil {
		return syscall.EAFNOSUPPORT
	}
	var control []byte
	if !ep.cleared.Load() {
		control = ep.control
	}
	ms := messagesPool.Get().(*[conn.IdealBatchSize]net2.UDPMessage)
	defer func() { clear(ms[:]); messagesPool.Put(ms) }()
	_, err := c.WriteUDPBatch(join(ms[:0], bufs, ep.to, control))
	return err
}

// joinedMost is how long a joined packet is at most.
const joinedMost = 65535 - 8 - 40

// join appends messages with the datagrams in bufs to ms.
func join(ms []net2.UDPMessage, bufs [][]byte, to netip.AddrPort, control []byte) []net2.UDPMessage {
	short := true // nothing may follow in the last message
	for _, buf := range bufs {
		if !short {
			last := &ms[len(ms)-1]
			if len(buf) <= last.SegmentSize && len(last.Buffer)+len(buf) <= min(cap(last.Buffer), joinedMost) && len(buf) > 0 {
				last.Buffer = append(last.Buffer, buf...)
				short = len(buf) < last.SegmentSize
				continue
			}
		}
		ms = append(ms, net2.UDPMessage{Buffer: buf, SegmentSize: len(buf), Addr: to, Control: control})
		short = len(buf) == 0
	}
	return ms
}
