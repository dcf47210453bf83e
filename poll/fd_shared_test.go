//go:build linux

package poll

import (
	"encoding/binary"
	"fmt"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"go.parity/socket"
)

// messages returns n messages of one byte each, with room for as much.
func messages(n int) *socket.Messages {
	m := socket.GetMessages(n)
	for i := range n {
		m.Set(i, make([]byte, 1), nil)
	}
	return m
}

func TestFDMutexLockIfFree(t *testing.T) {
	for _, read := range []bool{true, false} {
		t.Run(sideName(read), func(t *testing.T) {
			var mu fdMutex
			want := func(what string, wantLocked, wantOK bool) {
				t.Helper()
				locked, ok := mu.rwlockIfFree(read)
				if locked != wantLocked || ok != wantOK {
					t.Fatalf("%s: rwlockIfFree = %t, %t, want %t, %t", what, locked, ok, wantLocked, wantOK)
				}
			}
			want("new", true, true)
			want("locked", false, true)
			wantBool(t, "rwlock of the other side", mu.rwlock(!read), true)
			wantBool(t, "rwunlock", mu.rwunlock(!read), false)
			queue := start(t, "rwlock", func() error { mu.rwlock(read); return nil }).queued()
			wantBool(t, "rwunlock", mu.rwunlock(read), false)
			queue.want(nil)
			want("locked by who was in the queue", false, true)
			wantBool(t, "rwunlock", mu.rwunlock(read), false)
			want("free again", true, true)
			wantBool(t, "increfAndClose", mu.increfAndClose(), true)
			want("closed", false, false)
			wantBool(t, "decref of the close", mu.decref(), false)
			for range 2 {
				wantBool(t, "decref", mu.decref(), false)
			}
			wantBool(t, "rwunlock", mu.rwunlock(read), true)
		})
	}
}

// While the lock is free and somebody waits for it, nobody takes it from them.
func TestFDMutexLockIfFreeLeavesTheQueue(t *testing.T) {
	var mu fdMutex
	mu.state.Store(mutexRef | mutexRWait) // the last one has unlocked; the waiter has not run yet
	if locked, ok := mu.rwlockIfFree(true); locked || !ok {
		t.Errorf("rwlockIfFree = %t, %t, want false, true", locked, ok)
	}
	if locked, ok := mu.rwlockIfFree(false); !locked || !ok {
		t.Errorf("rwlockIfFree of the other side = %t, %t, want true, true", locked, ok)
	}
}

// A shared operation is one that several goroutines may do at a time on a datagram socket.
type sharedOperation struct {
	name string
	hold func(*FD, func(uintptr) bool) error // what holds its lock
	do   func(*FD) error
}

func sharedOperations() []sharedOperation {
	return []sharedOperation{
		{"ReadFrom", (*FD).RawRead, func(fd *FD) error { return second(fd.ReadFrom(make([]byte, 8), new(socket.Sockaddr))) }},
		{"ReadMsg", (*FD).RawRead, func(fd *FD) error {
			_, _, _, err := fd.ReadMsg(make([]byte, 8), nil, 0, new(socket.Sockaddr))
			return err
		}},
		{"ReadWhole", (*FD).RawRead, func(fd *FD) error { return second(fd.ReadWhole(make([]byte, 8), new(socket.Sockaddr))) }},
		{"ReadMessages", (*FD).RawRead, func(fd *FD) error { return second(fd.ReadMessages(messages(1), 1)) }},
		{"WriteTo", (*FD).RawWrite, func(fd *FD) error { return second(fd.WriteTo([]byte("x"), nil)) }},
		{"WriteMsg", (*FD).RawWrite, func(fd *FD) error {
			_, _, err := fd.WriteMsg([]byte("x"), nil, nil)
			return err
		}},
		{"WriteMessages", (*FD).RawWrite, func(fd *FD) error { return second(fd.WriteMessages(messages(1), 1)) }},
	}
}

// held calls f while another goroutine holds the lock of op.
func (op sharedOperation) held(t *testing.T, fd *FD, f func()) {
	t.Helper()
	entered, leave := make(chan bool), make(chan bool)
	raw := start(t, "raw", func() error {
		return op.hold(fd, func(uintptr) bool { entered <- true; <-leave; return true })
	})
	<-entered
	f()
	close(leave)
	raw.want(nil)
}

func TestFDDatagramsNeedNoLock(t *testing.T) {
	for _, op := range sharedOperations() {
		t.Run(op.name, func(t *testing.T) {
			fd, peer := datagramPair(t)
			for range 2 {
				send(t, peer, "x")
			}
			op.held(t, fd, func() {
				for range 2 {
					within(t, op.name, func() { wantErr(t, op.name, op.do(fd), nil) })
				}
				fd.SetDeadline(time.Unix(1, 0))
				within(t, op.name, func() { wantErr(t, op.name, op.do(fd), os.ErrDeadlineExceeded) })
				fd.SetDeadline(time.Time{})
			})
		})
		t.Run(op.name+" on a stream", func(t *testing.T) {
			fd, peer := unixPair(t)
			send(t, peer, "xx")
			var c *call
			op.held(t, fd, func() { c = start(t, op.name, func() error { return op.do(fd) }).queued() })
			c.want(nil)
		})
	}
}

