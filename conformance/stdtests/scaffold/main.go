//go:build ignore

package net2

import (
	"syscall"

	"go.parity/socket"
	"go.parity/stdtests/socktest"
)

// Package net makes its socket system calls through function variables, into
// which its tests put a switch that counts sockets and makes calls fail. net2
// has no such variables: its calls in package socket have seams, and what the
// seams call stands here. The switch's own calls lead back to package socket,
// so that it is net2's system calls that run.
var (
	stdSocketFunc        = realSocket
	stdConnectFunc       = realConnect
	stdListenFunc        = realListen
	stdGetsockoptIntFunc = realGetsockoptInt
	stdPoll_CloseFunc    = realClose
	stdPoll_AcceptFunc   = func(s int) (int, syscall.Sockaddr, error) { return realAccept4(s, 0) }
	stdPoll_Accept4Func  = realAccept4
)

// A rawSockaddr takes a socket.Sockaddr through functions of package syscall.
type rawSockaddr struct {
	syscall.Sockaddr // nil
	sa               *socket.Sockaddr
}

func errnoError(errno socket.Errno) error {
	if errno != 0 {
		return errno
	}
	return nil
}

// errnoOf is for errors that the tests' own filters make. They refuse the call;
// package socket returns nothing but an errno.
func errnoOf(err error) socket.Errno {
	if err == nil {
		return 0
	}
	return err.(socket.Errno)
}

// The error with which net's tests refuse a call must be an errno here.
var stdErrOpNotSupported error = syscall.EOPNOTSUPP

func realSocket(family, sotype, proto int) (int, error) {
	s, errno := socket.Socket(family, sotype, proto)
	return s, errnoError(errno)
}

func realClose(s int) error { return errnoError(socket.Close(s)) }

func realConnect(s int, sa syscall.Sockaddr) error {
	return errnoError(socket.Connect(s, sa.(rawSockaddr).sa))
}

func realListen(s, backlog int) error { return errnoError(socket.Listen(s, backlog)) }

func realGetsockoptInt(s, level, name int) (int, error) {
	v, errno := socket.GetsockoptInt(s, level, name)
	return v, errnoError(errno)
}

func realAccept4(s, _ int) (int, syscall.Sockaddr, error) {
	var sa socket.Sockaddr
	ns, errno := socket.Accept4(s, &sa)
	return ns, rawSockaddr{sa: &sa}, errnoError(errno)
}

func init() {
	socktest.SysSocket = realSocket
	socktest.SysClose = realClose
	socktest.SysConnect = realConnect
	socktest.SysListen = realListen
	socktest.SysGetsockoptInt = realGetsockoptInt
	socktest.SysAccept4 = realAccept4

	socket.SeamSocket = func(family, sotype, proto int) (int, socket.Errno) {
		s, err := stdSocketFunc(family, sotype, proto)
		return s, errnoOf(err)
	}
	socket.SeamClose = func(s int) socket.Errno { return errnoOf(stdPoll_CloseFunc(s)) }
	socket.SeamConnect = func(s int, sa *socket.Sockaddr) socket.Errno {
		return errnoOf(stdConnectFunc(s, rawSockaddr{sa: sa}))
	}
	socket.SeamListen = func(s, backlog int) socket.Errno { return errnoOf(stdListenFunc(s, backlog)) }
	socket.SeamGetsockoptInt = func(s, level, name int) (int, socket.Errno) {
		v, err := stdGetsockoptIntFunc(s, level, name)
		return v, errnoOf(err)
	}
	socket.SeamAccept4 = func(s int, sa *socket.Sockaddr) (int, socket.Errno) {
		ns, raw, err := stdPoll_Accept4Func(s, syscall.SOCK_NONBLOCK|syscall.SOCK_CLOEXEC)
		if raw, ok := raw.(rawSockaddr); ok && sa != nil {
			*sa = *raw.sa
		}
		return ns, errnoOf(err)
	}
}
