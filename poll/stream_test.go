//go:build linux

package poll

import (
	"errors"
	"flag"
	"io"
	"math/rand/v2"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"go.parity/runtime_hooks"
	"go.parity/socket"
)

var (
	segments = flag.Int("segments", 20_000, "segments that TestRandomStreams sends")
	streams  = flag.Int("streams", 200, "connections that are open at a time")
)

// urgent is the byte that is sent as urgent data. The kernel leaves it in the stream if
// another comes before it was read; the reader drops it.
const urgent = 0xff

// A randomStream is a connection that a random peer sends to.
type randomStream struct {
	fd   *FD
	peer int
	done chan error

	sent atomic.Int64 // bytes that are part of the pattern
	at   atomic.Int64 // when the last of them was sent, in nanoseconds
	how  atomic.Int32 // how it ends
}

const (
	streamOpen int32 = iota
	streamEnds
	streamResets
)

// position returns the byte of the pattern at i.
func position(i int64) byte { return byte(i % 251) }

// Segments, ends, resets and urgent marks at random: no byte is lost, and none comes late.
// Of what comes late the sweep takes care, which the test reports.
func TestRandomStreams(t *testing.T) {
	seed := rand.Uint64()
	rnd := rand.New(rand.NewPCG(seed, 1))
	t.Logf("seed %d", seed)
	ln, at := listener(t)
	finds := runtimehooks.Stats().SweepFinds
	var late lateness
	open := make([]*randomStream, *streams)
	var ending []*randomStream
	for i := range open {
		open[i] = newStream(t, ln, at, &late)
	}
	for n := range rounds(*segments) {
		i := rnd.IntN(len(open))
		s := open[i]
		s.step(t, rnd)
		if s.how.Load() != streamOpen {
			ending = append(ending, s)
			open[i] = newStream(t, ln, at, &late)
		}
		if n%1000 == 0 || len(ending) > 100 {
			ending = wantEnded(t, ending)
		}
		if rnd.IntN(64) == 0 {
			time.Sleep(time.Duration(rnd.IntN(200)) * time.Microsecond) // let the readers wait
		}
	}
	for _, s := range open {
		s.end(rnd)
	}
	wantEnded(t, append(ending, open...))
	t.Logf("%d streams, the latest byte came %v after it was sent; the sweep found %d",
		*streams, time.Duration(late.max.Load()), runtimehooks.Stats().SweepFinds-finds)
}

// lateness is the longest time from sending to reading.
type lateness struct{ max atomic.Int64 }

func (l *lateness) note(ns int64) {
	for {
		old := l.max.Load()
		if ns <= old || l.max.CompareAndSwap(old, ns) {
			return
		}
	}
}

func newStream(t *testing.T, ln *FD, at *socket.Sockaddr, late *lateness) *randomStream {
	t.Helper()
	peer := newSocket(t, unix.AF_INET, unix.SOCK_STREAM)
	if errno := socket.Connect(peer, at); errno != 0 && errno != unix.EINPROGRESS {
		t.Fatalf("Connect = %v", errno)
	}
	var sa socket.Sockaddr
	sysfd, err := ln.Accept(&sa)
	if err != nil {
		t.Fatal(err)
	}
	fd := &FD{Sysfd: sysfd, IsStream: true, ZeroReadIsEOF: true, DrainsShort: true, OnDemand: true}
	if err := fd.Init(); err != nil {
		t.Fatal(err)
	}
	s := &randomStream{fd: fd, peer: peer, done: make(chan error, 1)}
	go func() { s.done <- s.read(late) }()
	return s
}

// read reads until the end, and checks every byte.
func (s *randomStream) read(late *lateness) error {
	defer s.fd.Close()
	p := make([]byte, 1+rand.IntN(4096))
	var got int64
	for n := 0; ; n++ {
		if n%16 == 0 {
			s.fd.SetReadDeadline(time.Now().Add(time.Duration(1+rand.IntN(50)) * time.Millisecond))
		}
		size := len(p)
		if n%5 == 0 {
			size = 1
		}
		n, err := s.fd.Read(p[:size])
		now := time.Now().UnixNano()
		for _, b := range p[:n] {
			if b == urgent {
				continue
			}
			if b != position(got) {
				return errors.New("another byte than was sent")
			}
			got++
		}
		if at := s.at.Load(); n > 0 && at > 0 && got == s.sent.Load() {
			late.note(now - at)
		}
		switch {
		case errors.Is(err, os.ErrDeadlineExceeded):
			s.fd.SetReadDeadline(time.Time{})
		case err == io.EOF && s.how.Load() == streamResets, err == error(unix.ECONNRESET) && s.how.Load() == streamResets:
			return nil
		case err == io.EOF && got == s.sent.Load():
			return nil
		case err != nil:
			return err
		}
	}
}

// step lets the peer do something.
func (s *randomStream) step(t *testing.T, rnd *rand.Rand) {
	t.Helper()
	switch rnd.IntN(40) {
	case 0:
		s.end(rnd)
	case 1:
		unix.Sendto(s.peer, []byte{urgent}, unix.MSG_OOB, nil)
	default:
		s.send(t, 1+rnd.IntN(300), unix.MSG_MORE*(rnd.IntN(20)/19))
	}
}

// send sends n bytes. With MSG_MORE the kernel may keep them until more comes.
func (s *randomStream) send(t *testing.T, n, flags int) {
	t.Helper()
	p := make([]byte, n)
	sent := s.sent.Load()
	for i := range p {
		p[i] = position(sent + int64(i))
	}
	if flags == 0 {
		s.at.Store(time.Now().UnixNano())
	} else {
		s.at.Store(time.Now().Add(time.Second).UnixNano()) // when is the kernel's affair
	}
	s.sent.Add(int64(n))
	for len(p) > 0 {
		n, err := unix.SendmsgN(s.peer, p, nil, nil, flags)
		if err == unix.EAGAIN {
			time.Sleep(100 * time.Microsecond)
			continue
		}
		if err != nil {
			t.Fatalf("sendmsg = %v", err)
		}
		p = p[n:]
	}
}

// end ends the stream, often with data in the same segment.
func (s *randomStream) end(rnd *rand.Rand) {
	how := streamEnds
	if rnd.IntN(3) == 0 {
		how = streamResets
	}
	n := rnd.IntN(3)
	p := make([]byte, n)
	for i := range p {
		p[i] = position(s.sent.Load() + int64(i))
	}
	if n > 0 {
		s.at.Store(time.Now().UnixNano())
		s.sent.Add(int64(n))
		unix.Sendto(s.peer, p, unix.MSG_MORE, nil)
	}
	s.how.Store(how)
	if how == streamResets {
		socket.SetsockoptLinger(s.peer, true, 0)
	}
	socket.Close(s.peer)
}

// wantEnded waits for streams that have been ended.
func wantEnded(t *testing.T, streams []*randomStream) []*randomStream {
	t.Helper()
	limit := time.After(patience)
	for _, s := range streams {
		select {
		case err := <-s.done:
			if err != nil {
				t.Fatalf("a stream of %d bytes (%d) ended with %v", s.sent.Load(), s.how.Load(), err)
			}
		case <-limit:
			t.Fatalf("a stream of %d bytes (%d) has not ended after %v\n%s", s.sent.Load(), s.how.Load(), patience, stacks())
		}
	}
	return streams[:0]
}
