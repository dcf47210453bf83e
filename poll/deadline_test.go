//go:build linux

package poll

import (
	"fmt"
	"io"
	"math"
	"net"
	"os"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/sys/unix"
)

// setFor sets the deadline of an operation's own direction, or of the other.
func (op operation) setFor(fd *FD, own bool, at time.Time) error {
	if op.read == own {
		return fd.SetReadDeadline(at)
	}
	return fd.SetWriteDeadline(at)
}

func TestFDDeadlinePassedFailsAtOnce(t *testing.T) {
	for _, op := range operations(t) {
		t.Run(op.name, func(t *testing.T) {
			for _, past := range []time.Time{time.Unix(1, 0), time.Now(), time.Time{}.Add(1), time.Unix(0, math.MinInt64)} {
				fd := op.setup(t)
				wantErr(t, "set the deadline", op.setFor(fd, true, past), nil)
				for range 2 {
					within(t, op.name, func() { wantErr(t, fmt.Sprintf("%s, deadline %v", op.name, past), op.do(fd), os.ErrDeadlineExceeded) })
				}
			}
		})
	}
}

// In a bubble time stands still, so that the deadline is neither before nor
// after now. It has passed.
func TestFDDeadlineOfThisVeryMoment(t *testing.T) {
	fd, peer := unixPair(t)
	send(t, peer, "data")
	synctest.Test(t, func(t *testing.T) {
		fd.SetReadDeadline(time.Now())
		n, err := fd.Read(make([]byte, 8))
		wantCount(t, "Read", n, 0, err, os.ErrDeadlineExceeded)
	})
}

func TestFDDeadlineEndsTheWait(t *testing.T) {
	for _, op := range operations(t) {
		t.Run(op.name, func(t *testing.T) {
			fd := op.setup(t)
			begin := time.Now()
			op.setFor(fd, true, begin.Add(10*time.Millisecond))
			start(t, op.name, func() error { return op.do(fd) }).want(os.ErrDeadlineExceeded)
			if d := time.Since(begin); d < 10*time.Millisecond {
				t.Errorf("%s has waited %v, want 10ms at least", op.name, d)
			}
		})
	}
}

func TestFDDeadlineIsOfOneDirection(t *testing.T) {
	for _, op := range operations(t) {
		t.Run(op.name, func(t *testing.T) {
			fd := op.setup(t)
			op.setFor(fd, false, time.Unix(1, 0))
			c := start(t, op.name, func() error { return op.do(fd) }).parked()
			op.setFor(fd, true, time.Unix(1, 0))
			c.want(os.ErrDeadlineExceeded)
		})
	}
}

