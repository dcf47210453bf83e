//go:build ignore

package net2

import (
	"context"
	"sync"
	"syscall"
	"time"

	"go.parity/poll"
)

type dialTCPFunc = func(ctx context.Context, network string, laddr, raddr *TCPAddr) (*TCPConn, error)

// testHookDialTCP, if not nil, is what a dial of TCP does instead.
var stdTestHookDialTCP, _ = dialTCPFunc(nil), &SeamSysDialerDialTCP

// A sysDialer of the tests may have a hook of its own.
type stdSysDialer struct {
	Dialer           Dialer
	network, address string
	testHookDialTCP  dialTCPFunc
}

// dialHooks are the hooks of the dialers that dial for a dialer of the tests.
var dialHooks sync.Map

func (sd *stdSysDialer) dialer() *sysDialer {
	real := &sysDialer{Dialer: sd.Dialer, network: sd.network, address: sd.address}
	if sd.testHookDialTCP != nil {
		dialHooks.Store(real, sd.testHookDialTCP)
	}
	return real
}

func (sd *stdSysDialer) dialParallel(ctx context.Context, primaries, fallbacks addrList) (Conn, error) {
	return sd.dialer().dialParallel(ctx, primaries, fallbacks)
}

func (sd *stdSysDialer) doDialTCP(ctx context.Context, laddr, raddr *TCPAddr) (*TCPConn, error) {
	return sd.dialer().UnseamedDialTCP(ctx, laddr, raddr)
}

func init() {
	SeamSysDialerDialTCP = func(sd *sysDialer, ctx context.Context, laddr, raddr *TCPAddr) (*TCPConn, error) {
		if hook, ok := dialHooks.Load(sd); ok {
			return hook.(dialTCPFunc)(ctx, sd.network, laddr, raddr)
		}
		if stdTestHookDialTCP != nil {
			return stdTestHookDialTCP(ctx, sd.network, laddr, raddr)
		}
		return sd.UnseamedDialTCP(ctx, laddr, raddr)
	}
}

// testHookCanceledDial runs when a context has cut a connect short, which net2
// does by a deadline that no user sets.
var stdTestHookCanceledDial, _ = func() {}, &poll.SeamFDSetWriteDeadline

func init() {
	poll.SeamFDSetWriteDeadline = func(fd *poll.FD, t time.Time) error {
		err := fd.UnseamedSetWriteDeadline(t)
		if t == aLongTimeAgo {
			stdTestHookCanceledDial()
		}
		return err
	}
}

// testHookSetKeepAlive sees the configuration of keep-alive that a new
// connection gets, unless it gets none.
var stdTestHookSetKeepAlive, _ = func(KeepAliveConfig) {}, &SeamConnOptions

func init() {
	SeamConnOptions = func(idle time.Duration, cfg KeepAliveConfig) []tcpOption {
		opts := UnseamedConnOptions(idle, cfg)
		if hasKeepAlive(opts) {
			if !cfg.Enable {
				cfg = KeepAliveConfig{Enable: true, Idle: idle}
			}
			stdTestHookSetKeepAlive(cfg)
		}
		return opts
	}
}

func hasKeepAlive(opts []tcpOption) bool {
	for _, o := range opts {
		if o.level == syscall.SOL_SOCKET && o.name == syscall.SO_KEEPALIVE && o.value != 0 {
			return true
		}
	}
	return false
}

// testPreHookSetKeepAlive sees the socket before that configuration is set:
// that of a dialled connection, or that of a listener, whose connections
// inherit it.
var stdTestPreHookSetKeepAlive, _, _ = func(*netFD) {}, &SeamNetFDSetOptions, &SeamInheritancePrepare

func init() {
	SeamNetFDSetOptions = func(fd *netFD, opts []tcpOption) {
		if hasKeepAlive(opts) {
			stdTestPreHookSetKeepAlive(fd)
		}
		fd.UnseamedSetOptions(opts)
	}
	SeamInheritancePrepare = func(in *inheritance, fd *netFD) {
		if hasKeepAlive(in.opts) {
			stdTestPreHookSetKeepAlive(fd)
		}
		in.UnseamedPrepare(fd)
	}
}