func TestFDDatagramsAndCloseWhileLocked(t *testing.T) {
	for _, op := range sharedOperations() {
		t.Run(op.name, func(t *testing.T) {
			fd, peer := datagramPair(t)
			if op.name[0] == 'W' {
				fillUp(t, fd)
			}
			var waits, closing *call
			op.held(t, fd, func() {
				waits = start(t, op.name, func() error { return op.do(fd) }).queued()
				closing = start(t, "Close", fd.Close).queued()
				waits.want(net.ErrClosed)
				send(t, peer, "x")
				wantErr(t, op.name+" after Close", op.do(fd), net.ErrClosed)
			})
			closing.want(nil)
		})
	}
}

// Many read and write the socket at once, and the socket is emptied between them all the
// time: each datagram comes once, and nobody sleeps beside one.
func TestFDDatagramsAmongMany(t *testing.T) {
	for _, readers := range []int{1, 2, 8} {
		for _, batch := range []bool{false, true} {
			t.Run(fmt.Sprintf("%d readers, batch %t", readers, batch), func(t *testing.T) {
				a, b := datagramPair(t)
				amongMany(t, a, b, readers, batch)
			})
		}
	}
}

func amongMany(t *testing.T, from, to *FD, readers int, batch bool) {
	const writers = 4
	each := uint32(rounds(2000))
	seen := make([]atomic.Int32, writers*each)
	var got atomic.Uint32
	all := make(chan bool)
	read := func() error {
		var p [4][8]byte
		n, err := 1, error(nil)
		if batch {
			m := socket.GetMessages(len(p))
			for i := range p {
				m.Set(i, p[i][:], nil)
			}
			n, err = to.ReadMessages(m, len(p))
			m.Release()
		} else {
			_, err = to.ReadFrom(p[0][:], new(socket.Sockaddr))
		}
		for i := range p[:n] {
			if err == nil {
				seen[binary.NativeEndian.Uint32(p[i][:])].Add(1)
				if got.Add(1) == writers*each {
					close(all)
				}
			}
		}
		return err
	}
	var wg sync.WaitGroup
	for range readers {
		wg.Go(func() {
			for {
				if err := read(); err != nil {
					wantErr(t, "read", err, net.ErrClosed)
					return
				}
			}
		})
	}
	for w := range uint32(writers) {
		wg.Go(func() {
			var p [8]byte
			for i := range each {
				binary.NativeEndian.PutUint32(p[:], w*each+i)
				if _, err := from.WriteTo(p[:], nil); err != nil {
					t.Errorf("WriteTo = %v, want nil", err)
					return
				}
			}
		})
	}
	select {
	case <-all:
	case <-time.After(patience):
		t.Errorf("%d datagrams came, want %d\n%s", got.Load(), writers*each, stacks())
	}
	within(t, "Close", func() { to.Close() })
	wg.Wait()
	for i := range seen {
		if n := seen[i].Load(); n != 1 {
			t.Fatalf("datagram %d came %d times, want once", i, n)
		}
	}
}

// A reader that is woken for a datagram which another took waits on, and wakes for the
// next.
func TestFDReaderWokenInVainWaitsOn(t *testing.T) {
	fd, peer := datagramPair(t)
	for i := range rounds(2000) {
		r := start(t, "ReadFrom", func() error { return second(fd.ReadFrom(make([]byte, 8), new(socket.Sockaddr))) })
		if i%2 == 0 {
			r.parked()
		}
		send(t, peer, "x")
		var p [8]byte
		if _, _, err := unix.Recvfrom(fd.Sysfd, p[:], unix.MSG_DONTWAIT); err == nil {
			send(t, peer, "x")
		}
		r.want(nil)
	}
}

// One waits with the lock, others queue behind it; a deadline ends them all, and a cleared one
// lets the next wait.
func TestFDDatagramReadersAndDeadline(t *testing.T) {
	fd, peer := datagramPair(t)
	read := func() error { return second(fd.ReadFrom(make([]byte, 8), new(socket.Sockaddr))) }
	for range rounds(100) {
		first := start(t, "first", read).parked()
		others := []*call{start(t, "second", read).queued(), start(t, "third", read).queued()}
		fd.SetReadDeadline(time.Unix(1, 0))
		first.want(os.ErrDeadlineExceeded)
		for _, c := range others {
			c.want(os.ErrDeadlineExceeded)
		}
		fd.SetReadDeadline(time.Time{})
		last := start(t, "last", read).parked()
		send(t, peer, "x")
		last.want(nil)
	}
}
