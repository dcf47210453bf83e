//go:build linux

package net2

import (
	"context"
	"os"
	"runtime"
	"syscall"
	"time"

	"go.parity/poll"
	"go.parity/socket"
)

// netFD is a socket with its addresses.
//
// std: net.netFD
type netFD struct {
	pfd poll.FD

	// Immutable until Close.
	family        int
	sotype        int
	isConnected   bool   // Dial connected it: a write must not name an address
	laddrOnDemand bool   // we ask the kernel for laddr when somebody wants it
	openID        uint32 // what TraceOpen knows it by; 0 if it does not
	net           string
	udp           udpModes // of a UDP socket

	laddr address
	raddr address
}

// std: net.newFD
func newFD(sysfd, family, sotype int, net string) *netFD {
	fd := &netFD{family: family, sotype: sotype, net: net}
	fd.pfd.Sysfd = sysfd
	fd.pfd.IsStream = sotype == syscall.SOCK_STREAM
	fd.pfd.DrainsShort = fd.pfd.IsStream && family != syscall.AF_UNIX
	fd.pfd.ZeroReadIsEOF = sotype != syscall.SOCK_DGRAM && sotype != syscall.SOCK_RAW
	return fd
}

// init puts the socket into the poller.
//
// std: net.(*netFD).init
func (fd *netFD) init() error { return fd.pfd.Init() }

// setFinalizer closes the socket when the garbage collector finds it and nobody has
// called Close. It is the last step of opening a socket.
//
// std: net.(*netFD).setAddr
func (fd *netFD) setFinalizer() {
	if openTracing.on.Load() {
		openTracing.records.add(fd)
	}
	runtime.SetFinalizer(fd, (*netFD).Close)
}

// Close closes the socket. LocalAddr must answer after Close too, so if the listener
// does not give us the address, we ask the kernel here.
//
// std: net.(*netFD).Close
func (fd *netFD) Close() error {
	if fd.laddrOnDemand && fd.laddr.raw.Family == syscall.AF_UNSPEC {
		fd.localAddr()
	}
	runtime.SetFinalizer(fd, nil)
	if fd.openID != 0 {
		openTracing.records.remove(fd.openID)
	}
	return fd.pfd.Close()
}

// accept takes a connection from the queue of a listener.
//
// std: net.(*netFD).accept
func (fd *netFD) accept() (*netFD, error) {
	var rsa socket.Sockaddr
	s, err := fd.pfd.Accept(&rsa)
	if err != nil {
		return nil, wrapSyscallError("accept4", err)
	}
	return fd.accepted(s, &rsa)
}

// accepted makes a connection of the socket s that fd accepted from rsa.
func (fd *netFD) accepted(s int, rsa *socket.Sockaddr) (*netFD, error) {
	c := newFD(s, fd.family, fd.sotype, fd.net)
	c.pfd.OnDemand = true
	if err := c.init(); err != nil {
		c.pfd.Close()
		return nil, err
	}
	c.setAcceptedAddrs(fd, rsa)
	c.setFinalizer()
	return c, nil
}

// setAcceptedAddrs sets the addresses of a connection from rsa that ln accepted. We ask
// the kernel for the local address when somebody wants it. If the address may have a
// zone, we ask at once: a zone is the name of an interface, which may change.
//
// deviation: local-addr-on-demand
func (fd *netFD) setAcceptedAddrs(ln *netFD, rsa *socket.Sockaddr) {
	if fd.family == syscall.AF_UNIX || rsa.Inet().Zone != 0 || ln.laddr.raw.Zone != 0 {
		var lsa socket.Sockaddr
		socket.Getsockname(fd.pfd.Sysfd, &lsa)
		fd.setAddrs(&lsa, rsa)
		return
	}
	fd.raddr.raw = rsa.Inet()
	fd.laddr.raw = ln.acceptedLocal()
	fd.laddrOnDemand = true
}

// acceptedLocal returns the local address of every connection that the
// listener accepts, if it is bound to one address and nobody had a chance to make it
// accept connections to others (IP_TRANSPARENT). A program in the kernel may still steer
// such connections to it (BPF sk_lookup). So we use this only for a LocalAddr after Close
// if nobody asked before Close.
func (fd *netFD) acceptedLocal() socket.Inet {
	raw := fd.laddr.raw
	if raw.Addr == ([16]byte{}) || fd.pfd.Shares() != 0 {
		return socket.Inet{}
	}
	return raw
}

