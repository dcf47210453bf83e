package bench

// The load generator: the counterpart of every measured process, and the same
// program for all of them. Its threads wait in epoll and make raw system calls,
// so that it always costs the same little.

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"time"

	"golang.org/x/sys/unix"
)

// load starts the workload's counterpart.
func (j *work) load(req request) error {
	w := req.Workload
	if w.Kind == KindDial {
		return j.loadAcceptor()
	}
	sa, err := sockaddr(req.Addr)
	if err != nil {
		return err
	}
	threads := min(max(req.Threads, 1), w.talking())
	switch w.Kind {
	case KindEcho:
		return j.loadExchange(sa, w, bytes.Repeat([]byte("e"), w.Size), w.Size, threads)
	case KindHTTP:
		request := []byte("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
		want, err := httpAnswer(sa, request)
		if err != nil {
			return err
		}
		return j.loadExchange(sa, w, request, want, threads)
	case KindBurst:
		return j.loadBurst(sa, w)
	case KindOnce, KindAccept:
		for i := range threads {
			conns := (w.Conns + i) / threads
			go j.thread(func() error { return j.loadOnce(sa, w, conns) })
		}
		return nil
	case KindIdle:
		return j.loadIdle(sa, w)
	case KindStream, KindSendfile:
		return j.loadSink(sa, w)
	case KindSplice:
		return j.loadSplice(sa, w)
	case KindUDP:
		return j.loadUDP(sa, w)
	}
	return fmt.Errorf("no load for %q", w.Kind)
}

// A loadConn is one connection with one exchange under way.
type loadConn struct {
	fd   int
	got  int
	sent int64
}

// loadExchange opens w.Conns connections and keeps one exchange under way on
// each connection that talks: the request, and an answer of want bytes.
func (j *work) loadExchange(sa *unix.SockaddrInet4, w Workload, request []byte, want, threads int) error {
	conns := make([]loadConn, w.Conns)
	for i := range conns {
		fd, err := connectTCP(sa, [4]byte{}, false)
		if err != nil {
			return err
		}
		conns[i].fd = fd
		if i%idleBatch == idleBatch-1 {
			time.Sleep(idlePause) // the backlog must not overflow
		}
	}
	if err := greet(conns[w.talking():], request, want); err != nil {
		return err
	}
	conns = conns[:w.talking()]
	for i := range threads {
		part := conns[i*len(conns)/threads : (i+1)*len(conns)/threads]
		go j.thread(func() error { return j.exchange(part, request, want, w.Pause) })
	}
	return nil
}

// greet makes one exchange on each connection. From then on whoever serves the
// connection waits for the next exchange, and not for its own first turn on a
// processor.
func greet(conns []loadConn, request []byte, want int) error {
	for _, c := range conns {
		if n, err := unix.Write(c.fd, request); err != nil || n != len(request) {
			return fmt.Errorf("write: %d of %d bytes: %w", n, len(request), err)
		}
	}
	buf := make([]byte, want)
	for _, c := range conns {
		for got := 0; got < want; {
			if _, err := unix.Poll([]unix.PollFd{{Fd: int32(c.fd), Events: unix.POLLIN}}, -1); err != nil && err != unix.EINTR {
				return fmt.Errorf("poll: %w", err)
			}
			n, err := unix.Read(c.fd, buf)
			if err == unix.EAGAIN || err == unix.EINTR {
				continue
			}
			if err != nil || n == 0 {
				return fmt.Errorf("read: %d bytes: %w", n, err)
			}
			got += n
		}
	}
	return nil
}

func (j *work) exchange(conns []loadConn, request []byte, want int, pause time.Duration) error {
	const bufferAt = 64 << 10
	mem, err := newArena(2 * bufferAt)
	if err != nil {
		return err
	}
	defer mem.free()
	length := copy(mem.mem[:bufferAt], request)
	send := func(c *loadConn) error {
		n, e := rawWrite(c.fd, mem.addr, length)
		if e != 0 || n != length {
			return fmt.Errorf("write: %d of %d bytes: %w", n, length, e)
		}
		return nil
	}
	ring, err := newRing()
	if err != nil {
		return err
	}
	for i := range conns {
		if err := ring.add(conns[i].fd, unix.EPOLLIN, i); err != nil {
			return err
		}
	}
	for i := range conns {
		conns[i].sent = now()
		if err := send(&conns[i]); err != nil {
			return err
		}
	}
	rec := j.meter.recorder()
	var resting []*loadConn // answered, in the order in which they go on
	turn := func(events []unix.EpollEvent) error {
		for i := range events {
			c := &conns[events[i].Pad]
			n, e := rawRead(c.fd, mem.addr+bufferAt, bufferAt)
			if e == unix.EAGAIN {
				continue
			}
			if e != 0 || n == 0 {
				return fmt.Errorf("read: %d bytes: %w", n, e)
			}
			if c.got += n; c.got < want {
				continue
			}
			if c.got > want {
				return fmt.Errorf("answer of %d bytes, want %d", c.got, want)
			}
			at := now()
			rec.add(at, at-c.sent)
			c.got, c.sent = 0, at+int64(pause)
			if pause > 0 {
				resting = append(resting, c)
				continue
			}
			if err := send(c); err != nil {
				return err
			}
		}
		return nil
	}
	// goOn sends for the connections whose pause is over, and returns how long
	// the next one has left, in milliseconds for epoll_wait.
	goOn := func() (int, error) {
		for len(resting) > 0 {
			c, at := resting[0], now()
			if left := c.sent - at; left > 0 {
				return int((left + int64(time.Millisecond) - 1) / int64(time.Millisecond)), nil
			}
			c.sent = at
			if err := send(c); err != nil {
				return 0, err
			}
			resting = resting[1:]
		}
		return -1, nil
	}
	for {
		timeout, err := goOn()
		if err != nil {
			return err
		}
		events, err := ring.wait(timeout)
		if err != nil {
			return err
		}
		if err := turn(events); err != nil {
			return err
		}
	}
}

// httpAnswer makes one request on a connection of its own and returns the
// length of the answer; all later answers have the same length.
func httpAnswer(sa *unix.SockaddrInet4, request []byte) (int, error) {
	fd, err := connectTCP(sa, [4]byte{}, true)
	if err != nil {
		return 0, err
	}
	defer rawClose(fd)
	if _, err := unix.Write(fd, request); err != nil {
		return 0, err
	}
	var got []byte
	buf := make([]byte, 4096)
	for !bytes.HasSuffix(got, []byte("\r\n\r\n"+HTTPBody)) {
		n, err := unix.Read(fd, buf)
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			return 0, err
		}
		if n == 0 {
			return 0, io.ErrUnexpectedEOF
		}
		got = append(got, buf[:n]...)
	}
	return len(got), nil
}