// The test sets each deadline while an operation waits.
func TestFDDeadlineMovedWhileWaiting(t *testing.T) {
	hour := func() time.Time { return time.Now().Add(time.Hour) }
	soon := func() time.Time { return time.Now().Add(10 * time.Millisecond) }
	never := func() time.Time { return time.Time{} }
	passed := func() time.Time { return time.Unix(1, 0) }
	far := func() time.Time { return time.Unix(math.MaxInt32<<20, 0) }
	for _, tt := range []struct {
		name    string
		first   func() time.Time
		then    []func() time.Time
		expires bool
	}{
		{"set near", never, []func() time.Time{soon}, true},
		{"brought near", hour, []func() time.Time{soon}, true},
		{"brought past", hour, []func() time.Time{passed}, true},
		{"put off", soon, []func() time.Time{hour}, false},
		{"put off as far as can be", soon, []func() time.Time{far}, false},
		{"cleared", soon, []func() time.Time{never}, false},
		{"cleared and set near", soon, []func() time.Time{never, soon}, true},
		{"put off and brought near", soon, []func() time.Time{hour, never, hour, soon}, true},
		{"put off, then past", soon, []func() time.Time{hour, passed}, true},
	} {
		for _, read := range []bool{true, false} {
			for _, joint := range []bool{true, false} {
				t.Run(fmt.Sprintf("%s %s joint=%t", tt.name, sideName(read), joint), func(t *testing.T) {
					fd, peer := unixPair(t)
					set := (*FD).SetDeadline
					do := func() error { return second(fd.Read(make([]byte, 8))) }
					release := func() { send(t, peer, "data") }
					if read && !joint {
						set = (*FD).SetReadDeadline
					}
					if !read {
						fillUp(t, fd)
						if !joint {
							set = (*FD).SetWriteDeadline
						}
						do = func() error { return second(fd.Write([]byte("x"))) }
						release = func() { drain(t, peer) }
					}
					first := tt.first()
					set(fd, first)
					c := start(t, sideName(read), do)
					if first.IsZero() || time.Until(first) > time.Minute {
						c.parked()
					}
					for _, at := range tt.then {
						set(fd, at())
					}
					if tt.expires {
						c.want(os.ErrDeadlineExceeded)
						return
					}
					// The first deadline may have passed before the test moved
					// it: then the operation is over, and starts again.
					select {
					case err := <-c.err:
						wantErr(t, sideName(read), err, os.ErrDeadlineExceeded)
						c = start(t, sideName(read), do)
					case <-time.After(15 * time.Millisecond):
					}
					c.parked()
					release()
					c.want(nil)
				})
			}
		}
	}
}

// After the deadline, data that waits does not help; once the deadline is
// cleared, the data is still there.
func TestFDDeadlineClearedGoesOn(t *testing.T) {
	fd, peer := unixPair(t)
	send(t, peer, "data")
	p := make([]byte, 8)
	for range 3 {
		fd.SetReadDeadline(time.Now().Add(-time.Second))
		n, err := fd.Read(p)
		wantCount(t, "Read past the deadline", n, 0, err, os.ErrDeadlineExceeded)
		fd.SetReadDeadline(time.Time{})
	}
	n, err := fd.Read(p)
	wantCount(t, "Read, deadline cleared", n, 4, err, nil)
	fd.SetDeadline(time.Now().Add(time.Hour))
	c := start(t, "Read", func() error { return second(fd.Read(p)) }).parked()
	send(t, peer, "more")
	c.want(nil)
}

func TestFDDeadlineErrorIsTimeout(t *testing.T) {
	fd, _ := unixPair(t)
	fd.SetDeadline(time.Unix(1, 0))
	_, err := fd.Read(make([]byte, 1))
	if ne, ok := err.(net.Error); !ok || !ne.Timeout() || !os.IsTimeout(err) {
		t.Errorf("Read = %v, want an error that says Timeout", err)
	}
}

// One deadline for both directions ends both waits.
func TestFDDeadlineOfBothDirections(t *testing.T) {
	fd, _ := unixPair(t)
	fillUp(t, fd)
	for range 3 {
		reading := start(t, "Read", func() error { return second(fd.Read(make([]byte, 8))) }).parked()
		writing := start(t, "Write", func() error { return second(fd.Write([]byte("x"))) }).parked()
		fd.SetDeadline(time.Now().Add(5 * time.Millisecond))
		reading.want(os.ErrDeadlineExceeded)
		writing.want(os.ErrDeadlineExceeded)
		fd.SetDeadline(time.Time{})
	}
}

// Whoever waits for the lock when the deadline passes fails once the lock is
// free.
func TestFDDeadlineEndsAllInLine(t *testing.T) {
	fd, _ := unixPair(t)
	read := func() error { return second(fd.Read(make([]byte, 8))) }
	calls := []*call{start(t, "Read", read).parked(), start(t, "Read", read).queued(), start(t, "Read", read).queued()}
	fd.SetReadDeadline(time.Now().Add(5 * time.Millisecond))
	for _, c := range calls {
		c.want(os.ErrDeadlineExceeded)
	}
}

