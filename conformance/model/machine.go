//go:build linux

package model

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"go.parity/conformance/stack"
)

// The times that a deadline is set to.
var (
	past   = time.Unix(1, 0)
	future = time.Now().Add(24 * time.Hour)
)

// near is how long a read that finds nothing may take.
const near = time.Millisecond

// maxConns bounds the ends that a program may have open.
const maxConns = 8

// An end is one end of a connection, with the account of what it has done.
type end struct {
	conn net.Conn
	peer *end

	stream bool
	queue  []int // what the peer has sent and this end has not read: for a stream one sum, otherwise one length per packet
	sent   int   // bytes so far; the next ones are numbered from here

	closed      bool
	noMoreReads bool // CloseRead
	noMoreSends bool // CloseWrite
	uncertain   bool // reset, or about to be: the only thing left is to close it
	expiredR    bool
	expiredW    bool
}

// ended reports whether a read finds the end once the queue is empty.
func (e *end) ended() bool {
	return e.stream && (e.noMoreReads || e.peer.closed || e.peer.noMoreSends)
}

func (e *end) pending() int {
	n := 0
	for _, q := range e.queue {
		n += q
	}
	return n
}

// push accounts for n bytes that the peer has sent.
func (e *end) push(n int) {
	if e.stream && len(e.queue) > 0 {
		e.queue[0] += n
		return
	}
	if n > 0 || !e.stream {
		e.queue = append(e.queue, n)
	}
}

// A machine runs a program on a stack.
type machine struct {
	namer
	stack   *stack.Stack
	ends    []*end
	results []string
	ran     int // operations that were not passed over
	worked  int // those of them in which something succeeded
	made    int // names of sockets so far
}

// run runs p and returns a machine that has what each operation answered. If the
// kernel gave one port to two sockets, run runs p again, for the names of the
// sockets would depend on it. It returns nil if that happens again and again: a
// host may have only a few ports left.
func run(s *stack.Stack, p Program) *machine {
	for try := range 10 {
		time.Sleep(time.Duration(try) * 20 * time.Millisecond)
		m := &machine{stack: s}
		if m.run(p); !m.collided {
			return m
		}
	}
	return nil
}

func (m *machine) run(p Program) {
	dir, err := os.MkdirTemp("", "model")
	if err != nil {
		m.results = []string{err.Error()}
		return
	}
	defer os.RemoveAll(dir)
	m.namer = namer{dir: dir, ports: map[string]string{}}
	for _, o := range p {
		m.results = append(m.results, "")
		m.succeeded = false
		if m.do(o) {
			m.ran++
			if m.succeeded {
				m.worked++
			}
		}
	}
	for _, e := range m.ends {
		// A reset frees the port at once.
		if c, ok := e.conn.(interface{ SetLinger(int) error }); ok {
			c.SetLinger(0)
		}
		e.conn.Close()
	}
}

// record adds to the answer of the current operation.
func (m *machine) record(format string, args ...any) {
	m.results[len(m.results)-1] += fmt.Sprintf(format, args...) + "\n"
}

// do runs one operation. It reports false for an operation whose outcome would
// not be determined, or for which there is no connection.
func (m *machine) do(o Op) bool {
	switch kind := o.Kind % numKinds; kind {
	case Pair:
		return m.pair(o)
	case Refused:
		return m.refused()
	case Canceled:
		return m.canceled()
	case BadAddress:
		return m.badAddress(int(o.N))
	case AcceptClosed:
		return m.acceptClosed(o)
	case AcceptCanceled:
		return m.acceptCanceled(o)
	default:
		if len(m.ends) == 0 {
			return false
		}
		e := m.ends[int(o.Conn)%len(m.ends)]
		if e.uncertain && kind != Close {
			return false
		}
		return m.onEnd(e, kind, int(o.N))
	}
}

