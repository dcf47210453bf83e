//go:build linux

package poll

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"go.parity/runtime_hooks"
	"go.parity/socket"
)

// An operation is one method that waits, on a descriptor on which it does.
type operation struct {
	name  string
	read  bool // in which direction it waits
	setup func(t testing.TB) *FD
	do    func(fd *FD) error
}

func emptyStream(t testing.TB) *FD   { a, _ := unixPair(t); return a }
func emptyDatagram(t testing.TB) *FD { a, _ := datagramPair(t); return a }
func fullStream(t testing.TB) *FD    { a, _ := unixPair(t); fillUp(t, a); return a }
func fullDatagram(t testing.TB) *FD  { a, _ := datagramPair(t); fillUp(t, a); return a }

// operations returns all of them.
func operations(t testing.TB) []operation {
	file := openFile(t, pattern(1<<20))
	source := func() (*FD, error) { // what Splice takes data from
		a, b := unixPair(t)
		_, err := b.Write(pattern(1 << 10))
		return a, err
	}
	sink, _ := unixPair(t)
	return []operation{
		{"Read", true, emptyStream, func(fd *FD) error { _, err := fd.Read(make([]byte, 8)); return err }},
		{"Accept", true, func(t testing.TB) *FD { ln, _ := listener(t); return ln }, func(fd *FD) error {
			_, err := fd.Accept(new(socket.Sockaddr))
			return err
		}},
		{"ReadFrom", true, emptyDatagram, func(fd *FD) error {
			_, err := fd.ReadFrom(make([]byte, 8), new(socket.Sockaddr))
			return err
		}},
		{"ReadMsg", true, emptyDatagram, func(fd *FD) error {
			_, _, _, err := fd.ReadMsg(make([]byte, 8), nil, 0, new(socket.Sockaddr))
			return err
		}},
		{"ReadWhole", true, emptyDatagram, func(fd *FD) error { return second(fd.ReadWhole(make([]byte, 8), new(socket.Sockaddr))) }},
		{"ReadMessages", true, emptyDatagram, func(fd *FD) error { return second(fd.ReadMessages(messages(2), 2)) }},
		{"RawRead", true, emptyStream, func(fd *FD) error { return fd.RawRead(func(uintptr) bool { return false }) }},
		{"Splice source", true, emptyStream, func(fd *FD) error { _, _, err := Splice(sink, fd, 100); return err }},
		{"Write", false, fullStream, func(fd *FD) error { _, err := fd.Write([]byte("x")); return err }},
		{"WriteTo", false, fullDatagram, func(fd *FD) error { _, err := fd.WriteTo([]byte("x"), nil); return err }},
		{"WriteMsg", false, fullDatagram, func(fd *FD) error { _, _, err := fd.WriteMsg([]byte("x"), nil, nil); return err }},
		{"WriteMessages", false, fullDatagram, func(fd *FD) error { return second(fd.WriteMessages(messages(2), 2)) }},
		{"Writev", false, fullStream, func(fd *FD) error { _, err := fd.Writev(&[][]byte{{1}, {2}}); return err }},
		{"RawWrite", false, fullStream, func(fd *FD) error { return fd.RawWrite(func(uintptr) bool { return false }) }},
		{"SendFile", false, fullStream, func(fd *FD) error { _, _, err := SendFile(fd, int(file.Fd()), 0); return err }},
		{"Splice destination", false, fullStream, func(fd *FD) error {
			src, err := source()
			if err == nil {
				_, _, err = Splice(fd, src, 1<<10)
			}
			return err
		}},
	}
}

func TestFDCloseUnblocksEachOperation(t *testing.T) {
	for _, op := range operations(t) {
		t.Run(op.name, func(t *testing.T) {
			fd := op.setup(t)
			c := start(t, op.name, func() error { return op.do(fd) }).parked()
			within(t, "Close()", func() { wantErr(t, "Close()", fd.Close(), nil) })
			c.want(net.ErrClosed)
			if fd.Sysfd != -1 {
				t.Errorf("Sysfd after Close = %d, want -1", fd.Sysfd)
			}
		})
	}
}

// Close wakes those who wait for the lock as well as whoever holds it.
func TestFDCloseUnblocksAllInLine(t *testing.T) {
	for _, op := range operations(t) {
		t.Run(op.name, func(t *testing.T) {
			fd := op.setup(t)
			calls := []*call{start(t, op.name, func() error { return op.do(fd) }).parked()}
			for range 3 {
				calls = append(calls, start(t, op.name, func() error { return op.do(fd) }).queued())
			}
			within(t, "Close()", func() { wantErr(t, "Close()", fd.Close(), nil) })
			for _, c := range calls {
				c.want(net.ErrClosed)
			}
		})
	}
}

