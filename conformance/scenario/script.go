//go:build linux

package scenario

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"go.parity/conformance/goroutine"
)

// A T is one run of a script on one stack.
type T struct {
	*Stack
	ctx context.Context // done when the script must end
	rec *recorder

	mu      sync.Mutex
	cleanup []func()
}

// An abort is the panic of a script that cannot go on.
type abort string

// Fatalf ends the script because it could not get what it needs. Call it only on
// the script's own goroutine.
func (t *T) Fatalf(format string, args ...any) {
	panic(abort(fmt.Sprintf(format, args...)))
}

// Check ends the script if a preparation failed.
func (t *T) Check(err error) {
	if err != nil {
		_, file, line, _ := runtime.Caller(1)
		t.Fatalf("%s:%d: %v", filepath.Base(file), line, err)
	}
}

// Rec records values under a name.
func (t *T) Rec(name string, values ...any) { t.rec.add(name, values) }

// Op records all values of a call: t.Op("read")(c.Read(b)).
func (t *T) Op(name string) func(values ...any) {
	return func(values ...any) { t.rec.add(name, values) }
}

// Try records the values that f returns, or its panic.
func (t *T) Try(name string, f func() []any) { t.rec.add(name, caught(t.rec, f)) }

func caught(r *recorder, f func() []any) (values []any) {
	defer func() {
		if v := recover(); v != nil {
			r.mu.Lock()
			defer r.mu.Unlock()
			values = []any{r.panicked(v)}
		}
	}()
	return f()
}

// all makes one list of the values of a call.
func all(values ...any) []any { return values }

// Defer runs f when the script has ended, the last f first.
func (t *T) Defer(f func()) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.cleanup = append(t.cleanup, f)
}

// finish runs the deferred functions and says what panicked.
func (t *T) finish() (failure string) {
	for {
		t.mu.Lock()
		if len(t.cleanup) == 0 {
			t.mu.Unlock()
			return failure
		}
		f := t.cleanup[len(t.cleanup)-1]
		t.cleanup = t.cleanup[:len(t.cleanup)-1]
		t.mu.Unlock()
		func() {
			defer func() {
				if v := recover(); v != nil {
					failure += fmt.Sprintf("panic in what it deferred: %v\n%s", v, debug.Stack())
				}
			}()
			f()
		}()
	}
}

// Keep closes c when the script has ended, unless it is nil.
func (t *T) Keep(c io.Closer) {
	if c != nil {
		t.Defer(func() { c.Close() })
	}
}

// Read records what one Read into size bytes returns.
func (t *T) Read(name string, r io.Reader, size int) {
	b := make([]byte, size)
	n, err := r.Read(b)
	t.Rec(name, n, b[:max(n, 0)], err)
}

// ReadFull records what reading exactly size bytes returns.
func (t *T) ReadFull(name string, r io.Reader, size int) {
	b := make([]byte, size)
	n, err := io.ReadFull(r, b)
	t.Rec(name, n, b[:n], err)
}

// Write records what one Write of s returns.
func (t *T) Write(name string, w io.Writer, s string) {
	t.Op(name)(w.Write([]byte(s)))
}

// Port records the port of a, which the kernel may have chosen.
func (t *T) Port(a net.Addr) int {
	switch a := a.(type) {
	case *net.TCPAddr:
		return a.Port
	case *net.UDPAddr:
		return a.Port
	}
	t.Fatalf("%T has no port", a)
	return 0
}

var dirs atomic.Uint32

// Dir makes a directory that lives as long as the script. Its name is short, so
// that the name of a socket in it fits, and always has the same length.
func (t *T) Dir() string {
	var dir string
	for {
		dir = filepath.Join(os.TempDir(), fmt.Sprintf("s%08x", uint32(os.Getpid())<<12+dirs.Add(1)))
		err := os.Mkdir(dir, 0o700)
		if err == nil {
			break
		}
		if !errors.Is(err, os.ErrExist) {
			t.Check(err)
		}
	}
	t.rec.hide(dir, "$DIR")
	t.Defer(func() { os.RemoveAll(dir) })
	return dir
}

