//go:build linux && (amd64 || arm64 || riscv64)

package fault

import (
	"context"
	"io"
	"net"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"go.parity/conformance/stack"
)

// An operation is done between the marks; what it needs is prepared before, in
// peace. It goes on after a failure, so that the steps behind the one that failed
// say what is left of the connection.
type operation struct {
	name    string
	cold    bool // the first thing that its process does
	prepare func(p *player) error
	do      func(p *player)
}

var operations = []operation{
	{name: "listen-first", cold: true, do: listen("tcp", "127.0.0.1:0")},
	{name: "listen", do: listen("tcp", "127.0.0.1:0")},
	{name: "listen-plain", do: listenPlain},
	{name: "listen-any", do: listen("tcp", ":0")},
	{name: "listen-unix", do: func(p *player) { listen("unix", p.dir+"/socket")(p) }},
	{name: "listen-udp", do: listenPacket("udp", "127.0.0.1:0")},
	{name: "listen-unixgram", do: func(p *player) { listenPacket("unixgram", p.dir+"/socket")(p) }},
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

func lookup(name string) (operation, bool) {
	for _, op := range operations {
		if op.name == name {
			return op, true
		}
	}
	return operation{}, false
}

func listen(network, address string) func(*player) {
	return func(p *player) { listenWith(p, p.Listen, network, address) }
}

// listenPlain listens without MPTCP, and without what follows where that fails.
func listenPlain(p *player) {
	no := false
	listenWith(p, func(network, address string) (net.Listener, error) {
		return p.ConfigListen(context.Background(), stack.ListenConfig{MultipathTCP: &no}, network, address)
	}, "tcp", "127.0.0.1:0")
}

func listenWith(p *player, listen func(network, address string) (net.Listener, error), network, address string) {
	l, err := listen(network, address)
	p.keep(l, err)
	p.saw("Listen", err)
	if err == nil {
		p.saw("Addr", nil, l.Addr())
	}
}

func listenPacket(network, address string) func(*player) {
	return func(p *player) {
		c, err := p.ListenPacket(network, address)
		p.keep(c, err)
		p.saw("ListenPacket", err)
		if err == nil {
			p.saw("LocalAddr", nil, c.LocalAddr())
		}
	}
}

// listening prepares a listener that has accepted once, and so knows what its
// connections inherit.
func listening(network string) func(*player) error {
	return func(p *player) error {
		l, err := p.Listen(network, map[string]string{"tcp": "127.0.0.1:0", "unix": p.dir + "/socket"}[network])
		if err != nil {
			return err
		}
		p.keep(l, nil)
		p.listener = l
		if err := p.dials(l.Addr()); err != nil {
			return err
		}
		c, err := l.Accept()
		p.keep(c, err)
		p.conn = c
		return err
	}
}

func waitingPeer(network string) func(*player) error {
	return func(p *player) error {
		if err := listening(network)(p); err != nil {
			return err
		}
		return p.dials(p.listener.Addr())
	}
}

// connected prepares a connection to the other side.
func connected(network string) func(*player) error { return listening(network) }

func accept(p *player) {
	for range 2 {
		c, err := p.listener.Accept()
		p.keep(c, err)
		p.saw("Accept", err)
		if err == nil {
			use(p, c)
			return
		}
	}
}

// use shows what a connection is good for.
func use(p *player, c net.Conn) {
	p.saw("addresses", nil, c.LocalAddr(), c.RemoteAddr())
	n, err := c.Write([]byte("x"))
	p.saw("Write", err, n)
}

// acceptLater accepts when nobody waits in the queue.
func acceptLater(p *player) {
	p.dialsLater(p.listener.Addr())
	accept(p)
}

func listeningAndSocket(p *player) error {
	if err := listening("tcp")(p); err != nil {
		return err
	}
	return p.makes("tcp")
}

// somebody prepares somebody to dial.
func somebody(network string) func(*player) error {
	return func(p *player) (err error) {
		p.address, err = p.listens(network)
		return err
	}
}

func dial(network string) func(*player) {
	return func(p *player) { dialTwice(p, func() (net.Conn, error) { return p.Dial(network, p.address) }) }
}

func dialFrom(p *player) {
	from := &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)}
	dialTwice(p, func() (net.Conn, error) {
		return p.DialerDial(stack.Dialer{LocalAddr: from}, "tcp", p.address)
	})
}

func dialTwice(p *player, dial func() (net.Conn, error)) {
	for range 2 {
		c, err := dial()
		p.keep(c, err)
		p.saw("Dial", err)
		if err == nil {
			use(p, c)
			return
		}
	}
}

// dialNobody dials an address where nobody listens.
func dialNobody(p *player) {
	c, err := p.Dial("tcp", "127.0.0.1:1")
	p.keep(c, err)
	p.saw("Dial", err)
}

