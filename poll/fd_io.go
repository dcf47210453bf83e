//go:build linux

package poll

import (
	"io"

	"golang.org/x/sys/unix"

	"go.parity/socket"
)

// maxRW is the most that one system call moves on a stream: 1 GiB, so that
// larger reads stay aligned.
const maxRW = 1 << 30

// readIO calls op under the read lock, and again each time the descriptor becomes
// readable, until op returns something other than EAGAIN. After EINTR it calls op
// again at once. If that may spare a wait, it lets other goroutines run and calls
// op again.
func (fd *FD) readIO(op func(sysfd int) socket.Errno) error {
	return fd.readLoop(op, true)
}

// readLoop is readIO. If mayYield is false, it calls op again only when the poller
// says that the descriptor is readable.
func (fd *FD) readLoop(op func(sysfd int) socket.Errno, mayYield bool) error {
	if err := fd.readLock(); err != nil {
		return err
	}
	defer fd.readUnlock()
	if err := fd.pd.prepareRead(); err != nil {
		return err
	}
	yields := 0
	for {
		switch errno := op(fd.Sysfd); {
		case errno == 0:
			return nil
		case errno == unix.EINTR:
		case errno == unix.EAGAIN && mayYield && fd.pd.yield(yields):
			yields++
			// A deadline or a close that came meanwhile ends the operation as it
			// would end a wait, even if there is something to read by now.
			if err := fd.pd.prepareRead(); err != nil {
				return err
			}
		case errno == unix.EAGAIN && fd.pd.pollable():
			if err := fd.pd.waitRead(); err != nil {
				return err
			}
		default:
			return errno
		}
	}
}

// writeIO is readIO for writing.
func (fd *FD) writeIO(op func(sysfd int) socket.Errno) error {
	if err := fd.writeLock(); err != nil {
		return err
	}
	defer fd.writeUnlock()
	if err := fd.pd.prepareWrite(); err != nil {
		return err
	}
	for {
		switch errno := op(fd.Sysfd); {
		case errno == 0:
			return nil
		case errno == unix.EINTR:
		case errno == unix.EAGAIN && fd.pd.pollable():
			if err := fd.pd.waitWrite(); err != nil {
				return err
			}
		default:
			return errno
		}
	}
}

// Read reads into p; see read(2). An empty p reads nothing and waits for
// nothing but the read lock. At the end it returns [io.EOF].
//
// std: internal/poll.(*FD).Read
func (fd *FD) Read(p []byte) (int, error) {
	if len(p) == 0 {
		if err := fd.readLock(); err != nil {
			return 0, err
		}
		fd.readUnlock()
		return 0, nil
	}
	if fd.IsStream && len(p) > maxRW {
		p = p[:maxRW]
	}
	n := 0
	err := fd.readIO(func(sysfd int) (errno socket.Errno) {
		n, errno = socket.Read(sysfd, p)
		return errno
	})
	if err != nil {
		return 0, err
	}
	return n, fd.eof(n)
}

// Write writes all of p and waits as often as it must; see write(2). If it fails,
// it also returns how many bytes it wrote before.
//
// std: internal/poll.(*FD).Write
func (fd *FD) Write(p []byte) (int, error) {
	nn := 0
	var whole socket.Errno // the errno of the call that wrote the last bytes of p
	err := fd.writeIO(func(sysfd int) socket.Errno {
		for {
			chunk := p[nn:]
			if fd.IsStream && len(chunk) > maxRW {
				chunk = chunk[:maxRW]
			}
			n, errno := socket.Write(sysfd, chunk)
			nn += n
			switch {
			case nn == len(p) && errno != unix.EINTR:
				whole = errno // a write of an empty packet does not wait for room
				return 0
			case errno != 0 || n == 0:
				return errno
			}
		}
	})
	switch {
	case err != nil:
		return nn, err
	case whole != 0:
		return nn, whole
	case nn < len(p):
		return nn, io.ErrUnexpectedEOF
	}
	return nn, nil
}

// Accept takes a connection from the listening descriptor and writes its peer's
// address to sa; see accept(2). It skips a connection that its peer aborted while
// the connection waited in the queue.
//
// std: internal/poll.(*FD).Accept
func (fd *FD) Accept(sa *socket.Sockaddr) (int, error) {
	s := -1
	err := fd.readIO(func(sysfd int) (errno socket.Errno) {
		for {
			if s, errno = socket.Accept4(sysfd, sa); errno != unix.ECONNABORTED {
				return errno
			}
		}
	})
	return s, err
}

// ReadFrom receives into p and writes the sender's address to sa; see
// recvfrom(2).
//
// std: internal/poll.(*FD).ReadFrom
func (fd *FD) ReadFrom(p []byte, sa *socket.Sockaddr) (int, error) {
	n := 0
	err := fd.readShared(func(sysfd int) (errno socket.Errno) {
		n, errno = socket.Recvfrom(sysfd, p, 0, sa)
		return errno
	})
	if err != nil {
		return 0, err
	}
	return n, fd.eof(n)
}

// ReadMsg receives into p, and control messages into oob, and writes the
// sender's address to sa; see recvmsg(2). If the system call fails, n is -1, as in
// internal/poll.
//
// std: internal/poll.(*FD).ReadMsg
func (fd *FD) ReadMsg(p, oob []byte, flags int, sa *socket.Sockaddr) (n, oobn, recvflags int, err error) {
	err = fd.readShared(func(sysfd int) (errno socket.Errno) {
		n, oobn, recvflags, errno = socket.Recvmsg(sysfd, p, oob, flags, sa)
		return errno
	})
	if err == nil {
		err = fd.eof(n)
	}
	return n, oobn, recvflags, err
}

// WriteTo sends p to sa; see sendto(2).
//
// std: internal/poll.(*FD).WriteTo
func (fd *FD) WriteTo(p []byte, sa *socket.Sockaddr) (int, error) {
	err := fd.writeShared(func(sysfd int) socket.Errno { return socket.Sendto(sysfd, p, 0, sa) })
	if err != nil {
		return 0, err
	}
	return len(p), nil
}

// WriteMsg sends p and the control messages oob to sa, or to the peer if sa is nil;
// see sendmsg(2).
//
// std: internal/poll.(*FD).WriteMsg
func (fd *FD) WriteMsg(p, oob []byte, sa *socket.Sockaddr) (n, oobn int, err error) {
	err = fd.writeShared(func(sysfd int) (errno socket.Errno) {
		n, errno = socket.Sendmsg(sysfd, p, oob, 0, sa)
		return errno
	})
	if err != nil {
		return n, 0, err
	}
	return n, len(oob), nil
}

// WaitWrite parks until the descriptor is writable: a connect that was under way
// has succeeded or failed. Nobody else uses the descriptor yet.
//
// std: internal/poll.(*FD).WaitWrite
func (fd *FD) WaitWrite() error { return fd.pd.waitWrite() }
