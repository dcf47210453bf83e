//go:build linux

package net2

import (
	"math"
	"os"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"go.parity/socket"
)

// SocketOptions are options of a socket, set before it is bound, connected or made to
// listen, when nobody uses it yet. A field that is zero leaves its option alone. If the
// kernel refuses an option, there is no socket, and the error has an [*OptionError]
// with the name of the field.
//
// A listener that would use Multipath TCP by default uses plain TCP where Multipath TCP
// does not have an option. Package net has no such type, but its Control functions can
// set the options too: see the method Control.
type SocketOptions struct {
	// UserTimeout is how long sent data may stay without acknowledgement, or
	// a peer without room for data, before the connection ends with ETIMEDOUT;
	// see TCP_USER_TIMEOUT in tcp(7). Connections inherit it from their listener.
	UserTimeout time.Duration

	// FastOpen is how many connections may wait in a listener's queue that have
	// brought data with their first packet (RFC 7413); see TCP_FASTOPEN in
	// tcp(7). [Dialer.DialTCPFastOpen] dials such connections; a Dialer has no
	// other use for the field, and refuses it.
	FastOpen int

	// DeferAccept makes a listener keep a connection from Accept until its first
	// data comes, for about this long; see TCP_DEFER_ACCEPT in tcp(7).
	DeferAccept time.Duration

	// NotSentLowat is from how many unsent bytes on the socket counts as full:
	// fewer bytes wait in the kernel, and what is written last is sent sooner;
	// see TCP_NOTSENT_LOWAT in tcp(7).
	NotSentLowat int

	// BindNoPort leaves the choice of the local port to connect, so that a port
	// can serve connections to several peers; see IP_BIND_ADDRESS_NO_PORT in
	// ip(7).
	BindNoPort bool

	// FreeBind allows an address that this host does not have; see IP_FREEBIND in
	// ip(7).
	FreeBind bool

	// Transparent allows addresses of others as the local address, for a proxy
	// that hides; see IP_TRANSPARENT in ip(7). It needs privileges.
	Transparent bool

	// LocalPorts are the first and the last port from which the kernel chooses,
	// within its own range; see IP_LOCAL_PORT_RANGE in ip(7). A 0 leaves that end
	// alone. It takes Linux 6.3.
	LocalPorts [2]uint16

	// Device is the name of the interface that the socket uses; see
	// SO_BINDTODEVICE in socket(7).
	Device string

	// Congestion is the name of the algorithm against congestion, such as "bbr";
	// see TCP_CONGESTION in tcp(7).
	Congestion string

	// Mark is what the firewall and the routing rules know the packets by; see
	// SO_MARK in socket(7). It needs privileges.
	Mark uint32

	// BusyPoll is how long a read asks the device before it waits; see
	// SO_BUSY_POLL in socket(7). It needs privileges.
	BusyPoll time.Duration

	// TOS is the type of service in each packet, or the traffic class in IPv6:
	// six bits of DSCP above two of ECN; see IP_TOS in ip(7).
	TOS int
}

// Control sets the options on a socket that another package is making: it has the
// signature of net.Dialer.Control and net.ListenConfig.Control.
func (o SocketOptions) Control(network, address string, c syscall.RawConn) error {
	if err := o.check(network, anyUse); err != nil {
		return err
	}
	family := syscall.AF_INET
	if base, _, _ := strings.Cut(network, ":"); strings.HasSuffix(base, "6") {
		family = syscall.AF_INET6
	}
	var refused error
	if err := c.Control(func(fd uintptr) { refused = o.apply(int(fd), network, family) }); err != nil {
		return err
	}
	return refused
}

// A socketUse is what a socket is made for.
type socketUse int

const (
	anyUse socketUse = iota
	useDial
	useListen
)

// The kinds of networks that have an option.
const (
	onTCP = 1 << iota
	onUDP
	onIP
)

// kindOfNetwork returns the kind of a network such as "tcp4" or "ip6:icmp"; it is 0 for
// Unix domain sockets, which have none of the options.
func kindOfNetwork(network string) int {
	switch {
	case strings.HasPrefix(network, "tcp"):
		return onTCP
	case strings.HasPrefix(network, "udp"):
		return onUDP
	case strings.HasPrefix(network, "ip"):
		return onIP
	}
	return 0
}