func (m *machine) onEnd(e *end, kind Kind, n int) bool {
	switch kind {
	case Write:
		return m.write(e, n%20000)
	case Read:
		return m.read(e, n%20000+1)
	case ReadNone:
		return m.readNone(e)
	case ReadWoken:
		return m.readWoken(e, n%500+1)
	case ReadClosed:
		return m.readWhile(e, "close", func() { m.close(e) })
	case ReadEnded:
		return m.readEnded(e)
	case ReadTimedOut:
		return m.readWhile(e, "deadline", func() {
			m.record("set: %s", m.error(e.conn.SetReadDeadline(past)))
			e.expiredR = true
		})
	case Zero:
		return m.zero(e)
	case Deadline:
		return m.deadline(e, n%3, n/3%3)
	case CloseWrite:
		return m.closeWrite(e)
	case CloseRead:
		return m.closeRead(e)
	case Close:
		m.close(e)
		return true
	case Option:
		return m.option(e, n)
	case Names:
		m.record("%s -> %s", m.addr(e.conn.LocalAddr()), m.addr(e.conn.RemoteAddr()))
		return true
	case File:
		return m.file(e)
	case FileConn:
		return m.fileConn(e)
	case Control:
		return m.control(e)
	case RawRead:
		return m.rawRead(e)
	case Copy:
		return m.copy(e, n%20000)
	case Buffers:
		return m.buffers(e, n%20000)
	case TryRead:
		return m.tryRead(e, n%20000+1)
	case WaitRead:
		return m.waitRead(e)
	case ReadContext:
		return m.readContext(e, n%20000+1)
	case ReadCanceled:
		return m.readCanceled(e)
	case WriteContext:
		return m.writeContext(e, n%20000)
	case OnReadable:
		return m.onReadable(e, n)
	case PeerClosed:
		return m.peerClosed(e)
	case OnPeerClosed:
		return m.onPeerClosed(e, n)
	case ReadBuffers:
		return m.readBuffers(e, n%20000+1)
	}
	return false
}

// networks are the networks on which Pair makes pairs.
var networks = []string{"tcp4", "tcp", "unix", "unixpacket", "udp4", "unixgram"}

// address returns an address of network to listen on.
func (m *machine) address(network string) string {
	switch network {
	case "tcp4", "tcp", "udp4":
		return "127.0.0.1:0"
	}
	m.made++
	return filepath.Join(m.dir, fmt.Sprint("s", m.made))
}

func (m *machine) pair(o Op) bool {
	open := 0
	for _, e := range m.ends {
		if !e.closed {
			open++
		}
	}
	if open > maxConns-2 {
		return false
	}
	network := networks[int(o.Conn)%len(networks)]
	var a, b net.Conn
	switch network {
	case "udp4", "unixgram":
		a, b = m.packetPair(network)
	default:
		a, b = m.streamPair(network)
	}
	if a == nil || b == nil {
		return true
	}
	stream := network != "udp4" && network != "unixgram" && network != "unixpacket"
	x, y := &end{conn: a, stream: stream}, &end{conn: b, stream: stream}
	x.peer, y.peer = y, x
	m.ends = append(m.ends, x, y)
	m.record("pair: %s, %s", m.addr(a.LocalAddr()), m.addr(b.RemoteAddr()))
	return true
}

func (m *machine) streamPair(network string) (a, b net.Conn) {
	l, err := m.stack.Listen(network, m.address(network))
	m.record("listen: %s", m.error(err))
	if err != nil {
		return nil, nil
	}
	m.fresh(l.Addr())
	defer func() { m.record("close listener: %s", m.error(l.Close())) }()
	a, err = m.stack.DialContext(context.Background(), network, l.Addr().String())
	m.record("dial: %s", m.error(err))
	if err != nil {
		return nil, nil
	}
	m.fresh(a.LocalAddr())
	b, err = l.Accept()
	m.record("accept: %s", m.error(err))
	if err != nil {
		a.Close()
		return nil, nil
	}
	return a, b
}

