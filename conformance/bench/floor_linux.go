package bench

// The floor: what a C program would do. At most two threads, each with an epoll
// descriptor, raw system calls and buffers outside the heap; no goroutine, no
// lock and no allocation for each connection.

import (
	"encoding/binary"
	"errors"
	"fmt"
	"runtime"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

const (
	floorThreads = 2
	floorBuffer  = 64 << 10
)

// floor starts the workload's server, or its dialling client, as a bare loop.
func (j *work) floor(req request) error {
	w := req.Workload
	// Each thread of the loop gets a processor, whatever else the runtime does.
	runtime.GOMAXPROCS(runtime.GOMAXPROCS(0) + floorThreads)
	switch w.Kind {
	case KindDial:
		sa, err := sockaddr(req.Addr)
		if err != nil {
			return err
		}
		j.drive = func() {
			threads := min(floorThreads, w.Conns)
			for i := range threads {
				conns := (w.Conns + i) / threads
				go j.thread(func() error { return j.floorDial(sa, conns) })
			}
		}
		return nil
	case KindUDP:
		return j.floorUDP()
	}

	ln, addr, err := listenTCP()
	if err != nil {
		return err
	}
	j.addr = addr
	switch w.Kind {
	case KindStream, KindSendfile, KindSplice:
		go j.thread(func() error { return j.floorCopy(ln, w) })
		return nil
	}

	rings := make([]*ring, floorThreads)
	for i := range rings {
		if rings[i], err = newRing(); err != nil {
			return err
		}
		if err := rings[i].add(ln, unix.EPOLLIN|unix.EPOLLEXCLUSIVE, 0); err != nil {
			return err
		}
	}
	loop := &floorLoop{job: j, workload: w, listener: ln, rings: rings}
	for i := range rings {
		go j.thread(func() error { return loop.run(i) })
	}
	return nil
}

// thread runs f on a thread of its own.
func (j *work) thread(f func() error) {
	runtime.LockOSThread()
	if err := f(); err != nil {
		j.meter.fail(err)
	}
}

// A floorLoop is an event-driven server.
type floorLoop struct {
	job      *work
	workload Workload
	listener int
	rings    []*ring
	next     atomic.Uint32
}

// run is one thread. Sockets are level-triggered, so that it reads once for an
// event, and never finds nothing.
func (l *floorLoop) run(thread int) error {
	mem, err := newArena(floorBuffer)
	if err != nil {
		return err
	}
	defer mem.free()
	var answer arena
	var answerLen int
	if l.workload.Kind == KindHTTP {
		if answer, err = newArena(4096); err != nil {
			return err
		}
		defer answer.free()
		text := fmt.Appendf(nil, "HTTP/1.1 200 OK\r\nDate: %s\r\nContent-Length: %d\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n%s",
			time.Now().UTC().Format("Mon, 02 Jan 2006 15:04:05 GMT"), len(HTTPBody), HTTPBody)
		answerLen = copy(answer.mem, text)
	}
	var deadlines []int64 // by descriptor
	sweep := now() + int64(time.Second)

	ring := l.rings[thread]
	for {
		timeout := -1
		if l.workload.Deadline {
			timeout = 1000
		}
		events, err := ring.wait(timeout)
		if err != nil {
			return err
		}
		var at int64
		if l.workload.Deadline {
			at = now()
			if at > sweep {
				sweep = at + int64(time.Second)
				for fd, d := range deadlines {
					if d != 0 && d < at {
						rawClose(fd)
						deadlines[fd] = 0
					}
				}
			}
		}
		for i := range events {
			fd := int(events[i].Fd)
			if fd == l.listener {
				if err := l.accept(thread); err != nil {
					return err
				}
				continue
			}
			n, e := rawRead(fd, mem.addr, floorBuffer)
			if e == unix.EAGAIN {
				continue
			}
			if e != 0 || n == 0 {
				if fd < len(deadlines) {
					deadlines[fd] = 0
				}
				rawClose(fd)
				continue
			}
			if l.workload.Kind == KindHTTP {
				// The canned answer stands for a parser and a handler.
				_, e = rawWrite(fd, answer.addr, answerLen)
			} else {
				_, e = rawWrite(fd, mem.addr, n)
			}
			if e != 0 || l.workload.Kind == KindOnce {
				rawClose(fd)
				continue
			}
			if l.workload.Deadline {
				for fd >= len(deadlines) {
					deadlines = append(deadlines, 0)
				}
				deadlines[fd] = at + int64(time.Minute)
			}
		}
	}
}

// accept accepts all connections that wait. It spreads lasting connections
// evenly; a short one stays on the thread that accepted it.
func (l *floorLoop) accept(thread int) error {
	for {
		fd, e := rawAccept(l.listener)
		switch e {
		case 0:
		case unix.EAGAIN:
			return nil
		case unix.EINTR, unix.ECONNABORTED:
			continue
		default:
			return fmt.Errorf("accept4: %w", e)
		}
		l.job.conns.Add(1)
		if l.workload.Kind == KindAccept {
			rawClose(fd)
			continue
		}
		to := l.rings[thread]
		if l.workload.Kind != KindOnce {
			to = l.rings[l.next.Add(1)%uint32(len(l.rings))]
		}
		if err := to.add(fd, unix.EPOLLIN|unix.EPOLLRDHUP, 0); err != nil {
			return err
		}
	}
}

// floorDial dials and closes, with conns connections under way at once.
func (j *work) floorDial(sa *unix.SockaddrInet4, conns int) error {
	ring, err := newRing()
	if err != nil {
		return err
	}
	rec := j.meter.recorder()
	begun := make([]int64, conns)
	open := func(slot int) error {
		j.queue.enter()
		begun[slot] = now()
		return dialInto(ring, sa, slot, unix.EPOLLOUT, false)
	}
	for slot := range begun {
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
			slot := int(events[i].Pad)
			at := now()
			if events[i].Events&unix.EPOLLERR != 0 {
				return errors.New("connect failed")
			}
			rawClose(int(events[i].Fd))
			rec.add(at, at-begun[slot])
			if err := open(slot); err != nil {
				return err
			}
		}
	}
}

