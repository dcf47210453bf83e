//go:build linux && (amd64 || arm64 || riscv64)

package fault

import (
	"context"
	"io"
	"net"
	"os"
	"slices"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"go.parity/conformance/stack"
)

// An operation runs between the marks of the tracer. Before that, prepare makes
// what it needs, without faults. The operation goes on after a failure, so that
// the later steps show what is left of the connection.
type operation struct {
	name    string
	cold    bool // the first thing that its process does
	beyond  bool // net lacks it
	prepare func(r *runner) error
	do      func(r *runner)
}

var operations = []operation{
	{name: "listen-first", cold: true, do: listen("tcp", "127.0.0.1:0")},
	{name: "listen", do: listen("tcp", "127.0.0.1:0")},
	{name: "listen-plain", do: listenPlain},
	{name: "listen-any", do: listen("tcp", ":0")},
	{name: "listen-unix", do: func(r *runner) { listen("unix", r.dir+"/socket")(r) }},
	{name: "listen-udp", do: listenPacket("udp", "127.0.0.1:0")},
	{name: "listen-unixgram", do: func(r *runner) { listenPacket("unixgram", r.dir+"/socket")(r) }},
	{name: "accept", prepare: waitingPeer("tcp"), do: accept},
	{name: "accept-unix", prepare: waitingPeer("unix"), do: accept},
	{name: "accept-waits", prepare: listeningAndSocket, do: acceptLater},
	{name: "dial", prepare: somebody("tcp"), do: dial("tcp")},
	{name: "dial-from", prepare: somebody("tcp"), do: dialFrom},
	{name: "dial-unix", prepare: somebody("unix"), do: dial("unix")},
	{name: "dial-udp", prepare: somebody("udp"), do: dial("udp")},
	{name: "dial-nobody", do: dialNobody},
	{name: "read", prepare: sent("tcp", "abcd"), do: read},
	{name: "read-waits", prepare: connected("tcp"), do: readWaits},
	{name: "read-end", prepare: ended, do: readEnd},
	{name: "read-deadline", prepare: connected("tcp"), do: readDeadline},
	{name: "read-unix", prepare: sent("unix", "abcd"), do: read},
	{name: "write", prepare: connected("tcp"), do: write},
	{name: "write-waits", prepare: full, do: writeWaits},
	{name: "write-buffers", prepare: connected("tcp"), do: writeBuffers},
	{name: "udp", prepare: packets("udp"), do: exchangePackets},
	{name: "udp-messages", prepare: packets("udp"), do: exchangeMessages},
	{name: "unixgram", prepare: packets("unixgram"), do: exchangePackets},
	{name: "close", prepare: connected("tcp"), do: closeConn},
	{name: "close-waited", prepare: waited, do: closeConn},
	{name: "close-while-read", prepare: connected("tcp"), do: closeWhileRead},
	{name: "close-listener", prepare: listening("tcp"), do: closeListener},
	{name: "close-unix-listener", prepare: listening("unix"), do: closeListener},
	{name: "shutdown", prepare: connected("tcp"), do: shutdown},
	{name: "options", prepare: connected("tcp"), do: setOptions},
	{name: "file", prepare: connected("tcp"), do: file},
	{name: "file-listener", prepare: listening("tcp"), do: listenerFile},
	{name: "from-file", prepare: connectionFile, do: fromFile},
	{name: "from-listener-file", prepare: listenersFile, do: fromListenerFile},
	{name: "raw", prepare: connected("tcp"), do: raw},
	{name: "sendfile", prepare: connectedAndFile, do: sendfile},
	{name: "splice", prepare: twoConnections, do: splice},
}

// beyond are operations that net lacks, which a test adds. They run on net2 alone.
var beyond []operation

func lookup(name string) (operation, bool) {
	for _, op := range slices.Concat(operations, beyond) {
		if op.name == name {
			return op, true
		}
	}
	return operation{}, false
}

func listen(network, address string) func(*runner) {
	return func(r *runner) { listenWith(r, r.Listen, network, address) }
}

// listenPlain listens without MPTCP, and so without what a stack does when
// MPTCP fails.
func listenPlain(r *runner) {
	no := false
	listenWith(r, func(network, address string) (net.Listener, error) {
		return r.ConfigListen(context.Background(), stack.ListenConfig{MultipathTCP: &no}, network, address)
	}, "tcp", "127.0.0.1:0")
}

