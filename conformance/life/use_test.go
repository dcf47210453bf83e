//go:build linux

package life

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"runtime"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"go.parity/conformance/stack"
	"go.parity/net2"
)

// An end is one end of a connection and what goes over it.
type end struct {
	stack   *stack.Stack
	kind    kind
	conn    net.Conn
	out, in token
	local   net.Addr
	choose  *rand.Rand // of the goroutine that uses the end
}

// with returns the end for a goroutine of its own.
func (e end) with(seed uint64) *end {
	e.choose = rand.New(rand.NewPCG(seed, 0))
	return &e
}

// A wrong is something that no connection may do.
type wrong struct{ error }

// check returns a wrong if p holds bytes of another connection.
func (e *end) check(p []byte) error {
	if err := e.in.foreign(p); err != nil {
		return wrong{err}
	}
	return nil
}

// checkPacket is check for what has the kernel's header before it, which says who
// sent it to whom.
func (e *end) checkPacket(p []byte) error {
	header := min(e.kind.header, len(p))
	if err := e.check(p[header:]); err != nil {
		return wrong{fmt.Errorf("%w; header %x", err, p[:header])}
	}
	return nil
}

// A use does one thing to an end. It returns the error of the connection's
// method.
type use struct {
	name string
	do   func(e *end) error
}

// has reports whether the end's type has a method.
func has[I any](e *end) (I, bool) {
	i, ok := e.conn.(I)
	return i, ok
}

// uses are all that a connection can be used for. A use that a type of connection
// does not have returns errNotThere.
var uses = []use{
	{name: "Read", do: read},
	{name: "Write", do: func(e *end) error { return second(e.conn.Write(e.out.bytes(1 + e.choose.IntN(e.most())))) }},
	{name: "ReadFrom", do: readFrom},
	{name: "WriteTo", do: writeTo},
	{name: "ReadMsg", do: readMsg},
	{name: "WriteMsg", do: writeMsg},
	{name: "Buffers", do: writeBuffers},
	{name: "sendfile", do: sendFile},
	{name: "splice in", do: spliceIn},
	{name: "splice out", do: spliceOut},
	{name: "copy out", do: copyOut},
	{name: "SetDeadline", do: setDeadline},
	{name: "SetReadDeadline", do: func(e *end) error { return e.conn.SetReadDeadline(moment(e.choose)) }},
	{name: "SetWriteDeadline", do: func(e *end) error { return e.conn.SetWriteDeadline(moment(e.choose)) }},
	{name: "options", do: setOptions},
	{name: "addresses", do: addresses},
	{name: "File", do: file},
	{name: "StdConn", do: stdConn},
	{name: "RawConn.Control", do: rawControl},
	{name: "RawConn.Read", do: rawRead},
	{name: "RawConn.Write", do: rawWrite},
	{name: "CloseRead", do: closeRead},
	{name: "CloseWrite", do: closeWrite},
}

var errNotThere = errors.New("this type has no such method")

// usualErrors are those with which a connection may fail while it lives:
// its peer goes away, or a deadline passes.
var usualErrors = []error{
	io.EOF, os.ErrDeadlineExceeded, context.DeadlineExceeded,
	syscall.EPIPE, syscall.ECONNRESET, syscall.ECONNREFUSED, syscall.ENOTCONN, syscall.ENOENT,
	syscall.ENOPROTOOPT, // nobody has a raw socket of the protocol
	// The kernel has no room for a datagram.
	syscall.ENOBUFS,
}

// usual reports whether a living connection may return err.
func usual(err error) bool {
	for _, u := range usualErrors {
		if errors.Is(err, u) {
			return true
		}
	}
	return err == nil
}

func second[T any](_ T, err error) error { return err }

// most is how much one write may have.
func (e *end) most() int {
	if e.kind.stream {
		return 32 << 10
	}
	return 1000
}

// moment returns a deadline: passed, near, or none.
func moment(choose *rand.Rand) time.Time {
	switch choose.IntN(4) {
	case 0:
		return time.Unix(1, 0)
	case 1:
		return time.Now().Add(time.Duration(choose.IntN(int(time.Millisecond))))
	case 2:
		return time.Now().Add(time.Hour)
	}
	return time.Time{}
}

func read(e *end) error {
	p := make([]byte, 1+e.choose.IntN(4096)+e.kind.header)
	n, err := e.conn.Read(p)
	return errors.Join(err, e.checkPacket(p[:n]))
}

func readFrom(e *end) error {
	c, ok := has[net.PacketConn](e)
	if !ok || e.kind.stream {
		return errNotThere
	}
	p := make([]byte, 2048)
	n, from, err := c.ReadFrom(p)
	if err == nil && n > 0 && from == nil && e.kind.name != "unixpacket" {
		return wrong{fmt.Errorf("ReadFrom = %d bytes from nobody", n)}
	}
	return errors.Join(err, e.check(p[:n]))
}