// packetPair makes a socket that listens and one that is connected to it. The
// first answers whoever sent last.
func (m *machine) packetPair(network string) (a, b net.Conn) {
	p, err := m.stack.ListenPacket(network, m.address(network))
	m.record("listen: %s", m.error(err))
	if err != nil {
		return nil, nil
	}
	m.fresh(p.LocalAddr())
	a, err = m.stack.DialContext(context.Background(), network, p.LocalAddr().String())
	m.record("dial: %s", m.error(err))
	if err != nil {
		p.Close()
		return nil, nil
	}
	m.fresh(a.LocalAddr())
	return a, p.(net.Conn)
}

// payload is what e sends next: bytes numbered from the first.
func (e *end) payload(n int) []byte {
	p := make([]byte, n)
	for i := range p {
		p[i] = byte((e.sent + i) * 7)
	}
	return p
}

// sends accounts for what e has sent.
func (e *end) sends(n int) {
	e.sent += n
	if !e.peer.closed && !e.peer.noMoreReads {
		e.peer.push(n)
	}
}

// canSend reports whether a write of n bytes has a determined outcome: it does
// not fill the peer's buffer and does not race with a reset.
func (e *end) canSend(n int) bool {
	switch {
	case e.closed, e.noMoreSends, e.expiredW:
		return true // the write fails the same way each time
	case e.peer.closed, e.peer.noMoreReads:
		return false // a reset may come, or has come
	case !e.stream:
		// A packet socket without a peer has nowhere to send to, which is an
		// error; one with a peer has room for a few.
		return n <= 8000 && len(e.peer.queue) < 4
	}
	return e.peer.pending()+n <= 60000
}

func (m *machine) write(e *end, n int) bool { return m.writeWith(e, n, e.conn.Write) }

// writeWith writes with a method of the end.
func (m *machine) writeWith(e *end, n int, write func(p []byte) (int, error)) bool {
	if !e.canSend(n) {
		return false
	}
	if _, connected := e.conn.(net.PacketConn); connected && !e.stream && e.conn.RemoteAddr() == nil {
		n0, err := write(e.payload(n))
		m.record("write %d without peer: %d, %s", n, n0, m.error(err))
		return true
	}
	n0, err := write(e.payload(n))
	m.record("write %d: %d, %s", n, n0, m.error(err))
	if err == nil {
		e.sends(n0)
	}
	return true
}

// determined reports whether a read has a determined outcome without waiting.
func (e *end) determined() bool {
	return e.closed || e.expiredR || len(e.queue) > 0 || e.ended()
}

func (m *machine) read(e *end, n int) bool {
	if !e.determined() {
		return false
	}
	return m.readWith(e, n, e.conn)
}

// readWith reads from r, which reads from the end, what is there.
func (m *machine) readWith(e *end, n int, r io.Reader) bool {
	p := make([]byte, n)
	if e.closed || e.expiredR || len(e.queue) == 0 || !e.stream {
		n0, err := r.Read(p)
		m.record("read %d: %d %x, %s", n, n0, digest(p[:max(n0, 0)]), m.error(err))
		if !e.closed && !e.expiredR && len(e.queue) > 0 {
			e.queue = e.queue[1:] // also an empty packet, which may look like the end
		}
		return true
	}
	// A stream may hand over its bytes in pieces of any size.
	p = p[:min(n, e.queue[0])]
	n0, err := io.ReadFull(r, p)
	m.record("read %d: %d %x, %s", len(p), n0, digest(p[:n0]), m.error(err))
	if e.queue[0] -= n0; e.queue[0] == 0 {
		e.queue = nil
	}
	return true
}

// digest shortens what was read.
func digest(p []byte) uint32 {
	h := uint32(2166136261)
	for _, b := range p {
		h = (h ^ uint32(b)) * 16777619
	}
	return h
}

// waits reports whether a read would wait, for as long as nothing happens.
func (e *end) waits() bool { return !e.determined() && !e.peer.uncertain }

func (m *machine) readNone(e *end) bool {
	if !e.waits() {
		return false
	}
	m.record("set: %s", m.error(e.conn.SetReadDeadline(time.Now().Add(near))))
	n, err := e.conn.Read(make([]byte, 10))
	m.record("read: %d, %s", n, m.error(err))
	m.record("clear: %s", m.error(e.conn.SetReadDeadline(time.Time{})))
	return true
}