// burstPause lets the server go idle before the next burst.
const burstPause = 5 * time.Millisecond

// loadBurst writes to all connections at once, then collects the answers;
// latencies count from the first write.
func (j *work) loadBurst(sa *unix.SockaddrInet4, w Workload) error {
	ring, err := newRing()
	if err != nil {
		return err
	}
	fds := make([]int, w.Conns)
	for i := range fds {
		if fds[i], err = connectTCP(sa, [4]byte{}, false); err != nil {
			return err
		}
		if err := ring.add(fds[i], unix.EPOLLIN, i); err != nil {
			return err
		}
	}
	mem, err := newArena(floorBuffer)
	if err != nil {
		return err
	}
	go j.thread(func() error {
		rec := j.meter.recorder()
		got := make([]int, len(fds))
		for {
			time.Sleep(burstPause)
			begin := now()
			for _, fd := range fds {
				if n, e := rawWrite(fd, mem.addr, w.Size); e != 0 || n != w.Size {
					return fmt.Errorf("write: %d of %d bytes: %w", n, w.Size, e)
				}
			}
			for left := len(fds); left > 0; {
				events, err := ring.wait(-1)
				if err != nil {
					return err
				}
				at := now()
				for i := range events {
					slot := int(events[i].Pad)
					n, e := rawRead(fds[slot], mem.addr, floorBuffer)
					if e != 0 || n == 0 {
						return fmt.Errorf("read: %d bytes: %w", n, e)
					}
					if got[slot] += n; got[slot] >= w.Size {
						got[slot] = 0
						left--
						rec.add(at, at-begin)
					}
				}
			}
			took := time.Duration(now() - begin)
			j.meter.mu.Lock()
			j.meter.busy += took
			j.meter.mu.Unlock()
		}
	})
	return nil
}

// dialInto begins a connection that reports its events, tagged with slot, to
// ring.
func dialInto(ring *ring, sa *unix.SockaddrInet4, slot int, events uint32, reset bool) error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("socket: %w", err)
	}
	if reset {
		if err := resetOnClose(fd); err != nil {
			rawClose(fd)
			return err
		}
	}
	if err := unix.Connect(fd, sa); err != nil && err != unix.EINPROGRESS && err != unix.EINTR {
		rawClose(fd)
		return fmt.Errorf("connect: %w", err)
	}
	if err := ring.add(fd, events, slot); err != nil {
		rawClose(fd)
		return err
	}
	return nil
}