func readTwice(p *player, c net.Conn, b []byte) {
	for range 2 {
		n, err := c.Read(b)
		p.saw("Read", err, n, string(b[:n]))
	}
}

// sent is what the other side sent before the operation began.
func sent(network, text string) func(*player) error {
	return func(p *player) error {
		if err := connected(network)(p); err != nil {
			return err
		}
		return p.sends(text)
	}
}

func read(p *player) { readTwice(p, p.conn, make([]byte, 2)) }

func readWaits(p *player) {
	p.sendsLater("abcd")
	readTwice(p, p.conn, make([]byte, 2))
}

// ended is a connection whose other side has sent a little and its end.
func ended(p *player) error {
	if err := sent("tcp", "ab")(p); err != nil {
		return err
	}
	return os.NewSyscallError("shutdown", unix.Shutdown(p.other, unix.SHUT_WR))
}

func readEnd(p *player) { readTwice(p, p.conn, make([]byte, 2)) }

func readDeadline(p *player) {
	p.saw("SetReadDeadline", p.conn.SetReadDeadline(time.Now().Add(5*time.Millisecond)))
	readTwice(p, p.conn, make([]byte, 2))
	p.saw("SetReadDeadline", p.conn.SetReadDeadline(time.Time{}))
	p.sendsLater("abcd")
	readTwice(p, p.conn, make([]byte, 2))
}

func write(p *player) {
	for range 2 {
		n, err := p.conn.Write([]byte("abcd"))
		p.saw("Write", err, n)
	}
}

// full is a connection in whose buffers there is no room.
func full(p *player) error {
	if err := connected("tcp")(p); err != nil {
		return err
	}
	raw, err := p.conn.(rawConn).SyscallConn()
	if err != nil {
		return err
	}
	return raw.Control(func(fd uintptr) { fill(int(fd)) })
}

func writeWaits(p *player) {
	p.drainsLater()
	write(p)
}

func writeBuffers(p *player) {
	for range 2 {
		n, err := p.BuffersWriteTo(&[][]byte{[]byte("ab"), []byte("cd")}, p.conn)
		p.saw("WriteTo", err, n)
	}
}

// packets prepares a packet connection to which the other side has sent.
func packets(network string) func(*player) error {
	return func(p *player) error {
		c, err := p.ListenPacket(network, map[string]string{"udp": "127.0.0.1:0", "unixgram": p.dir + "/socket"}[network])
		if err != nil {
			return err
		}
		p.keep(c, nil)
		p.packets = c
		if p.address, err = p.listens(network); err != nil {
			return err
		}
		if err := unix.Connect(p.other, sockaddr(c.LocalAddr())); err != nil {
			return os.NewSyscallError("connect", err)
		}
		return p.sends("ab")
	}
}

func exchangePackets(p *player) {
	b := make([]byte, 8)
	p.sendsLater("cd")
	for range 2 {
		n, from, err := p.packets.ReadFrom(b)
		p.saw("ReadFrom", err, n, from)
	}
	for range 2 {
		n, err := p.packets.WriteTo([]byte("abc"), p.to())
		p.saw("WriteTo", err, n)
	}
}

// to is the other side's address.
func (p *player) to() net.Addr {
	if _, ok := p.packets.LocalAddr().(*net.UnixAddr); ok {
		return &net.UnixAddr{Name: p.address, Net: "unixgram"}
	}
	a, err := net.ResolveUDPAddr("udp", p.address)
	if err != nil {
		panic(err)
	}
	return a
}

// messages is what *UDPConn has in both stacks.
type messages interface {
	ReadMsgUDP(b, oob []byte) (n, oobn, flags int, addr *net.UDPAddr, err error)
	WriteMsgUDP(b, oob []byte, addr *net.UDPAddr) (n, oobn int, err error)
}

func exchangeMessages(p *player) {
	c := p.packets.(messages)
	p.sendsLater("cd")
	for range 2 {
		n, oobn, flags, from, err := c.ReadMsgUDP(make([]byte, 8), make([]byte, 64))
		p.saw("ReadMsgUDP", err, n, oobn, flags, from)
	}
	for range 2 {
		n, oobn, err := c.WriteMsgUDP([]byte("abc"), nil, p.to().(*net.UDPAddr))
		p.saw("WriteMsgUDP", err, n, oobn)
	}
}

func closeConn(p *player) {
	p.saw("Close", p.conn.Close())
	p.saw("Close", p.conn.Close())
}

// waited is a connection for which somebody has waited.
func waited(p *player) error {
	if err := connected("tcp")(p); err != nil {
		return err
	}
	p.sendsLater("x")
	_, err := p.conn.Read(make([]byte, 1))
	return err
}