var abstracts atomic.Int64

// Abstract returns a name in the abstract namespace of Unix sockets that
// nobody else uses.
func (t *T) Abstract() string {
	name := fmt.Sprintf("@conformance/%d/%d", os.Getpid(), abstracts.Add(1))
	t.rec.hide(name, "@abstract"+strconv.Itoa(len(t.rec.replace)/2))
	return name
}

// A Task is an operation on a goroutine of its own.
type Task struct {
	done   chan struct{}
	values []any
	id     int64
}

// Go starts f.
func (t *T) Go(f func() []any) *Task {
	k := &Task{done: make(chan struct{})}
	id := make(chan int64, 1)
	go func() {
		defer close(k.done)
		id <- goroutine.ID()
		k.values = caught(t.rec, f)
	}()
	k.id = <-id
	return k
}

// Park starts f and waits until it is blocked, or has ended.
func (t *T) Park(f func() []any) *Task {
	k := t.Go(f)
	t.Blocked(k)
	return k
}

// Blocked waits until the task is blocked, or has ended.
func (t *T) Blocked(k *Task) {
	t.Until("a goroutine is blocked", func() bool {
		select {
		case <-k.done:
			return true
		default:
			return goroutine.Blocked(k.id)
		}
	})
}

// Ended reports whether the task is done.
func (k *Task) Ended() bool {
	select {
	case <-k.done:
		return true
	default:
		return false
	}
}

// Wait returns what the task's function returned.
func (k *Task) Wait() []any {
	<-k.done
	return k.values
}

// Until polls for a state that no event announces. If the state never comes
// about, the script's limit ends the script.
func (t *T) Until(what string, f func() bool) {
	for wait := 20 * time.Microsecond; !f(); wait = min(2*wait, 5*time.Millisecond) {
		select {
		case <-t.ctx.Done():
			t.Fatalf("it never came about that %s", what)
		case <-time.After(wait):
		}
	}
}