// loadOnce connects, sends a request unless it is empty, reads the answer until
// the server ends it, and begins again, with conns connections at once.
func (j *work) loadOnce(sa *unix.SockaddrInet4, w Workload, conns int) error {
	ring, err := newRing()
	if err != nil {
		return err
	}
	mem, err := newArena(floorBuffer)
	if err != nil {
		return err
	}
	defer mem.free()
	type attempt struct {
		begun int64
		got   int
		wrote bool
	}
	slots := make([]attempt, conns)
	failures := 0 // in a row
	rec := j.meter.recorder()
	open := func(slot int) error {
		slots[slot] = attempt{begun: now(), wrote: w.Size == 0}
		return dialInto(ring, sa, slot, unix.EPOLLIN|unix.EPOLLOUT|unix.EPOLLRDHUP|unix.EPOLLET, true)
	}
	// step takes a connection one step further. Once the connection is done,
	// over is true and an error says why it did not succeed.
	step := func(fd int, s *attempt) (over bool, err error) {
		if !s.wrote {
			n, e := rawWrite(fd, mem.addr, w.Size)
			if e == unix.EAGAIN {
				return false, nil
			}
			if e != 0 || n != w.Size {
				return true, fmt.Errorf("write: %d of %d bytes: %w", n, w.Size, e)
			}
			s.wrote = true
			return false, nil // the answer is an edge of its own
		}
		for {
			n, e := rawRead(fd, mem.addr, floorBuffer)
			switch {
			case e == unix.EAGAIN:
				return false, nil
			case e != 0:
				return true, fmt.Errorf("read: %w", e)
			case n > 0:
				s.got += n
			case s.got != w.Size:
				return true, fmt.Errorf("answer of %d bytes, want %d", s.got, w.Size)
			default:
				return true, nil
			}
		}
	}
	for slot := range slots {
		if err := open(slot); err != nil {
			return err
		}
	}
	for {
		events, err := ring.wait(-1)
		if err != nil {
			return err
		}
		for i := range events {
			slot, fd := int(events[i].Pad), int(events[i].Fd)
			over, err := step(fd, &slots[slot])
			if !over {
				continue
			}
			rawClose(fd)
			if err == nil {
				failures = 0
				at := now()
				rec.add(at, at-slots[slot].begun)
			} else {
				failures++
				j.meter.failed()
			}
			if failures > 100 {
				return err
			}
			if err := open(slot); err != nil {
				return err
			}
		}
	}
}

const (
	idlePerSource = 20_000 // connections from one source address
	idleBatch     = 1000   // connections before a pause
	idlePause     = 10 * time.Millisecond
)

// loadIdle opens connections and leaves them alone.
func (j *work) loadIdle(sa *unix.SockaddrInet4, w Workload) error {
	for i := range w.Conns {
		source := [4]byte{127, 0, 0, byte(2 + i/idlePerSource)}
		if _, err := connectTCP(sa, source, true); err != nil {
			return fmt.Errorf("connection %d: %w", i, err)
		}
		if i%idleBatch == idleBatch-1 {
			time.Sleep(idlePause) // the backlog must not overflow
		}
	}
	return nil
}

const discardSize = 1 << 20

// loadSink drops what the server sends. An operation is w.Size bytes; loadSink
// asks a sendfile server for each.
func (j *work) loadSink(sa *unix.SockaddrInet4, w Workload) error {
	fd, err := connectTCP(sa, [4]byte{}, true)
	if err != nil {
		return err
	}
	mem, err := newArena(discardSize)
	if err != nil {
		return err
	}
	go j.thread(func() error {
		if w.Kind == KindStream {
			return j.sink(fd, mem, math.MaxInt64)
		}
		rec := j.meter.recorder()
		for {
			begin := now()
			if err := writeAll(fd, mem.addr, 1); err != nil {
				return err
			}
			if err := j.sink(fd, mem, int64(w.Size)); err != nil {
				return err
			}
			at := now()
			rec.latency(at, at-begin)
		}
	})
	return nil
}

// sink drops size bytes, and counts them.
func (j *work) sink(fd int, mem arena, size int64) error {
	for size > 0 {
		n, e := rawDiscard(fd, mem.addr, int(min(size, discardSize)))
		if e == unix.EINTR {
			continue
		}
		if e != 0 || n == 0 {
			return fmt.Errorf("read: %d bytes: %w", n, e)
		}
		size -= int64(n)
		j.meter.done.Add(int64(n))
	}
	return nil
}

