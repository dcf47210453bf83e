//go:build linux

package net2

import "syscall"

// rawConn gives a program access to a connection's descriptor, for system calls of its
// own. It implements [syscall.RawConn].
//
// std: net.rawConn
type rawConn struct{ fd *netFD }

func (c *rawConn) ok() bool { return c != nil && c.fd != nil }

// Control calls f with the descriptor, which stays open meanwhile.
func (c *rawConn) Control(f func(uintptr)) error {
	if !c.ok() {
		return syscall.EINVAL
	}
	c.fd.pinLocalAddr()
	if err := c.fd.pfd.RawControl(f); err != nil {
		return c.fd.listenerError("raw-control", err)
	}
	return nil
}

// Read calls f with the descriptor, and again each time it becomes readable,
// until f returns true.
func (c *rawConn) Read(f func(uintptr) bool) error {
	if !c.ok() {
		return syscall.EINVAL
	}
	c.fd.pinLocalAddr()
	if err := c.fd.pfd.RawRead(f); err != nil {
		return c.fd.opError("raw-read", err)
	}
	return nil
}

// Write is Read for writing.
func (c *rawConn) Write(f func(uintptr) bool) error {
	if !c.ok() {
		return syscall.EINVAL
	}
	c.fd.pinLocalAddr()
	if err := c.fd.pfd.RawWrite(f); err != nil {
		return c.fd.opError("raw-write", err)
	}
	return nil
}

func newRawConn(fd *netFD) *rawConn { return &rawConn{fd: fd} }

// rawListener is the rawConn of a listener. Its Read and Write fail.
//
// std: net.rawListener
type rawListener struct{ rawConn }

func (l *rawListener) Read(func(uintptr) bool) error  { return syscall.EINVAL }
func (l *rawListener) Write(func(uintptr) bool) error { return syscall.EINVAL }

func newRawListener(fd *netFD) *rawListener { return &rawListener{rawConn{fd: fd}} }
