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

// An optionField is a field of SocketOptions, and the option that it sets.
type optionField struct {
	name  string
	kinds int       // of networks that have it
	use   socketUse // that knows it
	set   bool
	valid bool

	level, option int
	option6       int // what takes the place of option on an IPv6 socket, unless it is 0
	value         int
	text          string // the value, unless it is empty
}

// fields lists the fields, in the order in which apply sets their options. It is one
// table, and no code for each field, because every program contains it.
func (o *SocketOptions) fields() []optionField {
	const tcp, ip, sol = syscall.IPPROTO_TCP, syscall.IPPROTO_IP, syscall.SOL_SOCKET
	const packets = onTCP | onUDP | onIP
	userTimeout, deferAccept, busyPoll := roundUp(o.UserTimeout, time.Millisecond), roundUp(o.DeferAccept, time.Second), roundUp(o.BusyPoll, time.Microsecond)
	lo, hi := o.LocalPorts[0], o.LocalPorts[1]
	ports := int(int32(uint32(lo) | uint32(hi)<<16))
	return []optionField{
		{name: "Device", kinds: packets, set: o.Device != "", valid: len(o.Device) < unix.IFNAMSIZ && cleanName(o.Device), level: sol, option: unix.SO_BINDTODEVICE, text: o.Device},
		{name: "Mark", kinds: packets, set: o.Mark != 0, valid: true, level: sol, option: unix.SO_MARK, value: int(int32(o.Mark))},
		{name: "BusyPoll", kinds: packets, set: o.BusyPoll != 0, valid: fitsInt(busyPoll), level: sol, option: unix.SO_BUSY_POLL, value: busyPoll},
		{name: "FreeBind", kinds: packets, set: o.FreeBind, valid: true, level: ip, option: unix.IP_FREEBIND, option6: unix.IPV6_FREEBIND, value: 1},
		{name: "Transparent", kinds: packets, set: o.Transparent, valid: true, level: ip, option: unix.IP_TRANSPARENT, option6: unix.IPV6_TRANSPARENT, value: 1},
		{name: "BindNoPort", kinds: onTCP | onUDP, set: o.BindNoPort, valid: true, level: ip, option: unix.IP_BIND_ADDRESS_NO_PORT, value: 1},
		{name: "LocalPorts", kinds: onTCP | onUDP, set: ports != 0, valid: hi == 0 || lo <= hi, level: ip, option: unix.IP_LOCAL_PORT_RANGE, value: ports},
		{name: "TOS", kinds: packets, set: o.TOS != 0, valid: o.TOS > 0 && o.TOS <= 0xff, level: ip, option: unix.IP_TOS, option6: unix.IPV6_TCLASS, value: o.TOS},
		{name: "UserTimeout", kinds: onTCP, set: o.UserTimeout != 0, valid: fitsInt(userTimeout), level: tcp, option: unix.TCP_USER_TIMEOUT, value: userTimeout},
		{name: "NotSentLowat", kinds: onTCP, set: o.NotSentLowat != 0, valid: fitsInt(o.NotSentLowat), level: tcp, option: unix.TCP_NOTSENT_LOWAT, value: o.NotSentLowat},
		{name: "Congestion", kinds: onTCP, set: o.Congestion != "", valid: len(o.Congestion) < maxCongestionName && cleanName(o.Congestion), level: tcp, option: unix.TCP_CONGESTION, text: o.Congestion},
		{name: "DeferAccept", kinds: onTCP, use: useListen, set: o.DeferAccept != 0, valid: fitsInt(deferAccept), level: tcp, option: unix.TCP_DEFER_ACCEPT, value: deferAccept},
		{name: "FastOpen", kinds: onTCP, use: useListen, set: o.FastOpen != 0, valid: fitsInt(o.FastOpen), level: tcp, option: unix.TCP_FASTOPEN, value: o.FastOpen},
	}
}

// maxCongestionName is the kernel's TCP_CA_NAME_MAX.
const maxCongestionName = 16

func cleanName(s string) bool { return !strings.Contains(s, "\x00") }

func fitsInt(n int) bool { return n > 0 && n <= math.MaxInt32 }

// roundUp returns d in units, rounded up, or -1 if no option can hold it.
func roundUp(d, unit time.Duration) int {
	n := d / unit
	if n*unit < d {
		n++
	}
	if d < 0 || n > math.MaxInt32 {
		return -1
	}
	return int(n)
}

// isZero reports whether no field is set.
func (o *SocketOptions) isZero() bool { return o == nil || *o == (SocketOptions{}) }

// check refuses options that the network does not have, and values that no option can
// have.
func (o *SocketOptions) check(network string, use socketUse) error {
	if o.isZero() {
		return nil
	}
	kind := kindOfNetwork(network)
	fields := o.fields()
	for i := range fields {
		f := &fields[i]
		switch {
		case !f.set:
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
	if o.isZero() {
		return nil
	}
	fields := o.fields()
	for i := range fields {
		f := &fields[i]
		if !f.set {
			continue
		}
		if errno := f.apply(s, network, family); errno != 0 {
			return &OptionError{Option: f.name, Err: os.NewSyscallError("setsockopt", errno)}
		}
	}
	return nil
}

// apply sets the option that suits the family of the socket s.
func (f *optionField) apply(s int, network string, family int) socket.Errno {
	if f.text != "" {
		return socket.Setsockopt(s, f.level, f.option, []byte(f.text))
	}
	if f.option6 != 0 && family == syscall.AF_INET6 {
		errno := socket.SetsockoptInt(s, syscall.IPPROTO_IPV6, f.option6, f.value)
		// Packets to IPv4 peers of an IPv6 socket take theirs from the option of IPv4.
		both := f.option == unix.IP_TOS && kindOfNetwork(network) != onIP
		if errno != 0 || !both {
			return errno
		}
	}
	return socket.SetsockoptInt(s, f.level, f.option, f.value)
}

// SetUserTimeout sets how long sent data may stay without acknowledgement before the
// connection ends; see [SocketOptions] for the option, which also ends connections
// whose peer acknowledges and takes no more data. It rounds d up to milliseconds; 0
// restores the kernel's own limit. Package net has no such method.
func (c *TCPConn) SetUserTimeout(d time.Duration) error {
	ms := roundUp(d, time.Millisecond)
	if d != 0 && !fitsInt(ms) {
		return c.setNamed("UserTimeout", func(*netFD) error { return syscall.EINVAL })
	}
	return c.setNamed("UserTimeout", func(fd *netFD) error {
		return fd.setsockoptInt(syscall.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, ms)
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