// One of the pollers treats a reader that has parked often in another way.
// Nobody must see a difference.
func TestFDReaderThatHasParkedOften(t *testing.T) {
	seasoned := func(t *testing.T) (fd, peer *FD) {
		fd, peer = tcpPair(t)
		reading := start(t, "Read", func() error {
			for p := make([]byte, 8); ; {
				if n, err := fd.Read(p); err != nil || p[n-1] == '.' {
					return err
				}
				send(t, fd, "y")
			}
		})
		p := make([]byte, 8)
		for range 100 {
			send(t, peer, "x")
			if _, err := peer.Read(p); err != nil {
				t.Fatal(err)
			}
		}
		// By now it has parked as often as it has read.
		reading.parked()
		send(t, peer, ".")
		reading.want(nil)
		return fd, peer
	}
	read := func(fd *FD) *call {
		return start(t, "Read", func() error { return second(fd.Read(make([]byte, 8))) })
	}
	t.Run("closed", func(t *testing.T) {
		fd, _ := seasoned(t)
		c := read(fd).parked()
		next := read(fd).queued()
		within(t, "Close()", func() { wantErr(t, "Close()", fd.Close(), nil) })
		c.want(net.ErrClosed)
		next.want(net.ErrClosed)
	})
	t.Run("deadline", func(t *testing.T) {
		fd, peer := seasoned(t)
		for range 20 {
			c := read(fd).parked()
			fd.SetReadDeadline(time.Now().Add(time.Millisecond))
			c.want(os.ErrDeadlineExceeded)
			fd.SetReadDeadline(time.Time{})
			c = read(fd).parked()
			send(t, peer, "x")
			c.want(nil)
		}
	})
	t.Run("end", func(t *testing.T) {
		fd, peer := seasoned(t)
		c := read(fd).parked()
		peer.Shutdown(unix.SHUT_WR)
		c.want(io.EOF)
	})
	t.Run("reset", func(t *testing.T) {
		fd, peer := seasoned(t)
		c := read(fd).parked()
		peer.SetsockoptLinger(true, 0)
		peer.Close()
		c.want(unix.ECONNRESET)
	})
	t.Run("writer beside it", func(t *testing.T) {
		fd, peer := seasoned(t)
		c := read(fd).parked()
		total := fillTCP(t, fd)
		w := start(t, "Write", func() error { return second(fd.Write(make([]byte, 1<<20))) }).parked()
		for total += 1 << 20; total > 0; {
			n, err := peer.Read(make([]byte, 1<<20))
			wantErr(t, "Read", err, nil)
			total -= n
		}
		w.want(nil)
		send(t, peer, "x")
		c.want(nil)
	})
	t.Run("RawRead", func(t *testing.T) {
		fd, peer := seasoned(t)
		n := 0
		c := start(t, "RawRead", func() error {
			return fd.RawRead(func(s uintptr) bool {
				n, _ = unix.Read(int(s), make([]byte, 8))
				return n > 0
			})
		}).parked()
		send(t, peer, "x")
		c.want(nil)
	})
	t.Run("another of its number", func(t *testing.T) {
		for range 10 {
			fd, _ := seasoned(t)
			number := fd.Sysfd
			c := read(fd).parked()
			fd.Close()
			c.want(net.ErrClosed)
			if watchedNumber(t, number) {
				t.Errorf("descriptor %d is watched after Close", number)
			}
		}
	})
	t.Run("shared", func(t *testing.T) {
		fd, peer := seasoned(t)
		number := fd.Sysfd
		dup, _, err := fd.Dup()
		if err != nil {
			t.Fatal(err)
		}
		defer unix.Close(dup)
		fd.Close()
		if watchedNumber(t, number) {
			t.Errorf("descriptor %d is watched after Close, want it not to be: it was shared", number)
		}
		send(t, peer, "x")
	})
}