func listenWith(r *runner, listen func(network, address string) (net.Listener, error), network, address string) {
	l, err := listen(network, address)
	r.keep(l, err)
	r.saw("Listen", err)
	if err == nil {
		r.saw("Addr", nil, l.Addr())
	}
}

func listenPacket(network, address string) func(*runner) {
	return func(r *runner) {
		c, err := r.ListenPacket(network, address)
		r.keep(c, err)
		r.saw("ListenPacket", err)
		if err == nil {
			r.saw("LocalAddr", nil, c.LocalAddr())
		}
	}
}

// listening prepares a listener that has accepted once, and so knows what its
// connections inherit.
func listening(network string) func(*runner) error {
	return func(r *runner) error {
		l, err := r.Listen(network, map[string]string{"tcp": "127.0.0.1:0", "unix": r.dir + "/socket"}[network])
		if err != nil {
			return err
		}
		r.keep(l, nil)
		r.listener = l
		if err := r.dials(l.Addr()); err != nil {
			return err
		}
		c, err := l.Accept()
		r.keep(c, err)
		r.conn = c
		return err
	}
}

func waitingPeer(network string) func(*runner) error {
	return func(r *runner) error {
		if err := listening(network)(r); err != nil {
			return err
		}
		return r.dials(r.listener.Addr())
	}
}

// connected prepares a connection to the other side.
func connected(network string) func(*runner) error { return listening(network) }

func accept(r *runner) {
	for range 2 {
		c, err := r.listener.Accept()
		r.keep(c, err)
		r.saw("Accept", err)
		if err == nil {
			use(r, c)
			return
		}
	}
}

// use shows whether a connection can be used.
func use(r *runner, c net.Conn) {
	r.saw("addresses", nil, c.LocalAddr(), c.RemoteAddr())
	n, err := c.Write([]byte("x"))
	r.saw("Write", err, n)
}

// acceptLater accepts while nobody waits in the queue.
func acceptLater(r *runner) {
	r.dialsLater(r.listener.Addr())
	accept(r)
}

func listeningAndSocket(r *runner) error {
	if err := listening("tcp")(r); err != nil {
		return err
	}
	return r.makes("tcp")
}

// somebody prepares a socket of the other side that can be dialled.
func somebody(network string) func(*runner) error {
	return func(r *runner) (err error) {
		r.address, err = r.listens(network)
		return err
	}
}

func dial(network string) func(*runner) {
	return func(r *runner) { dialTwice(r, func() (net.Conn, error) { return r.Dial(network, r.address) }) }
}

func dialFrom(r *runner) {
	from := &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)}
	dialTwice(r, func() (net.Conn, error) {
		return r.DialerDial(stack.Dialer{LocalAddr: from}, "tcp", r.address)
	})
}

func dialTwice(r *runner, dial func() (net.Conn, error)) {
	for range 2 {
		c, err := dial()
		r.keep(c, err)
		r.saw("Dial", err)
		if err == nil {
			use(r, c)
			return
		}
	}
}

// dialNobody dials an address where nobody listens.
func dialNobody(r *runner) {
	c, err := r.Dial("tcp", "127.0.0.1:1")
	r.keep(c, err)
	r.saw("Dial", err)
}

func readTwice(r *runner, c net.Conn, b []byte) {
	for range 2 {
		n, err := c.Read(b)
		r.saw("Read", err, n, string(b[:n]))
	}
}

// sent prepares a connection on which the other side has sent a text.
func sent(network, text string) func(*runner) error {
	return func(r *runner) error {
		if err := connected(network)(r); err != nil {
			return err
		}
		return r.sends(text)
	}
}

func read(r *runner) { readTwice(r, r.conn, make([]byte, 2)) }

func readWaits(r *runner) {
	r.sendsLater("abcd")
	readTwice(r, r.conn, make([]byte, 2))
}

// ended prepares a connection whose other side has sent a little, and then its
// end.
func ended(r *runner) error {
	if err := sent("tcp", "ab")(r); err != nil {
		return err
	}
	return os.NewSyscallError("shutdown", unix.Shutdown(r.other, unix.SHUT_WR))
}

func readEnd(r *runner) { readTwice(r, r.conn, make([]byte, 2)) }