func TestFDUseAfterClose(t *testing.T) {
	var sa socket.Sockaddr
	file := openFile(t, pattern(10))
	open, peer := unixPair(t)
	send(t, peer, "data")
	for _, tt := range []struct {
		name string
		do   func(*FD) error
	}{
		{"Close", (*FD).Close},
		{"Read", func(fd *FD) error { n, err := fd.Read(make([]byte, 8)); return zero(n, err) }},
		{"Read nothing", func(fd *FD) error { n, err := fd.Read(nil); return zero(n, err) }},
		{"Write", func(fd *FD) error { n, err := fd.Write([]byte("x")); return zero(n, err) }},
		{"Write nothing", func(fd *FD) error { n, err := fd.Write(nil); return zero(n, err) }},
		{"Writev", func(fd *FD) error { n, err := fd.Writev(&[][]byte{{1}}); return zero(int(n), err) }},
		{"Writev nothing", func(fd *FD) error { n, err := fd.Writev(new([][]byte)); return zero(int(n), err) }},
		{"ReadFrom", func(fd *FD) error { n, err := fd.ReadFrom(make([]byte, 8), &sa); return zero(n, err) }},
		{"ReadMsg", func(fd *FD) error {
			n, oobn, flags, err := fd.ReadMsg(make([]byte, 8), make([]byte, 8), 0, &sa)
			return zero(n|oobn|flags, err)
		}},
		{"WriteTo", func(fd *FD) error { n, err := fd.WriteTo([]byte("x"), nil); return zero(n, err) }},
		{"WriteMsg", func(fd *FD) error { n, oobn, err := fd.WriteMsg([]byte("x"), nil, nil); return zero(n|oobn, err) }},
		{"Accept", func(fd *FD) error { s, err := fd.Accept(&sa); return zero(s+1, err) }},
		{"Shutdown", func(fd *FD) error { return fd.Shutdown(unix.SHUT_WR) }},
		{"Dup", func(fd *FD) error { s, _, err := fd.Dup(); return zero(s+1, err) }},
		{"SetDeadline", func(fd *FD) error { return fd.SetDeadline(time.Now()) }},
		{"SetReadDeadline", func(fd *FD) error { return fd.SetReadDeadline(time.Time{}) }},
		{"SetWriteDeadline", func(fd *FD) error { return fd.SetWriteDeadline(time.Now().Add(time.Hour)) }},
		{"RawControl", func(fd *FD) error { return fd.RawControl(func(uintptr) { panic("called") }) }},
		{"RawRead", func(fd *FD) error { return fd.RawRead(func(uintptr) bool { panic("called") }) }},
		{"RawWrite", func(fd *FD) error { return fd.RawWrite(func(uintptr) bool { panic("called") }) }},
		{"SetsockoptInt", func(fd *FD) error { return fd.SetsockoptInt(unix.SOL_SOCKET, unix.SO_KEEPALIVE, 1) }},
		{"GetsockoptInt", func(fd *FD) error {
			v, err := fd.GetsockoptInt(unix.SOL_SOCKET, unix.SO_TYPE)
			return zero(v, err)
		}},
		{"SetsockoptLinger", func(fd *FD) error { return fd.SetsockoptLinger(true, 1) }},
		{"SetsockoptIPMreqn", func(fd *FD) error { return fd.SetsockoptIPMreqn(unix.IP_ADD_MEMBERSHIP, [4]byte{}, 1) }},
		{"SetsockoptIPv6Mreq", func(fd *FD) error { return fd.SetsockoptIPv6Mreq(unix.IPV6_JOIN_GROUP, [16]byte{}, 1) }},
		{"Getsockname", func(fd *FD) error { return fd.Getsockname(&sa) }},
		{"SendFile", func(fd *FD) error {
			n, handled, err := SendFile(fd, int(file.Fd()), 0)
			if handled {
				return errors.New("handled")
			}
			return zero(int(n), err)
		}},
		{"Splice from it", func(fd *FD) error {
			n, handled, err := Splice(open, fd, 1)
			if !handled {
				return errors.New("not handled")
			}
			return zero(int(n), err)
		}},
		{"Splice to it", func(fd *FD) error {
			n, handled, err := Splice(fd, open, 1)
			if !handled {
				return errors.New("not handled")
			}
			return zero(int(n), err)
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			fd, _ := unixPair(t)
			wantErr(t, "Close()", fd.Close(), nil)
			within(t, tt.name, func() { wantErr(t, tt.name, tt.do(fd), net.ErrClosed) })
		})
	}
}

// zero returns err if n is 0.
func zero(n int, err error) error {
	if n != 0 {
		return fmt.Errorf("%d with %w", n, err)
	}
	return err
}