// Deadlines are set all the time while data goes to and fro: no read fails
// before its time, and none waits beyond it.
func TestFDDeadlinesUnderLoad(t *testing.T) {
	const pairs, messages = 8, 200
	var wg sync.WaitGroup
	for range pairs {
		a, b := unixPair(t)
		wg.Go(func() {
			for p := make([]byte, 64); ; {
				a.SetDeadline(time.Now().Add(patience))
				n, err := a.Read(p)
				if err == io.EOF {
					return
				}
				if err == nil {
					_, err = a.Write(p[:n])
				}
				if err != nil {
					t.Errorf("echo = %v, want nil", err)
					return
				}
			}
		})
		wg.Go(func() {
			p := make([]byte, 64)
			for i := range rounds(messages) {
				if i%4 == 0 { // let one pass
					b.SetReadDeadline(time.Now().Add(time.Duration(i) * time.Microsecond))
					if n, err := b.Read(p); n != 0 || err != os.ErrDeadlineExceeded {
						t.Errorf("Read of nothing = %d, %v, want 0, %v", n, err, os.ErrDeadlineExceeded)
					}
				}
				b.SetReadDeadline(time.Now().Add(patience))
				if _, err := b.Write(p); err != nil {
					t.Errorf("Write = %v, want nil", err)
				}
				for n := 0; n < len(p); {
					m, err := b.Read(p[n:])
					if err != nil {
						t.Errorf("Read = %v, want nil", err)
						b.Close()
						return
					}
					n += m
				}
			}
			b.Shutdown(unix.SHUT_WR)
		})
	}
	within(t, "all echo", wg.Wait)
}

// A deadline passes at any moment of a read, before, while and after it parks.
func TestFDDeadlineAtAnyMoment(t *testing.T) {
	fd, peer := unixPair(t)
	p := make([]byte, 8)
	for i := range rounds(500) {
		c := start(t, "Read", func() error { return second(fd.Read(p)) })
		for range i % 20 {
			runtime.Gosched()
		}
		fd.SetReadDeadline(time.Unix(1, 0))
		c.want(os.ErrDeadlineExceeded)
		fd.SetReadDeadline(time.Time{})
		if i%10 == 0 {
			c := start(t, "Read", func() error { return second(fd.Read(p)) })
			send(t, peer, "x")
			c.want(nil)
		}
	}
}

// Deadlines are set while others close, and after.
func TestFDDeadlineAgainstClose(t *testing.T) {
	for range rounds(200) {
		fd, _ := unixPair(t)
		var wg sync.WaitGroup
		for _, set := range []func(time.Time) error{fd.SetDeadline, fd.SetReadDeadline, fd.SetWriteDeadline} {
			wg.Go(func() {
				for i := 0; ; i++ {
					if err := set(time.Now().Add(time.Duration(i%3-1) * time.Millisecond)); err != nil {
						wantErr(t, "set the deadline", err, net.ErrClosed)
						return
					}
					runtime.Gosched()
				}
			})
		}
		wg.Go(func() {
			for {
				if _, err := fd.Read(make([]byte, 1)); err == net.ErrClosed {
					return
				} else if err != os.ErrDeadlineExceeded {
					t.Errorf("Read = %v, want %v", err, os.ErrDeadlineExceeded)
				}
				runtime.Gosched()
			}
		})
		runtime.Gosched()
		within(t, "Close()", func() { wantErr(t, "Close()", fd.Close(), nil) })
		within(t, "all leave", wg.Wait)
	}
}

// The deadline of a connect that is under way ends its wait.
func TestFDWaitWriteDeadline(t *testing.T) {
	fd := fullStream(t)
	c := start(t, "WaitWrite()", func() error {
		for { // the first may return because of an older event
			if err := fd.WaitWrite(); err != nil {
				return err
			}
		}
	}).parked()
	fd.SetReadDeadline(time.Unix(1, 0))
	c.parked()
	fd.SetWriteDeadline(time.Now().Add(5 * time.Millisecond))
	c.want(os.ErrDeadlineExceeded)
}