// writeAll writes n bytes with blocking calls.
func writeAll(fd int, p uintptr, n int) error {
	for n > 0 {
		m, _, e := unix.Syscall(unix.SYS_WRITE, uintptr(fd), p, uintptr(n))
		if e == unix.EINTR {
			continue
		}
		if e != 0 {
			return fmt.Errorf("write: %w", e)
		}
		p += m
		n -= int(m)
	}
	return nil
}

// loadSplice feeds one connection and drops what comes out of the other.
func (j *work) loadSplice(sa *unix.SockaddrInet4, w Workload) error {
	in, err := connectTCP(sa, [4]byte{}, true)
	if err != nil {
		return err
	}
	out, err := connectTCP(sa, [4]byte{}, true)
	if err != nil {
		return err
	}
	feed, err := newArena(discardSize)
	if err != nil {
		return err
	}
	drop, err := newArena(discardSize)
	if err != nil {
		return err
	}
	go j.thread(func() error {
		for {
			if err := writeAll(in, feed.addr, discardSize); err != nil {
				return err
			}
		}
	})
	go j.thread(func() error { return j.sink(out, drop, math.MaxInt64) })
	return nil
}

// udpPatience is how long a datagram may be under way before loadUDP counts it
// as lost and sends it again.
const udpPatience = 200 * time.Millisecond

// loadUDP keeps one datagram under way from each of w.Conns sockets.
func (j *work) loadUDP(sa *unix.SockaddrInet4, w Workload) error {
	mem, err := newArena(floorBuffer)
	if err != nil {
		return err
	}
	ring, err := newRing()
	if err != nil {
		return err
	}
	conns := make([]loadConn, w.Conns)
	for i := range conns {
		fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			return err
		}
		if err := unix.Connect(fd, sa); err != nil {
			return err
		}
		if err := ring.add(fd, unix.EPOLLIN, i); err != nil {
			return err
		}
		conns[i].fd = fd
	}
	send := func(c *loadConn) error {
		c.sent = now()
		if n, e := rawWrite(c.fd, mem.addr, w.Size); e != 0 || n != w.Size {
			return fmt.Errorf("write: %d of %d bytes: %w", n, w.Size, e)
		}
		return nil
	}
	rec := j.meter.recorder()
	turn := func(events []unix.EpollEvent) error {
		for i := range events {
			c := &conns[events[i].Pad]
			n, e := rawRead(c.fd, mem.addr, floorBuffer)
			if e == unix.EAGAIN {
				continue
			}
			if e != 0 || n != w.Size {
				return fmt.Errorf("read: %d of %d bytes: %w", n, w.Size, e)
			}
			at := now()
			rec.add(at, at-c.sent)
			if err := send(c); err != nil {
				return err
			}
		}
		return nil
	}
	go j.thread(func() error {
		for i := range conns {
			if err := send(&conns[i]); err != nil {
				return err
			}
		}
		checked := now()
		for {
			events, err := ring.wait(int(udpPatience.Milliseconds()))
			if err != nil {
				return err
			}
			if err := turn(events); err != nil {
				return err
			}
			if at := now(); at-checked > int64(udpPatience) {
				checked = at
				for i := range conns {
					if at-conns[i].sent <= int64(udpPatience) {
						continue
					}
					j.meter.failed()
					if err := send(&conns[i]); err != nil {
						return err
					}
				}
			}
		}
	})
	return nil
}

// loadAcceptor accepts what the measured process dials, and answers its close
// with a reset, so that neither side waits in TIME_WAIT.
func (j *work) loadAcceptor() error {
	ln, addr, err := listenTCP()
	if err != nil {
		return err
	}
	j.addr = addr
	if err := resetOnClose(ln); err != nil {
		return err
	}
	ring, err := newRing()
	if err != nil {
		return err
	}
	if err := ring.add(ln, unix.EPOLLIN, 0); err != nil {
		return err
	}
	go j.thread(func() error {
		for {
			events, err := ring.wait(-1)
			if err != nil {
				return err
			}
			for i := range events {
				if fd := int(events[i].Fd); fd != ln {
					rawClose(fd) // the peer never sends anything: this is its end
					continue
				}
				for {
					fd, e := rawAccept(ln)
					if e == unix.EAGAIN {
						break
					}
					if errors.Is(e, unix.EINTR) || errors.Is(e, unix.ECONNABORTED) {
						continue
					}
					if e != 0 {
						return fmt.Errorf("accept4: %w", e)
					}
					j.queue.accepted.Add(1)
					if err := ring.add(fd, unix.EPOLLIN|unix.EPOLLRDHUP, 0); err != nil {
						return err
					}
				}
			}
		}
	})
	return nil
}