func readDeadline(r *runner) {
	r.saw("SetReadDeadline", r.conn.SetReadDeadline(time.Now().Add(5*time.Millisecond)))
	readTwice(r, r.conn, make([]byte, 2))
	r.saw("SetReadDeadline", r.conn.SetReadDeadline(time.Time{}))
	r.sendsLater("abcd")
	readTwice(r, r.conn, make([]byte, 2))
}

func write(r *runner) {
	for range 2 {
		n, err := r.conn.Write([]byte("abcd"))
		r.saw("Write", err, n)
	}
}

// full prepares a connection whose buffers have no room.
func full(r *runner) error {
	if err := connected("tcp")(r); err != nil {
		return err
	}
	raw, err := r.conn.(rawConn).SyscallConn()
	if err != nil {
		return err
	}
	return raw.Control(func(fd uintptr) { fill(int(fd)) })
}

func writeWaits(r *runner) {
	r.drainsLater()
	write(r)
}

func writeBuffers(r *runner) {
	for range 2 {
		n, err := r.BuffersWriteTo(&[][]byte{[]byte("ab"), []byte("cd")}, r.conn)
		r.saw("WriteTo", err, n)
	}
}

// packets prepares a packet connection to which the other side has sent.
func packets(network string) func(*runner) error {
	return func(r *runner) error {
		c, err := r.ListenPacket(network, map[string]string{"udp": "127.0.0.1:0", "unixgram": r.dir + "/socket"}[network])
		if err != nil {
			return err
		}
		r.keep(c, nil)
		r.packets = c
		if r.address, err = r.listens(network); err != nil {
			return err
		}
		if err := unix.Connect(r.other, sockaddr(c.LocalAddr())); err != nil {
			return os.NewSyscallError("connect", err)
		}
		return r.sends("ab")
	}
}

func exchangePackets(r *runner) {
	b := make([]byte, 8)
	r.sendsLater("cd")
	for range 2 {
		n, from, err := r.packets.ReadFrom(b)
		r.saw("ReadFrom", err, n, from)
	}
	for range 2 {
		n, err := r.packets.WriteTo([]byte("abc"), r.to())
		r.saw("WriteTo", err, n)
	}
}

// to is the other side's address.
func (r *runner) to() net.Addr {
	if _, ok := r.packets.LocalAddr().(*net.UnixAddr); ok {
		return &net.UnixAddr{Name: r.address, Net: "unixgram"}
	}
	a, err := net.ResolveUDPAddr("udp", r.address)
	if err != nil {
		panic(err)
	}
	return a
}

// messages are methods that *UDPConn has in both stacks.
type messages interface {
	ReadMsgUDP(b, oob []byte) (n, oobn, flags int, addr *net.UDPAddr, err error)
	WriteMsgUDP(b, oob []byte, addr *net.UDPAddr) (n, oobn int, err error)
}

func exchangeMessages(r *runner) {
	c := r.packets.(messages)
	r.sendsLater("cd")
	for range 2 {
		n, oobn, flags, from, err := c.ReadMsgUDP(make([]byte, 8), make([]byte, 64))
		r.saw("ReadMsgUDP", err, n, oobn, flags, from)
	}
	for range 2 {
		n, oobn, err := c.WriteMsgUDP([]byte("abc"), nil, r.to().(*net.UDPAddr))
		r.saw("WriteMsgUDP", err, n, oobn)
	}
}

func closeConn(r *runner) {
	r.saw("Close", r.conn.Close())
	r.saw("Close", r.conn.Close())
}

// waited prepares a connection on which somebody has waited.
func waited(r *runner) error {
	if err := connected("tcp")(r); err != nil {
		return err
	}
	r.sendsLater("x")
	_, err := r.conn.Read(make([]byte, 1))
	return err
}

func closeWhileRead(r *runner) {
	done := make(chan bool)
	go func() {
		n, err := r.conn.Read(make([]byte, 1))
		r.saw("Read", err, n)
		close(done)
	}()
	time.Sleep(later)
	err := r.conn.Close()
	<-done
	r.saw("Close", err)
}

func closeListener(r *runner) { r.saw("Close", r.listener.Close()) }

func shutdown(r *runner) {
	c := r.conn.(interface {
		CloseRead() error
		CloseWrite() error
	})
	r.saw("CloseWrite", c.CloseWrite())
	r.saw("CloseRead", c.CloseRead())
	n, err := r.conn.Write([]byte("x"))
	r.saw("Write", err, n)
}