func closeWhileRead(p *player) {
	done := make(chan bool)
	go func() {
		n, err := p.conn.Read(make([]byte, 1))
		p.saw("Read", err, n)
		close(done)
	}()
	time.Sleep(later)
	err := p.conn.Close()
	<-done
	p.saw("Close", err)
}

func closeListener(p *player) { p.saw("Close", p.listener.Close()) }

func shutdown(p *player) {
	c := p.conn.(interface {
		CloseRead() error
		CloseWrite() error
	})
	p.saw("CloseWrite", c.CloseWrite())
	p.saw("CloseRead", c.CloseRead())
	n, err := p.conn.Write([]byte("x"))
	p.saw("Write", err, n)
}

func setOptions(p *player) {
	c := p.conn.(interface {
		SetNoDelay(bool) error
		SetKeepAlive(bool) error
		SetKeepAlivePeriod(time.Duration) error
		SetKeepAliveConfig(net.KeepAliveConfig) error
		SetLinger(int) error
		SetReadBuffer(int) error
		SetWriteBuffer(int) error
	})
	p.saw("SetNoDelay", c.SetNoDelay(false))
	p.saw("SetKeepAlive", c.SetKeepAlive(false))
	p.saw("SetKeepAlivePeriod", c.SetKeepAlivePeriod(time.Minute))
	p.saw("SetKeepAliveConfig", c.SetKeepAliveConfig(net.KeepAliveConfig{Enable: true, Idle: time.Minute, Interval: time.Second, Count: 3}))
	p.saw("SetLinger", c.SetLinger(0))
	p.saw("SetReadBuffer", c.SetReadBuffer(64<<10))
	p.saw("SetWriteBuffer", c.SetWriteBuffer(64<<10))
}

// filer and rawConn are what connections and listeners have in both stacks.
type (
	filer   interface{ File() (*os.File, error) }
	rawConn interface {
		SyscallConn() (syscall.RawConn, error)
	}
)

func file(p *player) { takeFile(p, p.conn.(filer)) }

func listenerFile(p *player) { takeFile(p, p.listener.(filer)) }

func takeFile(p *player, from filer) {
	for range 2 {
		f, err := from.File()
		p.keep(f, err)
		p.saw("File", err)
	}
}

func connectionFile(p *player) error {
	if err := connected("tcp")(p); err != nil {
		return err
	}
	return p.fileOf(p.conn.(filer))
}

func listenersFile(p *player) error {
	if err := listening("tcp")(p); err != nil {
		return err
	}
	return p.fileOf(p.listener.(filer))
}

func (p *player) fileOf(from filer) (err error) {
	p.file, err = from.File()
	p.keep(p.file, err)
	return err
}

func fromFile(p *player) {
	for range 2 {
		c, err := p.FileConn(p.file)
		p.keep(c, err)
		p.saw("FileConn", err)
		if err == nil {
			use(p, c)
			return
		}
	}
}

func fromListenerFile(p *player) {
	for range 2 {
		l, err := p.FileListener(p.file)
		p.keep(l, err)
		p.saw("FileListener", err)
		if err == nil {
			p.saw("Addr", nil, l.Addr())
			return
		}
	}
}

// raw uses a connection's descriptor without any call on it.
func raw(p *player) {
	rc, err := p.conn.(rawConn).SyscallConn()
	p.saw("SyscallConn", err)
	if err == nil {
		p.saw("Control", rc.Control(func(uintptr) {}))
		p.saw("Write", rc.Write(func(uintptr) bool { return true }))
		p.saw("Read", rc.Read(func(uintptr) bool { return true }))
	}
	n, err := p.conn.Write([]byte("x"))
	p.saw("Write", err, n)
}

func connectedAndFile(p *player) error {
	if err := connected("tcp")(p); err != nil {
		return err
	}
	name := p.dir + "/file"
	if err := os.WriteFile(name, make([]byte, 10_000), 0o600); err != nil {
		return err
	}
	f, err := os.Open(name)
	p.keep(f, err)
	p.file = f
	return err
}

func sendfile(p *player) {
	for range 2 {
		n, err := p.conn.(io.ReaderFrom).ReadFrom(p.file)
		p.saw("ReadFrom", err, n)
	}
}

// twoConnections prepares one from which to splice, with its end, and one to
// which.
func twoConnections(p *player) error {
	if err := connected("unix")(p); err != nil {
		return err
	}
	p.source = p.conn
	if err := p.sends("abcdefgh"); err != nil {
		return err
	}
	if err := unix.Shutdown(p.other, unix.SHUT_WR); err != nil {
		return err
	}
	return connected("tcp")(p)
}

func splice(p *player) {
	for range 2 {
		n, err := p.conn.(io.ReaderFrom).ReadFrom(p.source)
		p.saw("ReadFrom", err, n)
	}
}