func TestFDCloseByManyOnlyOneCloses(t *testing.T) {
	for range rounds(100) {
		fd, _ := unixPair(t)
		reading := start(t, "Read", func() error { _, err := fd.Read(make([]byte, 1)); return err })
		var closed atomic.Int32
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				switch err := fd.Close(); err {
				case nil:
					closed.Add(1)
				case net.ErrClosed:
				default:
					t.Errorf("Close() = %v, want nil or %v", err, net.ErrClosed)
				}
			})
		}
		within(t, "Close()", wg.Wait)
		reading.want(net.ErrClosed)
		if n := closed.Load(); n != 1 {
			t.Fatalf("Close() = nil for %d, want 1", n)
		}
	}
}

// When Close returns, the port is free, though an Accept held the descriptor.
func TestFDCloseFreesThePortUnderAccept(t *testing.T) {
	ln, at := listener(t)
	for i := range rounds(200) {
		c := start(t, "Accept()", func() error { _, err := ln.Accept(new(socket.Sockaddr)); return err })
		if i%2 == 0 {
			c.parked()
		}
		wantErr(t, "Close()", ln.Close(), nil)
		s := newSocket(t, unix.AF_INET, unix.SOCK_STREAM)
		if errno := socket.Bind(s, at); errno != 0 {
			socket.Close(s)
			t.Fatalf("round %d: Bind to the port after Close = %v, want success", i, errno)
		}
		noErrno(t, "Listen", socket.Listen(s, 1))
		c.want(net.ErrClosed)
		ln = newFD(t, s, true)
	}
}

// Close waits for whoever is in a system call, who may use the descriptor to
// the end.
func TestFDCloseWaitsForWhoUsesIt(t *testing.T) {
	fd, _ := unixPair(t)
	entered, leave := make(chan int), make(chan bool)
	user := start(t, "RawControl", func() error {
		return fd.RawControl(func(s uintptr) {
			entered <- int(s)
			<-leave
			var st unix.Stat_t
			if err := unix.Fstat(int(s), &st); err != nil {
				t.Errorf("fstat(%d) during Close = %v, want the descriptor open", s, err)
			}
		})
	})
	s := <-entered
	closing := start(t, "Close()", fd.Close).queued()
	wantErr(t, "Write during Close", second(fd.Write([]byte("x"))), net.ErrClosed)
	wantErr(t, "Close() during Close", fd.Close(), net.ErrClosed)
	close(leave)
	user.want(nil)
	closing.want(nil)
	if _, err := unix.FcntlInt(uintptr(s), unix.F_GETFD, 0); err != unix.EBADF {
		t.Errorf("fcntl(%d) after Close = %v, want EBADF", s, err)
	}
}

func second[T any](_ T, err error) error { return err }

// Outside the poller an operation may block for good, so Close does not wait.
func TestFDCloseOutsideThePollerDoesNotWait(t *testing.T) {
	a, b := rawPair(t, unix.SOCK_STREAM)
	defer socket.Close(b)
	fd := &FD{Sysfd: a, IsStream: true, ZeroReadIsEOF: true}
	entered, leave := make(chan int), make(chan bool)
	user := start(t, "RawControl", func() error {
		return fd.RawControl(func(s uintptr) { entered <- int(s); <-leave })
	})
	s := <-entered
	within(t, "Close()", func() { wantErr(t, "Close()", fd.Close(), nil) })
	if _, err := unix.FcntlInt(uintptr(s), unix.F_GETFD, 0); err != nil {
		t.Errorf("fcntl(%d) while in use = %v, want it open", s, err)
	}
	close(leave)
	user.want(nil)
	if _, err := unix.FcntlInt(uintptr(s), unix.F_GETFD, 0); err != unix.EBADF {
		t.Errorf("fcntl(%d) after the last has left = %v, want EBADF", s, err)
	}
}

func TestFDInitRefusedThenClose(t *testing.T) {
	file := openFile(t, pattern(10))
	regular, _, errno := socket.DupCloseOnExec(int(file.Fd()))
	noErrno(t, "DupCloseOnExec", errno)
	watched, _ := unixPair(t)
	for _, tt := range []struct {
		name  string
		sysfd int
		want  error
		close error
	}{
		{"regular file", regular, unix.EPERM, nil},
		{"closed", 1 << 20, unix.EBADF, unix.EBADF},
		{"negative", -1, unix.EBADF, unix.EBADF},
	} {
		t.Run(tt.name, func(t *testing.T) {
			before := runtimehooks.Stats().Open
			fd := &FD{Sysfd: tt.sysfd, IsStream: true}
			wantErr(t, "Init()", fd.Init(), tt.want)
			wantErr(t, "Init() again", fd.Init(), tt.want)
			wantErr(t, "SetDeadline", fd.SetDeadline(time.Now()), os.ErrNoDeadline)
			within(t, "Close()", func() { wantErr(t, "Close()", fd.Close(), tt.close) })
			wantErr(t, "Close() again", fd.Close(), net.ErrClosed)
			if after := runtimehooks.Stats().Open; after != before {
				t.Errorf("watched descriptors = %d, want %d", after, before)
			}
		})
	}
	t.Run("watched already", func(t *testing.T) {
		fd := &FD{Sysfd: watched.Sysfd}
		wantErr(t, "Init()", fd.Init(), unix.EEXIST)
	})
}