func writeTo(e *end) error {
	c, ok := has[net.PacketConn](e)
	if !ok || e.kind.stream {
		return errNotThere
	}
	to := e.conn.RemoteAddr()
	if a, ok := c.(answering); ok {
		to = a.to
	}
	_, err := c.WriteTo(e.out.bytes(100), to)
	if errors.Is(err, e.stack.ErrWriteToConnected()) {
		return errNotThere // refused before anybody looks at the descriptor
	}
	return err
}

func readMsg(e *end) error {
	p, oob := make([]byte, 2048), make([]byte, 64)
	var n int
	var err error
	switch c := e.conn.(type) {
	case stack.UDPConn:
		n, _, _, _, err = c.ReadMsgUDPAddrPort(p, oob)
	case stack.IPConn:
		n, _, _, _, err = c.ReadMsgIP(p, oob)
		return errors.Join(err, e.checkPacket(p[:max(n, 0)]))
	case stack.UnixConn:
		n, _, _, _, err = c.ReadMsgUnix(p, oob)
	default:
		return errNotThere
	}
	return errors.Join(err, e.check(p[:max(n, 0)]))
}

func writeMsg(e *end) error {
	p := e.out.bytes(100)
	var err error
	switch c := e.conn.(type) {
	case stack.UDPConn:
		_, _, err = c.WriteMsgUDP(p, nil, nil)
	case stack.UnixConn:
		if e.kind.name == "unixgram" {
			return errNotThere // the bound end would need an address
		}
		_, _, err = c.WriteMsgUnix(p, nil, nil)
	default:
		return errNotThere
	}
	return err
}

func writeBuffers(e *end) error {
	if !e.kind.stream {
		return errNotThere
	}
	v := [][]byte{e.out.bytes(10), e.out.bytes(3000), e.out.bytes(1)}
	return second(e.stack.BuffersWriteTo(&v, e.conn))
}

func sendFile(e *end) error {
	c, ok := has[io.ReaderFrom](e)
	if !ok {
		return errNotThere
	}
	f, err := e.out.file(64 << 10)
	if err != nil {
		return wrong{err}
	}
	defer f.Close()
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return wrong{err}
	}
	return second(c.ReadFrom(f))
}

// spliceIn moves the bytes of another connection into this one until it fails.
func spliceIn(e *end) error {
	c, ok := has[io.ReaderFrom](e)
	if !ok {
		return errNotThere
	}
	from, to, err := e.another()
	if err != nil {
		return wrong{err}
	}
	fed := make(chan struct{})
	go func() {
		defer close(fed)
		for p := e.out.bytes(8 << 10); ; {
			if _, err := to.Write(p); err != nil {
				return
			}
		}
	}()
	_, err = c.ReadFrom(from)
	from.Close()
	<-fed
	to.Close()
	return err
}

// spliceOut moves the bytes of this connection into another one until it
// fails.
func spliceOut(e *end) error {
	c, ok := has[io.WriterTo](e)
	if !ok {
		return errNotThere
	}
	to, from, err := e.another()
	if err != nil {
		return wrong{err}
	}
	drained := make(chan error)
	go func() {
		for p := make([]byte, 4<<10); ; {
			n, err := from.Read(p)
			if err := e.check(p[:n]); err != nil {
				drained <- err
				return
			}
			if err != nil {
				drained <- nil
				return
			}
		}
	}()
	_, err = c.WriteTo(to)
	to.Close()
	err = errors.Join(err, <-drained)
	from.Close()
	return err
}

// another makes a pair of Unix connections of the same stack.
func (e *end) another() (a, b net.Conn, err error) {
	pair, stop, err := serveUnix(e.stack, place{kind: "unix"})
	if err != nil {
		return nil, nil, err
	}
	defer stop()
	return pair()
}

func copyOut(e *end) error {
	c, ok := has[io.WriterTo](e)
	if !ok {
		return errNotThere
	}
	return second(c.WriteTo(writerFunc(func(p []byte) (int, error) {
		return len(p), e.check(p)
	})))
}

