//go:build linux

package poll

import (
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"go.parity/socket"
)

func TestReadvWaitsAndFillsInOrder(t *testing.T) {
	a, b := unixPair(t)
	p, q := make([]byte, 2), make([]byte, 4)
	var n int64
	c := start(t, "Readv", func() (err error) {
		n, err = a.Readv([][]byte{p, nil, q})
		return err
	}).parked()
	send(t, b, "abcd")
	c.want(nil)
	if n != 4 || string(p)+string(q[:2]) != "abcd" {
		t.Errorf("Readv = %d with %q %q, want 4 with ab cd", n, p, q)
	}
	b.Close()
	if n, err := a.Readv([][]byte{p}); n != 0 || err != io.EOF {
		t.Errorf("Readv at the end = %d, %v, want 0, EOF", n, err)
	}
}

// A send that has to wait is tried again, and what it leaves is written under the same
// lock.
func TestWriteFirstWritesTheRest(t *testing.T) {
	a, b := unixPair(t)
	calls := 0
	n, err := a.WriteFirst([]byte("abcd"), func(sysfd int) (int, error) {
		if calls++; calls == 1 {
			return 0, unix.EINTR
		}
		n, errno := socket.Write(sysfd, []byte("ab"), 0)
		if errno != 0 {
			return 0, errno
		}
		return n, nil
	})
	if n != 4 || err != nil || calls != 2 {
		t.Errorf("WriteFirst = %d, %v after %d calls, want 4, nil after 2", n, err, calls)
	}
	got := make([]byte, 8)
	if n, err := b.Read(got); string(got[:n]) != "abcd" || err != nil {
		t.Errorf("Read = %q, %v, want abcd", got[:n], err)
	}
	refused := errors.New("refused")
	if n, err := a.WriteFirst([]byte("x"), func(int) (int, error) { return 0, refused }); n != 0 || err != refused {
		t.Errorf("WriteFirst = %d, %v, want 0, %v", n, err, refused)
	}
	fillUp(t, a)
	wait := start(t, "WriteFirst", func() error {
		_, err := a.WriteFirst([]byte("x"), func(sysfd int) (int, error) {
			n, errno := socket.Write(sysfd, []byte("x"), 0)
			if errno != 0 {
				return 0, errno
			}
			return n, nil
		})
		return err
	}).parked()
	drain(t, b)
	wait.want(nil)
}

func TestWaitsAreNotedWhileTheyLast(t *testing.T) {
	TraceWaits(true)
	defer TraceWaits(false)
	a, b := unixPair(t)
	before := time.Now()
	c := start(t, "Read", func() error {
		_, err := a.Read(make([]byte, 1))
		return err
	})
	eventually(t, "the wait is noted", func() bool { return len(a.Waits()) == 1 })
	if w := a.Waits()[0]; w.Mode != 'r' || w.Since.Before(before) || len(w.Stack) == 0 {
		t.Errorf("Waits() = %+v, want a read since %v", w, before)
	}
	send(t, b, "x")
	c.want(nil)
	if w := a.Waits(); len(w) != 0 {
		t.Errorf("Waits() after the read = %v, want none", w)
	}
}

func TestGetsockoptOfClosedDescriptor(t *testing.T) {
	a, _ := unixPair(t)
	if s, ok := a.Descriptor(); !ok || s != a.Sysfd {
		t.Errorf("Descriptor() = %d, %v, want %d", s, ok, a.Sysfd)
	}
	var b [4]byte
	if n, err := a.Getsockopt(unix.SOL_SOCKET, unix.SO_TYPE, b[:]); n != 4 || err != nil {
		t.Errorf("Getsockopt = %d, %v, want 4, nil", n, err)
	}
	a.Close()
	_, err := a.Getsockopt(unix.SOL_SOCKET, unix.SO_TYPE, b[:])
	if _, ok := a.Descriptor(); ok || err == nil || !strings.Contains(err.Error(), "closed") {
		t.Errorf("after Close: Descriptor() ok %v, Getsockopt = %v", ok, err)
	}
}