// connect connects the socket to ra, and waits until it is connected or ctx is done. It
// returns the address of the peer that the kernel reports, or no address if connect(2)
// succeeded at once.
//
// std: net.(*netFD).connect
func (fd *netFD) connect(ctx context.Context, ra *socket.Sockaddr, spec socketSpec) (rsa socket.Sockaddr, ret error) {
	switch errno := spec.startConnect(fd.pfd.Sysfd, ra); errno {
	case syscall.EINPROGRESS, syscall.EALREADY, syscall.EINTR:
	case 0, syscall.EISCONN:
		if err := ctx.Err(); err != nil {
			return rsa, mapErr(err)
		}
		return rsa, fd.init()
	default:
		return rsa, os.NewSyscallError("connect", errno)
	}
	if err := fd.init(); err != nil {
		return rsa, err
	}

	if ctx.Done() != nil {
		if deadline, ok := ctx.Deadline(); ok {
			fd.pfd.SetWriteDeadline(deadline)
			defer fd.pfd.SetWriteDeadline(noDeadline)
		}
		// A deadline in the past makes WaitWrite give up.
		stop := context.AfterFunc(ctx, func() { fd.pfd.SetWriteDeadline(aLongTimeAgo) })
		defer func() {
			if !stop() && ret == nil {
				// We did connect, but that function has run or is about to run,
				// and leaves the connection with a deadline that has passed. The
				// caller closes it.
				ret = mapErr(ctx.Err())
			}
		}()
	}

	for {
		// A peer on this host has answered by now, so unlike net we ask before
		// the first wait too. After a wait, the socket is connected, has failed,
		// or the poller woke us without cause.
		if rsa, ok, err := fd.connected(); ok || err != nil {
			return rsa, err
		}
		if err := fd.pfd.WaitWrite(); err != nil {
			if ctxErr := ctx.Err(); ctxErr != nil {
				err = mapErr(ctxErr)
			}
			return rsa, err
		}
	}
}

// startConnect starts to connect the socket.
func (spec *socketSpec) startConnect(sysfd int, ra *socket.Sockaddr) socket.Errno {
	if spec.connect != nil {
		return spec.connect(sysfd, ra)
	}
	return socket.Connect(sysfd, ra)
}

// connected reports whether a connect that was under way has succeeded, and returns the
// peer, or the error if it failed.
func (fd *netFD) connected() (rsa socket.Sockaddr, ok bool, err error) {
	nerr, errno := socket.GetsockoptInt(fd.pfd.Sysfd, syscall.SOL_SOCKET, syscall.SO_ERROR)
	if errno != 0 {
		return rsa, false, os.NewSyscallError("getsockopt", errno)
	}
	switch errno := syscall.Errno(nerr); errno {
	case syscall.EINPROGRESS, syscall.EALREADY, syscall.EINTR:
		return rsa, false, nil
	case syscall.EISCONN:
		return rsa, true, nil
	case 0:
		errno := socket.Getpeername(fd.pfd.Sysfd, &rsa)
		return rsa, errno == 0, nil
	default:
		return rsa, false, os.NewSyscallError("connect", errno)
	}
}

var (
	noDeadline   = time.Time{}
	aLongTimeAgo = time.Unix(1, 0)
)

// dup returns a file with a duplicate of the descriptor, and notes that others may now
// change the socket.
//
// std: net.(*netFD).dup
func (fd *netFD) dup() (*os.File, error) {
	fd.pinLocalAddr()
	s, call, err := fd.pfd.Dup()
	if err != nil {
		return nil, wrapSyscallError(call, err)
	}
	return newFile(s, fd.name())
}

// name returns the name of the file that dup makes.
//
// std: net.(*netFD).name
func (fd *netFD) name() string {
	var ls, rs string
	if a := fd.localAddr(); a != nil {
		ls = a.String()
	}
	if a := fd.remoteAddr(); a != nil {
		rs = a.String()
	}
	return fd.net + ":" + ls + "->" + rs
}

func (fd *netFD) closeRead() error  { return fd.shutdown(syscall.SHUT_RD) }
func (fd *netFD) closeWrite() error { return fd.shutdown(syscall.SHUT_WR) }

// std: net.(*netFD).shutdown
func (fd *netFD) shutdown(how int) error {
	return wrapSyscallError("shutdown", fd.pfd.Shutdown(how))
}

// std: net.(*netFD).Read
func (fd *netFD) Read(p []byte) (int, error) {
	n, err := fd.pfd.Read(p)
	return n, wrapSyscallError("read", err)
}

// std: net.(*netFD).Write
func (fd *netFD) Write(p []byte) (int, error) {
	n, err := fd.pfd.Write(p)
	return n, wrapSyscallError("write", err)
}

// std: net.(*netFD).readFrom
func (fd *netFD) readFrom(p []byte, sa *socket.Sockaddr) (int, error) {
	n, err := fd.pfd.ReadFrom(p, sa)
	return n, wrapSyscallError("recvfrom", err)
}

// std: net.(*netFD).readMsg
func (fd *netFD) readMsg(p, oob []byte, flags int, sa *socket.Sockaddr) (n, oobn, retflags int, err error) {
	n, oobn, retflags, err = fd.pfd.ReadMsg(p, oob, flags, sa)
	return n, oobn, retflags, wrapSyscallError("recvmsg", err)
}

// std: net.(*netFD).writeTo
func (fd *netFD) writeTo(p []byte, sa *socket.Sockaddr) (int, error) {
	n, err := fd.pfd.WriteTo(p, sa)
	return n, wrapSyscallError("sendto", err)
}

// std: net.(*netFD).writeMsg
func (fd *netFD) writeMsg(p, oob []byte, sa *socket.Sockaddr) (n, oobn int, err error) {
	n, oobn, err = fd.pfd.WriteMsg(p, oob, sa)
	return n, oobn, wrapSyscallError("sendmsg", err)
}