// ListenTCP4 listens on 127.0.0.1.
func (t *T) ListenTCP4() TCPListener {
	l, err := t.ListenTCP("tcp", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	t.Check(err)
	t.Keep(l)
	return l
}

// TCPPair returns both ends of a connection: the dialled one and the accepted
// one.
func (t *T) TCPPair() (client, server TCPConn) {
	return t.TCPPairOn(t.ListenTCP4())
}

// TCPPairOn is TCPPair over a listener.
func (t *T) TCPPairOn(l TCPListener) (client, server TCPConn) {
	client, err := t.Stack.DialTCP("tcp", nil, l.Addr().(*net.TCPAddr))
	t.Check(err)
	t.Keep(client)
	return client, t.Accept(l)
}

// Accept accepts a connection that waits.
func (t *T) Accept(l TCPListener) TCPConn {
	c, err := t.AcceptTCP(l)
	t.Check(err)
	t.Keep(c)
	return c
}

// UnixPair returns both ends of a stream or of a sequence of packets.
func (t *T) UnixPair(network string) (client, server UnixConn) {
	name := &net.UnixAddr{Name: t.Abstract(), Net: network}
	l, err := t.ListenUnix(network, name)
	t.Check(err)
	t.Keep(l)
	client, err = t.DialUnix(network, nil, name)
	t.Check(err)
	t.Keep(client)
	server, err = t.AcceptUnix(l)
	t.Check(err)
	t.Keep(server)
	return client, server
}

// UDP4 returns a UDP socket on 127.0.0.1.
func (t *T) UDP4() UDPConn {
	c, err := t.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	t.Check(err)
	t.Keep(c)
	return c
}

// Control calls f with c's descriptor.
func (t *T) Control(c syscall.Conn, f func(fd int)) {
	rc, err := c.SyscallConn()
	t.Check(err)
	t.Check(rc.Control(func(fd uintptr) { f(int(fd)) }))
}

// Opt records an option of c, or the errno that asking for it returns.
func (t *T) Opt(name string, c syscall.Conn, level, opt int) {
	t.Control(c, func(fd int) {
		if v, err := unix.GetsockoptInt(fd, level, opt); err != nil {
			t.Rec(name, err)
		} else {
			t.Rec(name, v)
		}
	})
}

// TCPOpts records the options that the stack sets on every TCP connection.
func (t *T) TCPOpts(name string, c syscall.Conn) {
	t.Opt(name+": TCP_NODELAY", c, unix.IPPROTO_TCP, unix.TCP_NODELAY)
	t.Opt(name+": SO_KEEPALIVE", c, unix.SOL_SOCKET, unix.SO_KEEPALIVE)
	t.Opt(name+": TCP_KEEPIDLE", c, unix.IPPROTO_TCP, unix.TCP_KEEPIDLE)
	t.Opt(name+": TCP_KEEPINTVL", c, unix.IPPROTO_TCP, unix.TCP_KEEPINTVL)
	t.Opt(name+": TCP_KEEPCNT", c, unix.IPPROTO_TCP, unix.TCP_KEEPCNT)
}

// Socket records what the socket under c is, and its descriptor's flags.
func (t *T) Socket(name string, c syscall.Conn) {
	t.Opt(name+": SO_DOMAIN", c, unix.SOL_SOCKET, unix.SO_DOMAIN)
	t.Opt(name+": SO_TYPE", c, unix.SOL_SOCKET, unix.SO_TYPE)
	t.Opt(name+": SO_PROTOCOL", c, unix.SOL_SOCKET, unix.SO_PROTOCOL)
	t.Opt(name+": SO_BROADCAST", c, unix.SOL_SOCKET, unix.SO_BROADCAST)
	t.Opt(name+": SO_REUSEADDR", c, unix.SOL_SOCKET, unix.SO_REUSEADDR)
	t.Opt(name+": IPV6_V6ONLY", c, unix.IPPROTO_IPV6, unix.IPV6_V6ONLY)
	t.Flags(name, c)
}

// Flags records the flags of c's descriptor.
func (t *T) Flags(name string, c syscall.Conn) {
	t.Control(c, func(fd int) {
		fl, err := unix.FcntlInt(uintptr(fd), unix.F_GETFL, 0)
		t.Rec(name+": O_NONBLOCK", fl&unix.O_NONBLOCK != 0, err)
		fl, err = unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0)
		t.Rec(name+": FD_CLOEXEC", fl&unix.FD_CLOEXEC != 0, err)
	})
}

// Await waits until poll(2) reports one of the events on c.
func (t *T) Await(c syscall.Conn, events int16) {
	t.Until("poll reports an event", func() (happened bool) {
		t.Control(c, func(fd int) {
			fds := []unix.PollFd{{Fd: int32(fd), Events: events}}
			if n, err := unix.Poll(fds, 0); n == 1 && err == nil {
				happened = fds[0].Revents&events != 0
			}
		})
		return happened
	})
}

// Reset closes c so that its peer gets a reset, and waits until the reset has
// arrived.
func (t *T) Reset(c, peer TCPConn) {
	t.Check(c.SetLinger(0))
	t.Check(c.Close())
	t.Await(peer, unix.POLLERR|unix.POLLHUP)
}

// BlackHole returns an address on which a connection is never established: a
// listener that nobody accepts from, with its backlog full. Its sockets are
// the kernel's own, of neither stack.
func (t *T) BlackHole() *net.TCPAddr { return t.BlackHoleAt([4]byte{127, 0, 0, 1}) }

// BlackHoleAt is BlackHole on an IPv4 address.
func (t *T) BlackHoleAt(ip [4]byte) *net.TCPAddr {
	sa := t.fullBacklog(unix.AF_INET, &unix.SockaddrInet4{Addr: ip})
	return &net.TCPAddr{IP: ip[:], Port: sa.(*unix.SockaddrInet4).Port}
}

// BlackHole6 is BlackHole on ::1.
func (t *T) BlackHole6() *net.TCPAddr {
	sa := t.fullBacklog(unix.AF_INET6, &unix.SockaddrInet6{Addr: [16]byte{15: 1}})
	return &net.TCPAddr{IP: net.IPv6loopback, Port: sa.(*unix.SockaddrInet6).Port}
}