// If the poller does not have a descriptor, operations use it as it is: a call
// that would have to wait returns its error.
func TestFDOutsideThePollerDoesNotWait(t *testing.T) {
	a, b := rawPair(t, unix.SOCK_STREAM)
	fd, peer := &FD{Sysfd: a, IsStream: true}, &FD{Sysfd: b, IsStream: true}
	defer fd.Close()
	defer peer.Close()
	n, err := fd.Read(make([]byte, 8))
	wantCount(t, "Read", n, 0, err, unix.EAGAIN)
	send(t, peer, "x")
	n, err = fd.Read(make([]byte, 8))
	wantCount(t, "Read", n, 1, err, nil)
	fillUp(t, fd)
	n, err = fd.Write([]byte("x"))
	wantCount(t, "Write", n, 0, err, unix.EAGAIN)
	for _, tt := range []struct {
		name string
		raw  func(func(uintptr) bool) error
	}{{"RawRead", fd.RawRead}, {"RawWrite", fd.RawWrite}} {
		wantErr(t, tt.name+" done", tt.raw(func(uintptr) bool { return true }), nil)
	}
}

// ListenConfig.Control gets a descriptor before it is in the poller. If a
// function wants to wait there, it gets an error, as in internal/poll.
func TestFDRawOutsideThePollerCannotWait(t *testing.T) {
	var want error
	config := net.ListenConfig{Control: func(_, _ string, c syscall.RawConn) error {
		want = c.Read(func(uintptr) bool { return false })
		return nil
	}}
	l, err := config.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	var op *net.OpError
	if errors.As(want, &op) {
		want = op.Err
	}

	a, b := rawPair(t, unix.SOCK_STREAM)
	defer socket.Close(b)
	fd := &FD{Sysfd: a}
	defer fd.Close()
	for _, tt := range []struct {
		name string
		raw  func(func(uintptr) bool) error
	}{{"RawRead", fd.RawRead}, {"RawWrite", fd.RawWrite}} {
		got := tt.raw(func(uintptr) bool { return false })
		if got == nil || got.Error() != want.Error() {
			t.Errorf("%s = %v, want %v", tt.name, got, want)
		}
	}
}

// While Close takes a descriptor from those who use it, others open sockets,
// which get its number. The old users must not read from, write to or change
// those.
func TestFDNumberIsNotUsedAfterClose(t *testing.T) {
	const word = "canary"
	reused := 0
	for range rounds(400) {
		a, b := rawPair(t, unix.SOCK_STREAM)
		fd := &FD{Sysfd: a, IsStream: true, ZeroReadIsEOF: true}
		if err := fd.Init(); err != nil {
			t.Fatal(err)
		}
		var users sync.WaitGroup
		for _, use := range []func() error{
			func() error { return second(fd.Read(make([]byte, 8))) },
			func() error { return second(fd.Write([]byte("x"))) },
			func() error { return second(fd.ReadFrom(make([]byte, 8), new(socket.Sockaddr))) },
			func() error { return fd.SetDeadline(time.Now().Add(time.Hour)) },
			func() error { return fd.SetReadDeadline(time.Time{}) },
			func() error { return fd.SetsockoptInt(unix.SOL_SOCKET, unix.SO_KEEPALIVE, 1) },
		} {
			users.Go(func() {
				for {
					if err := use(); err != nil && err != unix.EAGAIN {
						if err != net.ErrClosed && err != unix.EPIPE {
							t.Errorf("err = %v, want %v", err, net.ErrClosed)
						}
						if err == net.ErrClosed {
							return
						}
					}
					runtime.Gosched()
				}
			})
		}
		var canaries [4][2]int
		closed := start(t, "Close()", func() error {
			err := fd.Close()
			for i := range canaries {
				canaries[i][0], canaries[i][1] = rawPair(t, unix.SOCK_STREAM)
				socket.Write(canaries[i][1], []byte(word), 0)
			}
			return err
		})
		drainRaw(b) // whoever writes must not wait
		closed.want(nil)
		within(t, "all leave", users.Wait)
		socket.Close(b)

		for _, c := range canaries {
			if c[0] == a || c[1] == a {
				reused++
			}
			p := make([]byte, 16)
			if n, errno := socket.Read(c[0], p); string(p[:n]) != word || errno != 0 {
				t.Errorf("Read of the canary %d = %q, %v, want %q", c[0], p[:n], errno, word)
			}
			for _, s := range c {
				if n, errno := socket.Read(s, p); n != 0 || errno != unix.EAGAIN {
					t.Errorf("Read of the canary %d = %q, %v, want nothing", s, p[:n], errno)
				}
				if v, errno := socket.GetsockoptInt(s, unix.SOL_SOCKET, unix.SO_KEEPALIVE); v != 0 || errno != 0 {
					t.Errorf("SO_KEEPALIVE of the canary %d = %d, %v, want 0", s, v, errno)
				}
			}
			socket.Close(c[0])
			socket.Close(c[1])
		}
		if t.Failed() {
			break
		}
	}
	if reused == 0 {
		t.Error("no canary got the number of the closed descriptor, want one at least")
	}
}