// An optionField is a field of SocketOptions that is set.
type optionField struct {
	name  string
	kinds int
	use   socketUse // that knows it
	valid bool
}

// fields lists the fields that are set.
func (o *SocketOptions) fields() (list []optionField) {
	add := func(set bool, name string, kinds int, use socketUse, valid bool) {
		if set {
			list = append(list, optionField{name, kinds, use, valid})
		}
	}
	add(o.UserTimeout != 0, "UserTimeout", onTCP, anyUse, fits(o.UserTimeout, time.Millisecond))
	add(o.FastOpen != 0, "FastOpen", onTCP, useListen, fitsInt(o.FastOpen))
	add(o.DeferAccept != 0, "DeferAccept", onTCP, useListen, fits(o.DeferAccept, time.Second))
	add(o.NotSentLowat != 0, "NotSentLowat", onTCP, anyUse, fitsInt(o.NotSentLowat))
	add(o.BindNoPort, "BindNoPort", onTCP|onUDP, anyUse, true)
	add(o.FreeBind, "FreeBind", onTCP|onUDP|onIP, anyUse, true)
	add(o.Transparent, "Transparent", onTCP|onUDP|onIP, anyUse, true)
	lo, hi := o.LocalPorts[0], o.LocalPorts[1]
	add(lo != 0 || hi != 0, "LocalPorts", onTCP|onUDP, anyUse, hi == 0 || lo <= hi)
	add(o.Device != "", "Device", onTCP|onUDP|onIP, anyUse, len(o.Device) < unix.IFNAMSIZ && cleanName(o.Device))
	add(o.Congestion != "", "Congestion", onTCP, anyUse, len(o.Congestion) < maxCongestionName && cleanName(o.Congestion))
	add(o.Mark != 0, "Mark", onTCP|onUDP|onIP, anyUse, true)
	add(o.BusyPoll != 0, "BusyPoll", onTCP|onUDP|onIP, anyUse, fits(o.BusyPoll, time.Microsecond))
	add(o.TOS != 0, "TOS", onTCP|onUDP|onIP, anyUse, o.TOS > 0 && o.TOS <= 0xff)
	return list
}

// maxCongestionName is the kernel's TCP_CA_NAME_MAX.
const maxCongestionName = 16

func cleanName(s string) bool { return !strings.Contains(s, "\x00") }

func fitsInt(n int) bool { return n > 0 && n <= math.MaxInt32 }

// fits reports whether d is a number of units that an option can hold.
func fits(d, unit time.Duration) bool { return d > 0 && roundUp(d, unit) <= math.MaxInt32 }

// roundUp returns d in units, rounded up.
func roundUp(d, unit time.Duration) time.Duration {
	n := d / unit
	if n*unit < d {
		n++
	}
	return n
}

// check refuses options that the network does not have, and values that no option can
// have.
func (o *SocketOptions) check(network string, use socketUse) error {
	if *o == (SocketOptions{}) {
		return nil
	}
	kind := kindOfNetwork(network)
	for _, f := range o.fields() {
		switch {
		case f.kinds&kind == 0, f.use != anyUse && use != anyUse && f.use != use:
			return &OptionError{Option: f.name, Err: syscall.ENOPROTOOPT}
		case !f.valid:
			return &OptionError{Option: f.name, Err: syscall.EINVAL}
		}
	}
	return nil
}