func (t *T) fullBacklog(domain int, at unix.Sockaddr) unix.Sockaddr {
	socket := func() int {
		fd, err := unix.Socket(domain, unix.SOCK_STREAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
		t.Check(err)
		t.Defer(func() { unix.Close(fd) })
		return fd
	}
	l := socket()
	t.Check(unix.Bind(l, at))
	t.Check(unix.Listen(l, 0))
	sa, err := unix.Getsockname(l)
	t.Check(err)
	// A backlog of 0 holds one connection.
	if err := unix.Connect(socket(), sa); err != nil && err != unix.EINPROGRESS {
		t.Check(err)
	}
	t.Until("the backlog is full", func() bool {
		fds := []unix.PollFd{{Fd: int32(l), Events: unix.POLLIN}}
		n, _ := unix.Poll(fds, 0)
		return n == 1
	})
	return sa
}

// FreePort returns a TCP port of 127.0.0.1 on which nobody listens. The port
// stays bound until the script has ended, so that nobody will.
func (t *T) FreePort() int {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	t.Check(err)
	t.Defer(func() { unix.Close(fd) })
	t.Check(unix.Bind(fd, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}))
	sa, err := unix.Getsockname(fd)
	t.Check(err)
	return sa.(*unix.SockaddrInet4).Port
}

// ReleasedPort returns a TCP port that was free a moment ago. The kernel
// chooses ports at random, so it is unlikely that anybody has taken it since.
func (t *T) ReleasedPort() int {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	t.Check(err)
	defer unix.Close(fd)
	t.Check(unix.Bind(fd, &unix.SockaddrInet4{}))
	sa, err := unix.Getsockname(fd)
	t.Check(err)
	return sa.(*unix.SockaddrInet4).Port
}

// FreeUDPPort is FreePort for UDP: the kernel refuses what is sent to it.
func (t *T) FreeUDPPort() int {
	c := t.UDP4()
	port := t.Port(c.LocalAddr())
	t.Check(c.Close())
	return port
}

// goResolver replaces the default resolver by one that uses neither name servers
// nor the C library, which net asks for names of services when it can.
func (t *T) goResolver() (restore func()) {
	return t.SwapDefaultResolver(&net.Resolver{PreferGo: true, Dial: refuseDNS})
}

// hostPort joins a host and the port of a.
func (t *T) hostPort(host string, a net.Addr) string {
	return net.JoinHostPort(host, strconv.Itoa(t.Port(a)))
}

var (
	past   = time.Unix(1, 0)
	future = time.Date(2200, 1, 1, 0, 0, 0, 0, time.UTC)
	never  = time.Time{}
)

func refuseDNS(context.Context, string, string) (net.Conn, error) {
	return nil, errors.New("no name server")
}

func ptr[V any](v V) *V { return &v }

// A named value is an entry of a table that keeps its order.
type named[V any] struct {
	name  string
	value V
}

// inOrder goes through a table in order.
func inOrder[V any](table ...named[V]) func(yield func(string, V) bool) {
	return func(yield func(string, V) bool) {
		for _, n := range table {
			if !yield(n.name, n.value) {
				return
			}
		}
	}
}

// withoutDescriptors calls f while the process cannot open descriptors.
func (t *T) withoutDescriptors(f func()) {
	var old unix.Rlimit
	t.Check(unix.Getrlimit(unix.RLIMIT_NOFILE, &old))
	var fill []int
	defer func() {
		t.Check(unix.Setrlimit(unix.RLIMIT_NOFILE, &old))
		for _, fd := range fill {
			unix.Close(fd)
		}
	}()
	// The limit applies to a descriptor's number, so fill the gaps below it.
	highest := 0
	for fd := range takeStock().descriptors {
		highest = max(highest, fd)
	}
	low := old
	low.Cur = uint64(highest + 2)
	t.Check(unix.Setrlimit(unix.RLIMIT_NOFILE, &low))
	for {
		fd, err := unix.FcntlInt(0, unix.F_DUPFD_CLOEXEC, 0)
		if err == unix.EMFILE {
			break
		}
		t.Check(err)
		fill = append(fill, fd)
	}
	f()
}
