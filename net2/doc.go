// Package net2 is Go's package net, rebuilt outside the runtime: the same names,
// signatures, behaviour and errors, on raw Linux system calls and a network
// poller of its own, without cgo. A program changes one import:
//
//	import net "go.parity/net2"
//
// Connections, listeners and what makes them are ours. They satisfy net's
// interfaces, take and return net's addresses, and fail with net's errors, so
// that net/http, crypto/tls and other packages take them.
//
// On everything but Linux, all of it is net's own.
//
// # What a program can see
//
// Package conformance lists where this package makes other system calls than net
// does, with the reason why a program cannot see it. What a program can see is
// this:
//
//   - The types of connections, listeners, Dialer and ListenConfig have another
//     name, in %T, in a type switch and in a *net.TCPConn of another package's
//     signature, and another layout, which tools that read a program's memory
//     depend on. What asks for net's type at compile time does not compile: hand
//     over the connection as a [Conn]. What asks for it at run time does not find
//     it: golang.org/x/net/ipv4 in PacketConn.ReadFrom and NewRawConn, miekg/dns
//     for a packet's source, grpc for TCP_USER_TIMEOUT. [StdConn], [StdListener]
//     and [StdPacketConn] give such code what it asks for.
//   - [Buffers] reach a connection of package net as its own do. The other way
//     round cannot be had: a net.Buffers writes to a connection of this package one
//     buffer at a time, which on a stream shows in the number of system calls,
//     and on datagrams in the number of packets.
//   - [DefaultResolver] looks names up in pure Go, as net's does with
//     GODEBUG=netdns=go. A program that sets [net.DefaultResolver] sets it for this
//     package too, as long as it leaves ours alone. The other way round cannot be
//     had: package net, and net/http with it, never looks at ours.
//   - io.Copy from an *os.File to a [UnixConn], and from a connection to an
//     *os.File, copies the bytes, where package os, for net's connections alone, has
//     the kernel move them.
//   - The options that connections inherit show on a listener that is asked for
//     them with getsockopt, unless its Control function saw it first.
//   - A connection is put into the poller when somebody first has to wait for it or
//     sets a deadline. Where the kernel refuses that, for want of memory or of
//     watches, Read, Write or SetDeadline fail, where in net Accept or Dial do.
//   - LocalAddr of an accepted connection that was never asked before Close is
//     the listener's, where that is bound to one address. A BPF program that steers
//     other addresses to the listener (sk_lookup) makes that a wrong one.
//
// # Two pollers
//
// Goroutines wait in the runtime's poller, as net's do, and nothing around a
// connection tells the difference. The environment variable NET2_POLLER chooses
// the poller, once, when the first descriptor is opened. It is "runtime", which is
// the default, or "epoll": a poller of our own, made to be studied. With another
// value the first Listen or Dial fails. What a program can see of our own poller
// is that its locks order, for the race detector, what the program has not
// ordered, so that some races are not found; that a deadline that passes starts a
// goroutine for a moment; that its goroutine stands in an execution trace, and its
// work in a CPU profile; and that a goroutine waits in a function of another name.
//
// A program built with the tag net2_portable links to nothing of the runtime. It
// has our own poller alone, which parks goroutines on channels and has two
// goroutines of its own that show.
//
// # Aliases
//
//   - types: Addr, AddrError, Conn, DNSConfigError, DNSError, Error, Flags,
//     HardwareAddr, IP, IPAddr, IPMask, IPNet, Interface, InvalidAddrError,
//     KeepAliveConfig, Listener, MX, NS, OpError, PacketConn, ParseError,
//     Resolver, SRV, TCPAddr, UDPAddr, UnixAddr, UnknownNetworkError
//   - constants: FlagBroadcast, FlagLoopback, FlagMulticast, FlagPointToPoint,
//     FlagRunning, FlagUp, IPv4len, IPv6len
//   - variables: ErrClosed, ErrWriteToConnected, IPv4allrouter, IPv4allsys,
//     IPv4bcast, IPv4zero, IPv6interfacelocalallnodes, IPv6linklocalallnodes,
//     IPv6linklocalallrouters, IPv6loopback, IPv6unspecified, IPv6zero
//
// # Forwards
//
//   - functions: CIDRMask, IPv4, IPv4Mask, InterfaceAddrs, InterfaceByIndex,
//     InterfaceByName, Interfaces, JoinHostPort, ParseCIDR, ParseIP, ParseMAC,
//     Pipe, ResolveUnixAddr, SplitHostPort, TCPAddrFromAddrPort,
//     UDPAddrFromAddrPort
//
// # Ours
//
//   - types: Buffers, Dialer, IPConn, ListenConfig, TCPConn, TCPListener,
//     UDPConn, UnixConn, UnixListener
//   - functions: Dial, DialIP, DialTCP, DialTimeout, DialUDP, DialUnix,
//     FileConn, FileListener, FilePacketConn, Listen, ListenIP,
//     ListenMulticastUDP, ListenPacket, ListenTCP, ListenUDP, ListenUnix,
//     ListenUnixgram, LookupAddr, LookupCNAME, LookupHost, LookupIP, LookupMX,
//     LookupNS, LookupPort, LookupSRV, LookupTXT, ResolveIPAddr,
//     ResolveTCPAddr, ResolveUDPAddr
//   - variables: DefaultResolver
//
// # Beyond net
//
//   - functions: StdConn, StdListener, StdPacketConn
package net2