type writerFunc func(p []byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

func setDeadline(e *end) error { return e.conn.SetDeadline(moment(e.choose)) }

func setOptions(e *end) error {
	if c, ok := has[stack.TCPConn](e); ok {
		_, err := c.MultipathTCP()
		return errors.Join(c.SetNoDelay(e.choose.IntN(2) == 0), c.SetKeepAlive(true), c.SetKeepAlivePeriod(time.Minute), err)
	}
	c, ok := has[interface{ SetReadBuffer(int) error }](e)
	if !ok {
		return errNotThere
	}
	return c.SetReadBuffer(64 << 10)
}

// addresses asks for addresses, which a closed connection knows too.
func addresses(e *end) error {
	if got := e.conn.LocalAddr(); got.String() != e.local.String() {
		return wrong{fmt.Errorf("LocalAddr() = %v, want %v", got, e.local)}
	}
	e.conn.RemoteAddr()
	return e.conn.SetReadDeadline(time.Time{}) // so that a Close shows
}

// file takes a duplicate, which must be of this connection, and puts a
// byte into it.
func file(e *end) error {
	c, ok := has[interface{ File() (*os.File, error) }](e)
	if !ok {
		return errNotThere
	}
	f, err := c.File()
	if err != nil {
		return err
	}
	defer f.Close()
	return e.duplicate(f)
}

// duplicate checks a duplicate, and puts a byte into it. Nobody else closes
// it.
func (e *end) duplicate(c syscall.Conn) error {
	rc, err := c.SyscallConn()
	if err != nil {
		return wrong{err}
	}
	var same error
	err = rc.Control(func(fd uintptr) {
		same = e.same(int(fd))
		unix.SendmsgN(int(fd), e.out.bytes(1), nil, e.sendTo(), unix.MSG_DONTWAIT|unix.MSG_NOSIGNAL)
	})
	if err != nil {
		return wrong{err}
	}
	return same
}

// stdConn takes net's connection of net2's.
func stdConn(e *end) error {
	if e.stack != stack.Net2 {
		return errNotThere
	}
	c := e.conn
	if a, ok := c.(answering); ok {
		c = a.UnixConn.(net.Conn)
	}
	std, err := net2.StdConn(c)
	if err != nil {
		return err
	}
	defer std.Close()
	return e.duplicate(std.(syscall.Conn))
}

// sendTo is where a system call must send to, if the connection does not know.
func (e *end) sendTo() unix.Sockaddr {
	if a, ok := e.conn.(answering); ok {
		return &unix.SockaddrUnix{Name: a.to.Name}
	}
	return nil
}

// same returns a wrong if the descriptor is that of another socket.
func (e *end) same(fd int) error {
	sa, err := unix.Getsockname(fd)
	if err != nil {
		return wrong{fmt.Errorf("getsockname of %d: %w", fd, err)}
	}
	var got string
	switch sa := sa.(type) {
	case *unix.SockaddrInet4:
		ip := net.IP(sa.Addr[:])
		switch e.local.(type) {
		case *net.IPAddr:
			got = ip.String()
		default:
			got = (&net.TCPAddr{IP: ip, Port: sa.Port}).String()
		}
	case *unix.SockaddrUnix:
		got = (&net.UnixAddr{Name: sa.Name}).String()
	}
	// A Unix socket that dialed has no name, which net and x/sys write in two
	// ways.
	if want := e.local.String(); got != want && !(len(got) <= 1 && len(want) <= 1) {
		return wrong{fmt.Errorf("descriptor %d has the address %s, want %s", fd, got, want)}
	}
	return nil
}

// raw returns the end's RawConn.
func (e *end) raw() (syscall.RawConn, error) {
	c, ok := has[syscall.Conn](e)
	if !ok {
		return nil, errNotThere
	}
	return c.SyscallConn()
}

func rawControl(e *end) error {
	rc, err := e.raw()
	if err != nil {
		return err
	}
	var same error
	err = rc.Control(func(fd uintptr) { same = e.same(int(fd)) })
	return errors.Join(err, same)
}

func rawRead(e *end) error {
	rc, err := e.raw()
	if err != nil {
		return err
	}
	p := make([]byte, 256)
	n, inner := 0, error(nil)
	err = rc.Read(func(fd uintptr) bool {
		runtime.Gosched() // so that a Close comes while the function runs
		n, _, inner = unix.Recvfrom(int(fd), p, unix.MSG_DONTWAIT)
		return inner != unix.EAGAIN
	})
	if err != nil {
		return err
	}
	n = max(n, 0)
	if inner == nil && n == 0 && e.kind.stream {
		inner = io.EOF
	}
	return errors.Join(inner, e.checkPacket(p[:n]))
}

func rawWrite(e *end) error {
	rc, err := e.raw()
	if err != nil {
		return err
	}
	var inner error
	err = rc.Write(func(fd uintptr) bool {
		runtime.Gosched()
		_, inner = unix.SendmsgN(int(fd), e.out.bytes(200), nil, e.sendTo(), unix.MSG_DONTWAIT|unix.MSG_NOSIGNAL)
		return inner != unix.EAGAIN
	})
	if err != nil {
		return err
	}
	return inner
}

func closeRead(e *end) error {
	c, ok := has[interface{ CloseRead() error }](e)
	if !ok {
		return errNotThere
	}
	return c.CloseRead()
}

func closeWrite(e *end) error {
	c, ok := has[interface{ CloseWrite() error }](e)
	if !ok {
		return errNotThere
	}
	return c.CloseWrite()
}
