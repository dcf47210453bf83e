//go:build linux

package net2

import (
	"context"
	"errors"
	"net"
	"syscall"

	"go.parity/socket"
)

const protoMPTCP = 0x106 // IPPROTO_MPTCP

// An mptcpStatus says whether the user switched Multipath TCP on, off, or neither.
type mptcpStatus uint8

const (
	mptcpUseDefault mptcpStatus = iota
	mptcpEnabled
	mptcpDisabled
)

func (m *mptcpStatus) set(use bool) {
	*m = mptcpDisabled
	if use {
		*m = mptcpEnabled
	}
}

// get returns what the user set, or, if the user set nothing, what net would do,
// which depends on its version and on GODEBUG=multipathtcp.
func (m mptcpStatus) get(byDefault interface{ MultipathTCP() bool }) bool {
	if m == mptcpUseDefault {
		return byDefault.MultipathTCP()
	}
	return m == mptcpEnabled
}

// MultipathTCP reports whether the dialer will try Multipath TCP (RFC 8684),
// which by default it does not.
func (d *Dialer) MultipathTCP() bool { return d.mptcpStatus.get(new(net.Dialer)) }

// SetMultipathTCP sets whether the dialer tries Multipath TCP. If the host does not
// support it, the dialer uses plain TCP.
func (d *Dialer) SetMultipathTCP(use bool) { d.mptcpStatus.set(use) }

// MultipathTCP reports whether listeners will accept Multipath TCP (RFC 8684),
// which by default they do.
func (lc *ListenConfig) MultipathTCP() bool { return lc.mptcpStatus.get(new(net.ListenConfig)) }

// SetMultipathTCP sets whether listeners accept Multipath TCP. If the host does not
// support it, they use plain TCP.
func (lc *ListenConfig) SetMultipathTCP(use bool) { lc.mptcpStatus.set(use) }

// std: net.(*sysDialer).dialMPTCP
func (sd *sysDialer) dialMPTCP(ctx context.Context, laddr, raddr *TCPAddr) (*TCPConn, error) {
	if socket.HasMultipathTCP() {
		c, err := sd.doDialTCPProto(ctx, laddr, raddr, protoMPTCP)
		if err == nil || sd.mptcpStatus == mptcpEnabled && lacksOption(err) {
			return c, err
		}
	}
	// If the addresses are wrong, plain TCP fails with the same error.
	return sd.dialTCP(ctx, laddr, raddr)
}

// lacksOption reports whether a socket could not be made because Multipath TCP does not
// have an option that the program asked for. If the program asked for Multipath TCP
// too, plain TCP is not what it wants.
func lacksOption(err error) bool {
	for ; err != nil; err = errors.Unwrap(err) {
		if refused, ok := err.(*OptionError); ok {
			return errors.Is(refused, errors.ErrUnsupported)
		}
	}
	return false
}

// std: net.(*sysListener).listenMPTCP
func (sl *sysListener) listenMPTCP(ctx context.Context, laddr *TCPAddr) (*TCPListener, error) {
	if socket.HasMultipathTCP() {
		l, err := sl.listenTCPProto(ctx, laddr, protoMPTCP)
		if err == nil || sl.mptcpStatus == mptcpEnabled && lacksOption(err) {
			return l, err
		}
	}
	return sl.listenTCP(ctx, laddr)
}

// isUsingMultipathTCP reports whether a connection uses Multipath TCP and has not
// fallen back to TCP. Kernels before 5.16 do not report a fall-back.
//
// std: net.isUsingMultipathTCP
func isUsingMultipathTCP(fd *netFD) bool {
	if !socket.HasMultipathTCP() {
		return false
	}
	if socket.HasMultipathInfo() {
		_, err := fd.pfd.GetsockoptInt(socket.SOL_MPTCP, socket.MPTCP_INFO)
		return err != error(syscall.EOPNOTSUPP) && err != error(syscall.ENOPROTOOPT)
	}
	proto, _ := fd.pfd.GetsockoptInt(syscall.SOL_SOCKET, syscall.SO_PROTOCOL)
	return proto == protoMPTCP
}