// floorUDP answers datagrams: one socket, one thread.
func (j *work) floorUDP() error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	if err := unix.Bind(fd, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		return err
	}
	if j.addr, err = localAddr(fd); err != nil {
		return err
	}
	ring, err := newRing()
	if err != nil {
		return err
	}
	if err := ring.add(fd, unix.EPOLLIN, 0); err != nil {
		return err
	}
	const (
		addrAt = floorBuffer        // the peer's socket address
		lenAt  = floorBuffer + 1024 // and its length
	)
	mem, err := newArena(floorBuffer + 4096)
	if err != nil {
		return err
	}
	go j.thread(func() error {
		for {
			if _, err := ring.wait(-1); err != nil {
				return err
			}
			for {
				binary.NativeEndian.PutUint32(mem.mem[lenAt:], unix.SizeofSockaddrInet4)
				n, _, e := unix.RawSyscall6(unix.SYS_RECVFROM, uintptr(fd), mem.addr, floorBuffer, 0, mem.addr+addrAt, mem.addr+lenAt)
				if e == unix.EAGAIN {
					break
				}
				if e == 0 {
					_, _, e = unix.RawSyscall6(unix.SYS_SENDTO, uintptr(fd), mem.addr, n, 0, mem.addr+addrAt, unix.SizeofSockaddrInet4)
				}
				if e != 0 && e != unix.ECONNREFUSED {
					return fmt.Errorf("udp echo: %w", e)
				}
			}
		}
	})
	return nil
}

// floorCopy streams, sends a file, or passes one connection on to another, with
// blocking calls.
func (j *work) floorCopy(ln int, w Workload) error {
	accept := func() (int, error) {
		for {
			if err := waitFor(ln, unix.POLLIN); err != nil {
				return -1, err
			}
			fd, e := rawAccept(ln)
			if e == 0 {
				j.conns.Add(1)
				return fd, unix.SetNonblock(fd, false)
			}
			if e != unix.EAGAIN && e != unix.EINTR {
				return -1, e
			}
		}
	}
	fd, err := accept()
	if err != nil {
		return err
	}
	mem, err := newArena(streamSize)
	if err != nil {
		return err
	}
	defer mem.free()
	switch w.Kind {
	case KindStream:
		for {
			_, _, e := unix.Syscall(unix.SYS_WRITE, uintptr(fd), mem.addr, uintptr(w.Size))
			if e == unix.ECONNRESET || e == unix.EPIPE {
				return nil
			}
			if e != 0 && e != unix.EINTR {
				return e
			}
		}
	case KindSendfile:
		f, err := transferFile(w.Size)
		if err != nil {
			return err
		}
		for {
			n, _, e := unix.Syscall(unix.SYS_READ, uintptr(fd), mem.addr, 1)
			if e == unix.EINTR {
				continue
			}
			if e != 0 || n == 0 {
				return nil // the peer is gone
			}
			var off int64
			for off < int64(w.Size) {
				_, err := unix.Sendfile(fd, int(f.Fd()), &off, w.Size-int(off))
				if err == unix.ECONNRESET || err == unix.EPIPE {
					return nil
				}
				if err != nil && err != unix.EINTR {
					return err
				}
			}
		}
	case KindSplice:
		to, err := accept()
		if err != nil {
			return err
		}
		var pipe [2]int
		if err := unix.Pipe2(pipe[:], unix.O_CLOEXEC); err != nil {
			return err
		}
		const most = 1 << 20
		_, _ = unix.FcntlInt(uintptr(pipe[0]), unix.F_SETPIPE_SZ, most) // a smaller pipe works too
		for {
			n, err := unix.Splice(fd, nil, pipe[1], nil, most, unix.SPLICE_F_MOVE)
			if err == unix.EINTR {
				continue
			}
			if err != nil || n == 0 {
				return nil // the peer is gone
			}
			for n > 0 {
				m, err := unix.Splice(pipe[0], nil, to, nil, int(n), unix.SPLICE_F_MOVE)
				if err == unix.EINTR {
					continue
				}
				if err != nil {
					return nil // the peer is gone
				}
				n -= m
			}
		}
	}
	return fmt.Errorf("no floor for %q", w.Kind)
}