// drainRaw reads what is there.
func drainRaw(s int) {
	for p := make([]byte, 4096); ; {
		if n, errno := socket.Read(s, p); n == 0 || errno != 0 {
			return
		}
	}
}

// Close comes at any moment of an operation. Nothing hangs, and an operation
// that returns no error has done what it was asked to do.
func TestFDCloseAtAnyMoment(t *testing.T) {
	for i := range rounds(300) {
		a, b := unixPair(t)
		var sent, got int
		writing := start(t, "Write", func() error {
			for {
				n, err := a.Write([]byte("word"))
				sent += n
				if err != nil {
					return err
				}
			}
		})
		reading := start(t, "Read", func() error {
			p := make([]byte, 64)
			for {
				n, err := b.Read(p)
				got += n
				if err != nil {
					return err
				}
			}
		})
		for range i % 40 {
			runtime.Gosched()
		}
		within(t, "Close()", func() { wantErr(t, "Close()", a.Close(), nil) })
		writing.want(net.ErrClosed)
		reading.want(io.EOF)
		if got != sent {
			t.Fatalf("read %d bytes, want the %d that Write returned", got, sent)
		}
		b.Close()
	}
}

func TestFDShutdownEndsOneDirection(t *testing.T) {
	a, b := tcpPair(t)
	reading := start(t, "Read", func() error { return second(b.Read(make([]byte, 8))) }).parked()
	wantErr(t, "Shutdown(SHUT_WR)", a.Shutdown(unix.SHUT_WR), nil)
	reading.want(io.EOF)
	send(t, b, "back")
	n, err := a.Read(make([]byte, 8))
	wantCount(t, "Read", n, 4, err, nil)
	n, err = a.Write([]byte("x"))
	wantCount(t, "Write after Shutdown", n, 0, err, unix.EPIPE)
	reading = start(t, "Read", func() error { return second(a.Read(make([]byte, 8))) }).parked()
	wantErr(t, "Shutdown(SHUT_RD)", a.Shutdown(unix.SHUT_RD), nil)
	reading.want(io.EOF)
	wantErr(t, "Shutdown(9)", a.Shutdown(9), unix.EINVAL)
}

func TestFDDup(t *testing.T) {
	a, b := unixPair(t)
	if got := a.Shares(); got != 0 {
		t.Errorf("Shares() = %d, want 0", got)
	}
	dup, _, err := a.Dup()
	if err != nil {
		t.Fatalf("Dup() = %v, want nil", err)
	}
	defer socket.Close(dup)
	if flags, err := unix.FcntlInt(uintptr(dup), unix.F_GETFD, 0); err != nil || flags != unix.FD_CLOEXEC {
		t.Errorf("fcntl(F_GETFD) of the duplicate = %#x, %v, want FD_CLOEXEC", flags, err)
	}
	if got := a.Shares(); got != 1 {
		t.Errorf("Shares() after Dup = %d, want 1", got)
	}
	// It outlives the descriptor.
	wantErr(t, "Close()", a.Close(), nil)
	if n, errno := socket.Write(dup, []byte("x"), 0); n != 1 || errno != 0 {
		t.Errorf("Write to the duplicate = %d, %v, want 1", n, errno)
	}
	n, err := b.Read(make([]byte, 8))
	wantCount(t, "Read", n, 1, err, nil)

	withoutDescriptors(t, func() {
		if dup, _, err := b.Dup(); dup != -1 || err != unix.EMFILE {
			t.Errorf("Dup() without descriptors = %d, %v, want -1, EMFILE", dup, err)
		}
	})
}