// startRead reads in a goroutine; what it returns waits for the outcome.
func (m *machine) startRead(e *end, n int) func() {
	type outcome struct {
		p   []byte
		n   int
		err error
	}
	done := make(chan outcome, 1)
	go func() {
		p := make([]byte, n)
		n0, err := e.conn.Read(p)
		done <- outcome{p, n0, err}
	}()
	return func() {
		o := <-done
		m.record("read woken: %d %x, %s", o.n, digest(o.p[:max(o.n, 0)]), m.error(o.err))
	}
}

// wakeable reports whether the peer can send something that a read gets.
func (e *end) wakeable() bool {
	if e.peer.closed || e.peer.noMoreSends || e.peer.expiredW || e.noMoreReads {
		return false
	}
	return e.peer.stream || e.peer.conn.RemoteAddr() != nil
}

func (m *machine) readWoken(e *end, n int) bool {
	if !e.waits() || !e.wakeable() {
		return false
	}
	wait := m.startRead(e, 20000)
	m.write(e.peer, n)
	wait()
	e.queue = nil
	return true
}

func (m *machine) readWhile(e *end, what string, do func()) bool {
	if !e.waits() {
		return false
	}
	wait := m.startRead(e, 10)
	m.record("%s", what)
	do()
	wait()
	return true
}

func (m *machine) readEnded(e *end) bool {
	if !e.stream || e.peer.closed || len(e.peer.queue) > 0 {
		return false
	}
	return m.readWhile(e, "peer closes", func() { m.close(e.peer) })
}

func (m *machine) zero(e *end) bool {
	if !e.stream {
		return false // an empty packet is a packet
	}
	n, err := e.conn.Read(nil)
	m.record("read nothing: %d, %s", n, m.error(err))
	if e.canSend(0) {
		n, err = e.conn.Write(nil)
		m.record("write nothing: %d, %s", n, m.error(err))
	}
	return true
}

func (m *machine) deadline(e *end, side, when int) bool {
	t := [...]time.Time{past, future, {}}[when]
	expired := when == 0
	switch side {
	case 0:
		m.record("read deadline: %s", m.error(e.conn.SetReadDeadline(t)))
		e.expiredR = expired
	case 1:
		m.record("write deadline: %s", m.error(e.conn.SetWriteDeadline(t)))
		e.expiredW = expired
	case 2:
		m.record("deadline: %s", m.error(e.conn.SetDeadline(t)))
		e.expiredR, e.expiredW = expired, expired
	}
	return true
}

func (m *machine) closeWrite(e *end) bool {
	c, ok := e.conn.(interface{ CloseWrite() error })
	if !ok || !e.stream || e.peer.closed && !e.closed {
		return false
	}
	m.record("close write: %s", m.error(c.CloseWrite()))
	e.noMoreSends = true
	return true
}

func (m *machine) closeRead(e *end) bool {
	c, ok := e.conn.(interface{ CloseRead() error })
	if !ok || !e.stream || len(e.queue) > 0 || e.peer.closed && !e.closed {
		return false
	}
	m.record("close read: %s", m.error(c.CloseRead()))
	e.noMoreReads = true
	return true
}

func (m *machine) close(e *end) {
	m.record("close: %s", m.error(e.conn.Close()))
	if e.closed {
		return
	}
	e.closed = true
	if len(e.queue) > 0 && e.stream || !e.stream {
		// Unread bytes make the kernel reset the connection, and a packet to
		// nobody comes back as an error. Nobody knows when that arrives.
		e.peer.uncertain = true
	}
}

func (m *machine) file(e *end) bool {
	f, err := e.conn.(interface{ File() (*os.File, error) }).File()
	m.record("file: %s", m.error(err))
	if err != nil {
		return true
	}
	m.record("name %s, close: %s", m.text(fileName(f.Name())), m.error(f.Close()))
	return true
}

