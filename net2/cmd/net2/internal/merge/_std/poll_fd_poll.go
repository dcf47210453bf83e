package poll

import (
	"errors"
	"sync"
	"syscall"
	"time"
	_ "unsafe" // for go:linkname
)

// A NetPoller is the place of a network descriptor in net2's poller. Its
// methods answer as the runtime's hooks do, or with a negated errno.
type NetPoller interface {
	Close()
	Unblock()
	Reset(mode int) int
	Wait(mode int) int
	SetDeadline(d int64, mode int) int
}

// OpenNet gives a network descriptor its place. Package net sets it, because
// net2's poller needs package os, which needs this package. The files that os
// opens stay in the runtime's poller.
var OpenNet func(fd uintptr) (NetPoller, error)

//go:linkname runtimeNano runtime.nanotime
func runtimeNano() int64

func runtime_pollServerInit()
func runtime_pollOpen(fd uintptr) (uintptr, int)
func runtime_pollClose(ctx uintptr)
func runtime_pollWait(ctx uintptr, mode int) int
func runtime_pollReset(ctx uintptr, mode int) int
func runtime_pollSetDeadline(ctx uintptr, d int64, mode int)
func runtime_pollUnblock(ctx uintptr)
func runtime_isPollServerDescriptor(fd uintptr) bool

// A pollDesc is a descriptor's place in one of the two pollers, or in none.
type pollDesc struct {
	runtimeCtx uintptr
	net        NetPoller
}

var serverInit sync.Once

func (pd *pollDesc) init(fd *FD) error {
	if OpenNet != nil && !fd.isFile {
		place, err := OpenNet(uintptr(fd.Sysfd))
		if err == nil {
			pd.net = place
		}
		return err
	}
	serverInit.Do(runtime_pollServerInit)
	ctx, errno := runtime_pollOpen(uintptr(fd.Sysfd))
	if errno != 0 {
		return errnoErr(syscall.Errno(errno))
	}
	pd.runtimeCtx = ctx
	return nil
}

func (pd *pollDesc) close() {
	switch {
	case pd.net != nil:
		pd.net.Close()
		pd.net = nil
	case pd.runtimeCtx != 0:
		runtime_pollClose(pd.runtimeCtx)
		pd.runtimeCtx = 0
	}
}

func (pd *pollDesc) evict() {
	switch {
	case pd.net != nil:
		pd.net.Unblock()
	case pd.runtimeCtx != 0:
		runtime_pollUnblock(pd.runtimeCtx)
	}
}

func (pd *pollDesc) prepareRead(isFile bool) error { return pd.prepare('r', isFile) }

func (pd *pollDesc) prepareWrite(isFile bool) error { return pd.prepare('w', isFile) }

func (pd *pollDesc) prepare(mode int, isFile bool) error {
	switch {
	case pd.net != nil:
		return convertErr(pd.net.Reset(mode), isFile)
	case pd.runtimeCtx != 0:
		return convertErr(runtime_pollReset(pd.runtimeCtx, mode), isFile)
	}
	return nil
}

func (pd *pollDesc) waitRead(isFile bool) error { return pd.wait('r', isFile) }

func (pd *pollDesc) waitWrite(isFile bool) error { return pd.wait('w', isFile) }

func (pd *pollDesc) wait(mode int, isFile bool) error {
	switch {
	case pd.net != nil:
		return convertErr(pd.net.Wait(mode), isFile)
	case pd.runtimeCtx != 0:
		return convertErr(runtime_pollWait(pd.runtimeCtx, mode), isFile)
	}
	return errors.New("waiting for unsupported file type")
}

func (pd *pollDesc) pollable() bool { return pd.net != nil || pd.runtimeCtx != 0 }

// The codes that the hooks of both pollers return.
const (
	pollNoError        = 0
	pollErrClosing     = 1
	pollErrTimeout     = 2
	pollErrNotPollable = 3
)

func convertErr(res int, isFile bool) error {
	switch res {
	case pollNoError:
		return nil
	case pollErrClosing:
		return errClosing(isFile)
	case pollErrTimeout:
		return ErrDeadlineExceeded
	case pollErrNotPollable:
		return ErrNotPollable
	}
	if res < 0 {
		return errnoErr(syscall.Errno(-res))
	}
	println("poll: unknown result", res)
	panic("poll: unknown result")
}

// SetDeadline sets the time at which reads and writes fail.
func (fd *FD) SetDeadline(t time.Time) error { return setDeadlineImpl(fd, t, 'r'+'w') }

// SetReadDeadline sets the time at which reads fail.
func (fd *FD) SetReadDeadline(t time.Time) error { return setDeadlineImpl(fd, t, 'r') }

// SetWriteDeadline sets the time at which writes fail.
func (fd *FD) SetWriteDeadline(t time.Time) error { return setDeadlineImpl(fd, t, 'w') }

func setDeadlineImpl(fd *FD, t time.Time, mode int) error {
	var d int64
	if !t.IsZero() {
		if d = int64(time.Until(t)); d == 0 {
			d = -1 // a deadline of now has passed; 0 would clear it
		}
	}
	if err := fd.incref(); err != nil {
		return err
	}
	defer fd.decref()
	switch {
	case fd.pd.net != nil:
		return convertErr(fd.pd.net.SetDeadline(d, mode), fd.isFile)
	case fd.pd.runtimeCtx != 0:
		runtime_pollSetDeadline(fd.pd.runtimeCtx, d, mode)
		return nil
	}
	return ErrNoDeadline
}

// IsPollDescriptor reports whether fd is one of the runtime's poller. Programs
// link to it (go.dev/issue/67401).
//
//go:linkname IsPollDescriptor
func IsPollDescriptor(fd uintptr) bool { return runtime_isPollServerDescriptor(fd) }