func TestFDSharesCountsWhatShowsTheDescriptor(t *testing.T) {
	fd, peer := unixPair(t)
	send(t, peer, "data")
	want := uint32(0)
	check := func(op string, more uint32) {
		t.Helper()
		if want += more; fd.Shares() != want {
			t.Errorf("Shares() after %s = %d, want %d", op, fd.Shares(), want)
		}
	}
	fd.Read(make([]byte, 2))
	fd.Write([]byte("x"))
	fd.SetDeadline(time.Time{})
	fd.SetsockoptInt(unix.SOL_SOCKET, unix.SO_KEEPALIVE, 1)
	fd.GetsockoptInt(unix.SOL_SOCKET, unix.SO_KEEPALIVE)
	fd.Getsockname(new(socket.Sockaddr))
	fd.Shutdown(unix.SHUT_WR)
	check("ordinary use", 0)
	fd.RawControl(func(uintptr) { check("RawControl, within", 1) })
	fd.RawRead(func(uintptr) bool { check("RawRead, within", 1); return true })
	fd.RawWrite(func(uintptr) bool { check("RawWrite, within", 1); return true })
	fd.Share()
	check("Share", 1)
}

// watched reports whether an epoll set of this process watches the number.
func watchedNumber(t testing.TB, sysfd int) bool {
	t.Helper()
	for fd, what := range openFiles() {
		if what != "anon_inode:[eventpoll]" {
			continue
		}
		info, err := os.ReadFile("/proc/self/fdinfo/" + fd)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(info)) {
			if f := strings.Fields(line); len(f) > 1 && f[0] == "tfd:" && f[1] == fmt.Sprint(sysfd) {
				return true
			}
		}
	}
	return false
}

// Whoever may hold the open file, after Close nobody watches it under the old
// number, unless somebody made a duplicate without telling the poller.
func TestFDCloseEndsTheWatch(t *testing.T) {
	for _, tt := range []struct {
		name           string
		another, share bool
	}{
		{"only one", false, false},
		{"only one, shared", false, true},
		{"another, shared", true, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			fd, _ := unixPair(t)
			s := fd.Sysfd
			if tt.another {
				dup, _, errno := socket.DupCloseOnExec(s)
				noErrno(t, "DupCloseOnExec", errno)
				defer socket.Close(dup)
			}
			if tt.share {
				fd.Share()
			}
			if !watchedNumber(t, s) {
				t.Fatalf("descriptor %d is not watched before Close, want it to be", s)
			}
			wantErr(t, "Close()", fd.Close(), nil)
			if watchedNumber(t, s) {
				t.Errorf("descriptor %d is watched after Close, want it not to be", s)
			}
		})
	}
}

// A duplicate that the poller does not know may keep a watch alive. Its events
// must wake nobody, though the number and the pollDesc belong to another by
// now.
func TestFDStaleEventWakesNobody(t *testing.T) {
	a, b := unixPair(t)
	old, peer := unixPair(t)
	number := old.Sysfd
	dup, _, errno := socket.DupCloseOnExec(number)
	noErrno(t, "DupCloseOnExec", errno)
	defer socket.Close(dup)
	wantErr(t, "Close()", old.Close(), nil)
	watched := watchedNumber(t, number)

	fd, writer := unixPair(t)
	if fd.Sysfd != number {
		t.Errorf("number of the next descriptor = %d, want that of the closed one, %d", fd.Sysfd, number)
	}
	var tries atomic.Int32
	c := start(t, "RawRead", func() error {
		p := make([]byte, 8)
		return fd.RawRead(func(s uintptr) bool {
			tries.Add(1)
			_, errno := socket.Read(int(s), p)
			return errno != unix.EAGAIN
		})
	}).parked()
	for range 3 {
		before := runtimehooks.Stats().StaleEvents
		send(t, peer, "stale")
		if watched {
			eventually(t, "a stale event is dropped", func() bool { return runtimehooks.Stats().StaleEvents > before })
		}
		// If there is no stale event, this read shows that the poller has seen
		// a later one.
		reading := start(t, "Read", func() error { return second(a.Read(make([]byte, 8))) }).parked()
		send(t, b, "x")
		reading.want(nil)
	}
	if got := tries.Load(); got != 1 {
		t.Errorf("RawRead has tried %d times, want 1: its descriptor had no event", got)
	}
	c.parked()
	send(t, writer, "for me")
	c.want(nil)
	if got := tries.Load(); got != 2 {
		t.Errorf("RawRead has tried %d times, want 2", got)
	}
}

