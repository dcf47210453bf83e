//go:build linux

package net2

import (
	"syscall"
	"time"

	"go.parity/socket"
)

// The values for the fields of a keep-alive configuration that are 0.
const (
	defaultTCPKeepAliveIdle     = 15 * time.Second
	defaultTCPKeepAliveInterval = 15 * time.Second
	defaultTCPKeepAliveCount    = 9
)

// A tcpOption is a socket option and its value.
type tcpOption struct{ level, name, value int }

// noDelayOption returns the option that switches Nagle's algorithm off, or on.
func noDelayOption(noDelay bool) tcpOption {
	return tcpOption{syscall.IPPROTO_TCP, syscall.TCP_NODELAY, boolint(noDelay)}
}

// keepAliveOptions returns the options that cfg sets, in net's order. For a field that is 0
// it takes the default; a field that is negative leaves its option as it is.
func keepAliveOptions(cfg KeepAliveConfig) []tcpOption {
	return appendKeepAlive(make([]tcpOption, 0, 4), cfg)
}

func appendKeepAlive(opts []tcpOption, cfg KeepAliveConfig) []tcpOption {
	opts = append(opts, tcpOption{syscall.SOL_SOCKET, syscall.SO_KEEPALIVE, boolint(cfg.Enable)})
	if o, ok := keepAliveIdleOption(cfg.Idle); ok {
		opts = append(opts, o)
	}
	if d := orDefault(cfg.Interval, defaultTCPKeepAliveInterval); d > 0 {
		opts = append(opts, tcpOption{syscall.IPPROTO_TCP, syscall.TCP_KEEPINTVL, seconds(d)})
	}
	if n := orDefault(cfg.Count, defaultTCPKeepAliveCount); n > 0 {
		opts = append(opts, tcpOption{syscall.IPPROTO_TCP, syscall.TCP_KEEPCNT, n})
	}
	return opts
}

func keepAliveIdleOption(idle time.Duration) (o tcpOption, ok bool) {
	d := orDefault(idle, defaultTCPKeepAliveIdle)
	return tcpOption{syscall.IPPROTO_TCP, syscall.TCP_KEEPIDLE, seconds(d)}, d > 0
}

func orDefault[T ~int | ~int64](v, otherwise T) T {
	if v == 0 {
		return otherwise
	}
	return v
}

// seconds rounds d up to whole seconds, the kernel's unit.
//
// std: net.roundDurationUp
func seconds(d time.Duration) int { return int((d + time.Second - 1) / time.Second) }

// connOptions returns the options of a new connection: no delay, and keep-alive by cfg if
// that is enabled, or else by the older idle, unless that is negative. All connections may
// share the slice, so callers must not change it.
//
// std: net.newTCPConn
func connOptions(idle time.Duration, cfg KeepAliveConfig) []tcpOption {
	if idle == 0 && !cfg.Enable {
		return defaultConnOptions
	}
	return makeConnOptions(idle, cfg)
}

var defaultConnOptions = makeConnOptions(0, KeepAliveConfig{})

func makeConnOptions(idle time.Duration, cfg KeepAliveConfig) []tcpOption {
	if !cfg.Enable && idle >= 0 {
		cfg = KeepAliveConfig{Enable: true, Idle: idle}
	}
	opts := append(make([]tcpOption, 0, 5), noDelayOption(true))
	if cfg.Enable {
		opts = appendKeepAlive(opts, cfg)
	}
	return opts
}

// setOption sets an option of an open socket.
func (fd *netFD) setOption(o tcpOption) error { return fd.setsockoptInt(o.level, o.name, o.value) }

// setOptions sets the options of a new connection. It ignores what the kernel refuses,
// because the connection is good without. Like net, it sets no further keep-alive option
// after one that the kernel has refused.
func (fd *netFD) setOptions(opts []tcpOption) {
	for i, o := range opts {
		if fd.setOption(o) != nil && i > 0 {
			return
		}
	}
}

// hasOptions reports whether the socket s has all the options.
func hasOptions(s int, opts []tcpOption) bool {
	for _, o := range opts {
		if v, errno := socket.GetsockoptInt(s, o.level, o.name); errno != 0 || v != o.value {
			return false
		}
	}
	return true
}