func (m *machine) fileConn(e *end) bool {
	if e.closed {
		return false
	}
	f, err := e.conn.(interface{ File() (*os.File, error) }).File()
	m.record("file: %s", m.error(err))
	if err != nil {
		return true
	}
	defer f.Close()
	c, err := m.stack.FileConn(f)
	m.record("file conn: %s", m.error(err))
	if err != nil {
		return true
	}
	m.record("close the first: %s", m.error(e.conn.Close()))
	m.record("%s -> %s", m.addr(c.LocalAddr()), m.addr(c.RemoteAddr()))
	e.conn = c
	e.expiredR, e.expiredW = false, false
	return true
}

func (m *machine) raw(e *end) (syscall.RawConn, bool) {
	rc, err := e.conn.(syscall.Conn).SyscallConn()
	m.record("syscall conn: %s", m.error(err))
	return rc, err == nil
}

func (m *machine) control(e *end) bool {
	rc, ok := m.raw(e)
	if !ok {
		return true
	}
	err := rc.Control(func(fd uintptr) {
		flags, err := fcntlGetfl(int(fd))
		m.record("nonblocking %t, %v", flags&syscall.O_NONBLOCK != 0, err)
	})
	m.record("control: %s", m.error(err))
	return true
}

func (m *machine) rawRead(e *end) bool {
	if !e.determined() {
		return false
	}
	rc, ok := m.raw(e)
	if !ok {
		return true
	}
	p := make([]byte, 20000)
	err := rc.Read(func(fd uintptr) bool {
		n, _, err := syscall.Recvfrom(int(fd), p, syscall.MSG_PEEK)
		if err == syscall.EAGAIN {
			return false
		}
		if !e.stream {
			m.record("peek: %d %x, %v", n, digest(p[:max(n, 0)]), err)
		}
		return true
	})
	m.record("raw read: %s", m.error(err))
	return true
}

func (m *machine) copy(e *end, n int) bool {
	if !e.stream || !e.canSend(n) {
		return false
	}
	n0, err := io.Copy(e.conn, io.LimitReader(bytes.NewReader(e.payload(n)), int64(n)))
	m.record("copy %d: %d, %s", n, n0, m.error(err))
	if err == nil {
		e.sends(int(n0))
	}
	return true
}

func (m *machine) buffers(e *end, n int) bool {
	if !e.stream || !e.canSend(n) {
		return false
	}
	p := e.payload(n)
	a, b := len(p)/3, len(p)/2
	n0, err := m.stack.BuffersWriteTo(&[][]byte{p[:a], {}, p[a:b], p[b:]}, e.conn)
	m.record("buffers %d: %d, %s", n, n0, m.error(err))
	if err == nil {
		e.sends(int(n0))
	}
	return true
}

// option sets one of the options of e and reads back what the kernel has.
func (m *machine) option(e *end, n int) bool {
	type tcp interface {
		SetNoDelay(bool) error
		SetKeepAlive(bool) error
		SetKeepAlivePeriod(time.Duration) error
		SetLinger(int) error
	}
	c, isTCP := e.conn.(tcp)
	arg := n / 8
	level, name := syscall.SOL_SOCKET, 0
	switch n % 8 {
	case 0:
		m.record("read buffer: %s", m.error(e.conn.(interface{ SetReadBuffer(int) error }).SetReadBuffer(100000+arg)))
		name = syscall.SO_RCVBUF
	case 1:
		m.record("write buffer: %s", m.error(e.conn.(interface{ SetWriteBuffer(int) error }).SetWriteBuffer(100000+arg)))
		name = syscall.SO_SNDBUF
	case 2:
		if !isTCP {
			return false
		}
		m.record("no delay: %s", m.error(c.SetNoDelay(arg%2 == 0)))
		level, name = syscall.IPPROTO_TCP, syscall.TCP_NODELAY
	case 3:
		if !isTCP {
			return false
		}
		m.record("keep alive: %s", m.error(c.SetKeepAlive(arg%2 == 0)))
		name = syscall.SO_KEEPALIVE
	case 4:
		if !isTCP {
			return false
		}
		m.record("period: %s", m.error(c.SetKeepAlivePeriod(time.Duration(arg-10)*time.Second/2)))
		level, name = syscall.IPPROTO_TCP, syscall.TCP_KEEPIDLE
	case 5:
		if !isTCP {
			return false
		}
		m.record("linger off: %s", m.error(c.SetLinger(-1)))
		level, name = syscall.IPPROTO_TCP, syscall.TCP_KEEPCNT
	case 6:
		name = syscall.SO_BROADCAST
	case 7:
		name = syscall.SO_TYPE
	}
	rc, ok := m.raw(e)
	if !ok {
		return true
	}
	err := rc.Control(func(fd uintptr) {
		v, err := syscall.GetsockoptInt(int(fd), level, name)
		m.record("value %d, %v", v, err)
	})
	m.record("control: %s", m.error(err))
	return true
}