// apply sets the options of the socket s, which check has accepted.
func (o *SocketOptions) apply(s int, network string, family int) error {
	var refused error
	set := func(used bool, option string, do func() socket.Errno) {
		if !used || refused != nil {
			return
		}
		if errno := do(); errno != 0 {
			refused = &OptionError{Option: option, Err: os.NewSyscallError("setsockopt", errno)}
		}
	}
	number := func(level, name, value int) func() socket.Errno {
		return func() socket.Errno { return socket.SetsockoptInt(s, level, name, value) }
	}
	text := func(level, name int, value string) func() socket.Errno {
		return func() socket.Errno { return socket.Setsockopt(s, level, name, []byte(value)) }
	}
	// inet chooses the option of the address family.
	inet := func(name4, name6, value int) func() socket.Errno {
		if family == syscall.AF_INET6 {
			return number(syscall.IPPROTO_IPV6, name6, value)
		}
		return number(syscall.IPPROTO_IP, name4, value)
	}
	const tcp, sol = syscall.IPPROTO_TCP, syscall.SOL_SOCKET
	ms, sec, us := time.Millisecond, time.Second, time.Microsecond

	set(o.Device != "", "Device", text(sol, unix.SO_BINDTODEVICE, o.Device))
	set(o.Mark != 0, "Mark", number(sol, unix.SO_MARK, int(int32(o.Mark))))
	set(o.BusyPoll != 0, "BusyPoll", number(sol, unix.SO_BUSY_POLL, int(roundUp(o.BusyPoll, us))))
	set(o.FreeBind, "FreeBind", inet(unix.IP_FREEBIND, unix.IPV6_FREEBIND, 1))
	set(o.Transparent, "Transparent", inet(unix.IP_TRANSPARENT, unix.IPV6_TRANSPARENT, 1))
	set(o.BindNoPort, "BindNoPort", number(syscall.IPPROTO_IP, unix.IP_BIND_ADDRESS_NO_PORT, 1))
	ports := uint32(o.LocalPorts[0]) | uint32(o.LocalPorts[1])<<16
	set(ports != 0, "LocalPorts", number(syscall.IPPROTO_IP, unix.IP_LOCAL_PORT_RANGE, int(int32(ports))))
	set(o.TOS != 0, "TOS", inet(unix.IP_TOS, unix.IPV6_TCLASS, o.TOS))
	// Packets to IPv4 peers of an IPv6 socket take theirs from the option of IPv4.
	both := o.TOS != 0 && family == syscall.AF_INET6 && kindOfNetwork(network) != onIP
	set(both, "TOS", number(syscall.IPPROTO_IP, unix.IP_TOS, o.TOS))
	set(o.UserTimeout != 0, "UserTimeout", number(tcp, unix.TCP_USER_TIMEOUT, int(roundUp(o.UserTimeout, ms))))
	set(o.NotSentLowat != 0, "NotSentLowat", number(tcp, unix.TCP_NOTSENT_LOWAT, o.NotSentLowat))
	set(o.Congestion != "", "Congestion", text(tcp, unix.TCP_CONGESTION, o.Congestion))
	set(o.DeferAccept != 0, "DeferAccept", number(tcp, unix.TCP_DEFER_ACCEPT, int(roundUp(o.DeferAccept, sec))))
	set(o.FastOpen != 0, "FastOpen", number(tcp, unix.TCP_FASTOPEN, o.FastOpen))
	return refused
}

// SetUserTimeout sets how long sent data may stay without acknowledgement before the
// connection ends; see [SocketOptions] for the option, which also ends connections
// whose peer acknowledges and takes no more data. It rounds d up to milliseconds; 0
// restores the kernel's own limit. Package net has no such method.
func (c *TCPConn) SetUserTimeout(d time.Duration) error {
	if d != 0 && !fits(d, time.Millisecond) {
		return c.setNamed("UserTimeout", func(*netFD) error { return syscall.EINVAL })
	}
	return c.setNamed("UserTimeout", func(fd *netFD) error {
		return fd.setsockoptInt(syscall.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, int(roundUp(d, time.Millisecond)))
	})
}

// SetNotSentLowat sets from how many unsent bytes on the socket counts as full; see
// [SocketOptions]. 0 restores the host's value. Package net has no such method.
func (c *TCPConn) SetNotSentLowat(n int) error {
	if n != 0 && !fitsInt(n) {
		return c.setNamed("NotSentLowat", func(*netFD) error { return syscall.EINVAL })
	}
	return c.setNamed("NotSentLowat", func(fd *netFD) error {
		return fd.setsockoptInt(syscall.IPPROTO_TCP, unix.TCP_NOTSENT_LOWAT, n)
	})
}

// setNamed is set for an option with a name.
func (c *TCPConn) setNamed(option string, op func(fd *netFD) error) error {
	if c == nil {
		return syscall.EINVAL
	}
	return c.set(func(fd *netFD) error {
		err := op(fd)
		if err == nil || err == ErrClosed {
			return err
		}
		return &OptionError{Option: option, Err: err}
	})
}