func TestFDSockopt(t *testing.T) {
	fd, _ := udp(t)
	wantErr(t, "SetsockoptInt", fd.SetsockoptInt(unix.SOL_SOCKET, unix.SO_BROADCAST, 1), nil)
	v, err := fd.GetsockoptInt(unix.SOL_SOCKET, unix.SO_BROADCAST)
	wantCount(t, "GetsockoptInt", v, 1, err, nil)
	wantErr(t, "SetsockoptInt(9999)", fd.SetsockoptInt(unix.SOL_SOCKET, 9999, 1), unix.ENOPROTOOPT)
	v, err = fd.GetsockoptInt(unix.SOL_SOCKET, 9999)
	wantCount(t, "GetsockoptInt(9999)", v, 0, err, unix.ENOPROTOOPT)
	group := [4]byte{224, 0, 0, 254}
	wantErr(t, "SetsockoptIPMreqn", fd.SetsockoptIPMreqn(unix.IP_ADD_MEMBERSHIP, group, 1), nil)
	wantErr(t, "SetsockoptIPMreqn again", fd.SetsockoptIPMreqn(unix.IP_ADD_MEMBERSHIP, group, 1), unix.EADDRINUSE)
	wantErr(t, "SetsockoptIPv6Mreq", fd.SetsockoptIPv6Mreq(unix.IPV6_JOIN_GROUP, [16]byte{0: 0xff, 1: 2}, 1), unix.ENOPROTOOPT)
	wantErr(t, "SetsockoptLinger", fd.SetsockoptLinger(true, 3), nil)
	var sa socket.Sockaddr
	wantErr(t, "Getsockname", fd.Getsockname(&sa), nil)
	if got, want := sa.Inet(), localAddr(t, fd.Sysfd).Inet(); got != want {
		t.Errorf("Getsockname = %v, want %v", got, want)
	}
}

func TestFDAccept(t *testing.T) {
	ln, at := listener(t)
	t.Run("in order, with addresses", func(t *testing.T) {
		var clients []*FD
		for range 5 {
			clients = append(clients, connect(t, at))
		}
		for i, c := range clients {
			var sa socket.Sockaddr
			s, err := ln.Accept(&sa)
			if err != nil {
				t.Fatalf("Accept() = %v, want nil", err)
			}
			server := newFD(t, s, true)
			if got, want := sa.Inet(), localAddr(t, c.Sysfd).Inet(); got != want {
				t.Errorf("address of connection %d = %v, want %v", i, got, want)
			}
			send(t, c, fmt.Sprint(i))
			p := make([]byte, 8)
			if n, err := server.Read(p); string(p[:n]) != fmt.Sprint(i) || err != nil {
				t.Errorf("Read of connection %d = %q, %v, want %q", i, p[:n], err, fmt.Sprint(i))
			}
		}
	})
	t.Run("waits", func(t *testing.T) {
		s := -1
		c := start(t, "Accept()", func() (err error) { s, err = ln.Accept(new(socket.Sockaddr)); return err }).parked()
		connect(t, at)
		c.want(nil)
		newFD(t, s, true)
	})
	t.Run("deadline", func(t *testing.T) {
		ln.SetDeadline(time.Now().Add(-1))
		s, err := ln.Accept(new(socket.Sockaddr))
		wantCount(t, "Accept()", s, -1, err, os.ErrDeadlineExceeded)
		ln.SetDeadline(time.Time{})
		connect(t, at)
		accept(t, ln)
	})
	t.Run("many at once", func(t *testing.T) {
		const n = 8
		accepted := make(chan int, n)
		var calls []*call
		for range n {
			calls = append(calls, start(t, "Accept()", func() error {
				s, err := ln.Accept(new(socket.Sockaddr))
				accepted <- s
				return err
			}))
		}
		for range n {
			connect(t, at)
		}
		for _, c := range calls {
			c.want(nil)
			newFD(t, <-accepted, true)
		}
	})
	t.Run("reset before", func(t *testing.T) {
		// Linux hands out the connection all the same.
		c := connect(t, at)
		c.SetsockoptLinger(true, 0)
		c.Close()
		s := accept(t, ln)
		n, err := s.Read(make([]byte, 8))
		wantCount(t, "Read", n, 0, err, unix.ECONNRESET)
	})
	t.Run("not listening", func(t *testing.T) {
		fd, _ := udp(t)
		s, err := fd.Accept(new(socket.Sockaddr))
		wantCount(t, "Accept()", s, -1, err, unix.EOPNOTSUPP)
	})
}

func TestFDAcceptWithoutDescriptorsLeavesTheListenerUsable(t *testing.T) {
	ln, at := listener(t)
	client := connect(t, at)
	withoutDescriptors(t, func() {
		for range 3 {
			s, err := ln.Accept(new(socket.Sockaddr))
			wantCount(t, "Accept()", s, -1, err, unix.EMFILE)
		}
	})
	server := accept(t, ln)
	send(t, client, "hello")
	p := make([]byte, 8)
	if n, err := server.Read(p); string(p[:n]) != "hello" || err != nil {
		t.Errorf("Read = %q, %v, want %q", p[:n], err, "hello")
	}
	// And it still waits for the next.
	c := start(t, "Accept()", func() error {
		s, err := ln.Accept(new(socket.Sockaddr))
		if err == nil {
			socket.Close(s)
		}
		return err
	}).parked()
	connect(t, at)
	c.want(nil)
}