func (m *machine) refused() bool {
	l, err := m.stack.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		m.record("listen: %s", m.error(err))
		return true
	}
	m.fresh(l.Addr())
	address := l.Addr().String()
	m.record("close listener: %s", m.error(l.Close()))
	c, err := m.stack.DialContext(context.Background(), "tcp4", address)
	m.record("dial: %s", m.error(err))
	if err == nil {
		c.Close()
	}
	return true
}

func (m *machine) canceled() bool {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	c, err := m.stack.DialContext(ctx, "tcp4", "127.0.0.1:9")
	m.record("dial: %s", m.error(err))
	if err == nil {
		c.Close()
	}
	return true
}

// One function or the other refuses each of badAddresses.
var badAddresses = [][2]string{
	{"tcp", "127.0.0.1"}, {"tcp", "127.0.0.1:x:y"}, {"tcp6", "127.0.0.1:80"}, {"tcp4", "[::1]:80"},
	{"tcp", "[::1"}, {"tcp", "127.0.0.1:99999"}, {"tcp5", "127.0.0.1:80"}, {"", ""}, {"unix", ""},
	{"unix", "/no/such/dir/socket"}, {"udp", "127.0.0.1"}, {"ip4", "127.0.0.1"}, {"ip4:nosuch", "127.0.0.1"},
	{"unixgram", ""}, {"tcp4", "127.0.0.1:nosuchservice"}, {"unixpacket", "@"},
}

func (m *machine) badAddress(n int) bool {
	a := badAddresses[n%len(badAddresses)]
	if a[0] == "unixpacket" || a[0] == "unix" && a[1] == "" {
		// The kernel chooses a name for whoever listens on these.
		_, err := m.stack.DialContext(context.Background(), a[0], a[1])
		m.record("dial %q: %s", a, m.error(err))
		return true
	}
	if c, err := m.stack.DialContext(context.Background(), a[0], a[1]); err == nil {
		c.Close()
		m.record("dial %q: ok", a)
	} else {
		m.record("dial %q: %s", a, m.error(err))
	}
	if l, err := m.stack.Listen(a[0], a[1]); err == nil {
		l.Close()
		m.record("listen %q: ok", a)
	} else {
		m.record("listen %q: %s", a, m.error(err))
	}
	return true
}

// listen listens for streams. It returns nil if it cannot.
func (m *machine) listen(o Op) (l net.Listener, network string) {
	network = networks[int(o.Conn)%3]
	l, err := m.stack.Listen(network, m.address(network))
	m.record("listen: %s", m.error(err))
	if err != nil {
		return nil, network
	}
	m.fresh(l.Addr())
	return l, network
}

func (m *machine) acceptClosed(o Op) bool {
	l, _ := m.listen(o)
	if l == nil {
		return true
	}
	done := make(chan error, 1)
	go func() {
		_, err := l.Accept()
		done <- err
	}()
	m.record("close: %s", m.error(l.Close()))
	m.record("accept: %s", m.error(<-done))
	m.record("close again: %s", m.error(l.Close()))
	_, err := l.Accept()
	m.record("accept again: %s", m.error(err))
	return true
}

func fcntlGetfl(fd int) (int, error) {
	flags, _, errno := syscall.Syscall(syscall.SYS_FCNTL, uintptr(fd), syscall.F_GETFL, 0)
	if errno != 0 {
		return 0, errno
	}
	return int(flags), nil
}