func setOptions(r *runner) {
	c := r.conn.(interface {
		SetNoDelay(bool) error
		SetKeepAlive(bool) error
		SetKeepAlivePeriod(time.Duration) error
		SetKeepAliveConfig(net.KeepAliveConfig) error
		SetLinger(int) error
		SetReadBuffer(int) error
		SetWriteBuffer(int) error
	})
	r.saw("SetNoDelay", c.SetNoDelay(false))
	r.saw("SetKeepAlive", c.SetKeepAlive(false))
	r.saw("SetKeepAlivePeriod", c.SetKeepAlivePeriod(time.Minute))
	r.saw("SetKeepAliveConfig", c.SetKeepAliveConfig(net.KeepAliveConfig{Enable: true, Idle: time.Minute, Interval: time.Second, Count: 3}))
	r.saw("SetLinger", c.SetLinger(0))
	r.saw("SetReadBuffer", c.SetReadBuffer(64<<10))
	r.saw("SetWriteBuffer", c.SetWriteBuffer(64<<10))
}

// filer and rawConn are methods that connections and listeners have in both
// stacks.
type (
	filer   interface{ File() (*os.File, error) }
	rawConn interface {
		SyscallConn() (syscall.RawConn, error)
	}
)

func file(r *runner) { takeFile(r, r.conn.(filer)) }

func listenerFile(r *runner) { takeFile(r, r.listener.(filer)) }

func takeFile(r *runner, from filer) {
	for range 2 {
		f, err := from.File()
		r.keep(f, err)
		r.saw("File", err)
	}
}

func connectionFile(r *runner) error {
	if err := connected("tcp")(r); err != nil {
		return err
	}
	return r.fileOf(r.conn.(filer))
}

func listenersFile(r *runner) error {
	if err := listening("tcp")(r); err != nil {
		return err
	}
	return r.fileOf(r.listener.(filer))
}

func (r *runner) fileOf(from filer) (err error) {
	r.file, err = from.File()
	r.keep(r.file, err)
	return err
}

func fromFile(r *runner) {
	for range 2 {
		c, err := r.FileConn(r.file)
		r.keep(c, err)
		r.saw("FileConn", err)
		if err == nil {
			use(r, c)
			return
		}
	}
}

func fromListenerFile(r *runner) {
	for range 2 {
		l, err := r.FileListener(r.file)
		r.keep(l, err)
		r.saw("FileListener", err)
		if err == nil {
			r.saw("Addr", nil, l.Addr())
			return
		}
	}
}

// raw uses a connection's descriptor without any call on it.
func raw(r *runner) {
	rc, err := r.conn.(rawConn).SyscallConn()
	r.saw("SyscallConn", err)
	if err == nil {
		r.saw("Control", rc.Control(func(uintptr) {}))
		r.saw("Write", rc.Write(func(uintptr) bool { return true }))
		r.saw("Read", rc.Read(func(uintptr) bool { return true }))
	}
	n, err := r.conn.Write([]byte("x"))
	r.saw("Write", err, n)
}

func connectedAndFile(r *runner) error {
	if err := connected("tcp")(r); err != nil {
		return err
	}
	name := r.dir + "/file"
	if err := os.WriteFile(name, make([]byte, 10_000), 0o600); err != nil {
		return err
	}
	f, err := os.Open(name)
	r.keep(f, err)
	r.file = f
	return err
}

func sendfile(r *runner) {
	for range 2 {
		n, err := r.conn.(io.ReaderFrom).ReadFrom(r.file)
		r.saw("ReadFrom", err, n)
	}
}

// twoConnections prepares a connection to splice from, which has an end, and
// one to splice to.
func twoConnections(r *runner) error {
	if err := connected("unix")(r); err != nil {
		return err
	}
	r.source = r.conn
	if err := r.sends("abcdefgh"); err != nil {
		return err
	}
	if err := unix.Shutdown(r.other, unix.SHUT_WR); err != nil {
		return err
	}
	return connected("tcp")(r)
}

func splice(r *runner) {
	for range 2 {
		n, err := r.conn.(io.ReaderFrom).ReadFrom(r.source)
		r.saw("ReadFrom", err, n)
	}
}