func TestFDRawControl(t *testing.T) {
	fd, _ := unixPair(t)
	var got uintptr
	wantErr(t, "RawControl", fd.RawControl(func(s uintptr) { got = s }), nil)
	if got != uintptr(fd.Sysfd) {
		t.Errorf("descriptor in RawControl = %d, want %d", got, fd.Sysfd)
	}
	// It takes no lock, and knows no deadline.
	reading := start(t, "Read", func() error { return second(fd.Read(make([]byte, 8))) }).parked()
	fd.SetWriteDeadline(time.Now().Add(-1))
	within(t, "RawControl", func() { wantErr(t, "RawControl", fd.RawControl(func(uintptr) {}), nil) })
	if got := panicOf(func() { fd.RawControl(func(uintptr) { panic("mine") }) }); got != "mine" {
		t.Errorf("panic = %v, want that of the function", got)
	}
	within(t, "Close()", func() { wantErr(t, "Close()", fd.Close(), nil) }) // no reference was left
	reading.want(net.ErrClosed)
}

func TestFDRawReadTriesWhenReadable(t *testing.T) {
	fd, peer := unixPair(t)
	var got []byte
	tries := make(chan int, 100)
	c := start(t, "RawRead", func() error {
		n := 0
		return fd.RawRead(func(s uintptr) bool {
			n++
			p := make([]byte, 64)
			m, errno := socket.Read(int(s), p)
			if errno == 0 {
				got = append(got, p[:m]...)
			}
			tries <- n
			return bytes.HasSuffix(got, []byte("."))
		})
	})
	c.parked()
	for i, word := range []string{"one ", "two ", "three."} {
		for n := 0; n < i+1; n = <-tries {
		}
		c.parked()
		send(t, peer, word)
	}
	c.want(nil)
	if string(got) != "one two three." {
		t.Errorf("read %q, want %q", got, "one two three.")
	}
}

func TestFDRawWriteTriesWhenWritable(t *testing.T) {
	fd, peer := unixPair(t)
	want := fillUp(t, fd) + 1
	c := start(t, "RawWrite", func() error {
		return fd.RawWrite(func(s uintptr) bool {
			_, errno := socket.Write(int(s), []byte("x"), 0)
			return errno != unix.EAGAIN
		})
	}).parked()
	got := drain(t, peer)
	c.want(nil)
	if got += drain(t, peer); got != want {
		t.Errorf("read %d bytes, want %d", got, want)
	}
}

func TestFDRawHoldsTheLock(t *testing.T) {
	for _, tt := range []struct {
		name string
		raw  func(*FD, func(uintptr) bool) error
		op   func(*FD) error
	}{
		{"read", (*FD).RawRead, func(fd *FD) error { return second(fd.Read(nil)) }},
		{"write", (*FD).RawWrite, func(fd *FD) error { return second(fd.Write(nil)) }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			fd, _ := unixPair(t)
			entered, leave := make(chan bool), make(chan bool)
			raw := start(t, "raw", func() error {
				return tt.raw(fd, func(uintptr) bool { entered <- true; <-leave; return true })
			})
			<-entered
			c := start(t, tt.name, func() error { return tt.op(fd) }).queued()
			close(leave)
			raw.want(nil)
			c.want(nil)

			if got := panicOf(func() { tt.raw(fd, func(uintptr) bool { panic("mine") }) }); got != "mine" {
				t.Errorf("panic = %v, want that of the function", got)
			}
			within(t, "lock after a panic", func() { wantErr(t, tt.name, tt.op(fd), nil) })

			fd.SetDeadline(time.Now().Add(-1))
			err := tt.raw(fd, func(uintptr) bool { t.Error("called, want it not to be: the deadline has passed"); return true })
			wantErr(t, "raw with a deadline that has passed", err, os.ErrDeadlineExceeded)
		})
	}
}

// Whoever has seen the descriptor may put it into blocking mode. Then the
// kernel waits, and other goroutines must be able to run.
func TestFDReadInBlockingModeLeavesTheProcessor(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	fd, peer := unixPair(t)
	// If the call keeps the processor, it ends by itself, with EAGAIN.
	unix.SetsockoptTimeval(fd.Sysfd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &unix.Timeval{Sec: 3})
	fd.RawControl(func(s uintptr) { socket.SetNonblock(int(s), false) })
	n := 0
	c := start(t, "Read", func() (err error) { n, err = fd.Read(make([]byte, 8)); return err }).waits("syscall", "")
	send(t, peer, "hello")
	c.want(nil)
	wantCount(t, "Read", n, 5, nil, nil)
}
