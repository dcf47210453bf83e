// Package net2 is Go's package net, rebuilt outside the runtime: the same names,
// signatures, behaviour and errors, on raw Linux system calls and a network
// poller of its own, without cgo. A program changes one import:
//
//	import net "go.parity/net2"
//
// Connections and listeners, and the types and functions that make them, are this
// package's own. They satisfy net's interfaces, take and return net's addresses,
// and fail with net's errors, so that net/http, crypto/tls and other packages
// accept them. Everything else is an alias of net's, or a function that calls net's.
//
// On platforms other than Linux, all of the package is net's own.
//
// # What a program can see
//
// Package conformance lists the places where this package makes other system calls
// than net does, each with the reason why a program cannot see it. A program can
// see these differences:
//
//   - Connections, listeners, Dialer and ListenConfig have types of another name
//     and another layout. The name shows in %T, in a type switch and in another
//     package's signature that says *net.TCPConn; tools that read a program's
//     memory depend on the layout. Code that asks for net's type at compile time
//     does not compile: hand over the connection as a [Conn]. Code that asks for it
//     at run time does not find it: golang.org/x/net/ipv4 in PacketConn.ReadFrom and
//     NewRawConn, miekg/dns for a packet's source, grpc for TCP_USER_TIMEOUT.
//     [StdConn], [StdListener] and [StdPacketConn] give such code what it asks for.
//   - [Buffers] write to a connection of package net as net.Buffers do. The other
//     way round is not possible: net.Buffers write to a connection of this package
//     one buffer at a time. On a stream that costs more system calls; on a socket
//     for packets it makes each buffer a packet of its own.
//   - [DefaultResolver] looks up names in pure Go, as net's does with
//     GODEBUG=netdns=go. A program that sets [net.DefaultResolver] sets it for this
//     package too, as long as it leaves ours alone. The other way round is not
//     possible: package net, and net/http with it, never looks at ours.
//   - io.Copy from an *os.File to a [UnixConn], and from a connection to an
//     *os.File, copies the bytes through the program. For net's connections, and for
//     no others, package os lets the kernel move them.
//   - The listener has the options that its connections inherit, and getsockopt
//     shows them there, unless the listener's Control function saw the socket first.
//   - This package puts a connection into the poller when somebody first has to wait
//     for it or sets a deadline. If the kernel refuses, for want of memory or of
//     watches, Read, Write or SetDeadline fails; in net, Accept or Dial does.
//   - Connections are read and written by recvfrom(2) and sendto(2). A filter of system
//     calls (seccomp) that was made for a program on TCP alone, which calls read(2) and
//     write(2) with net, must allow both.
//   - With NET2_SPARE_READ=often in the environment, a TCP connection that waits often is no
//     longer read before each wait; with NET2_SPARE_READ=at-once, none is. A second epoll
//     descriptor, there as long as such a connection is, and a goroutine of the runtime's
//     own kind, which an execution trace shows, then watch for its end.
//   - If nobody asks an accepted connection for its LocalAddr before Close, and the
//     listener is bound to one address, LocalAddr after Close returns the listener's
//     address. If a BPF program (sk_lookup) steers other addresses to the listener,
//     that address is wrong.
//
// # Two pollers
//
// Goroutines wait in the runtime's poller, as net's do, and nothing around a
// connection shows a difference. The environment variable NET2_POLLER chooses the
// poller. The package reads it once, when it opens the first descriptor. Its values
// are "runtime", which is the default, and "epoll": a poller of our own, made to be
// studied. With any other value Listen and Dial fail. A program can see these
// effects of our own poller:
//
//   - Its locks order, for the race detector, what the program has not ordered, so
//     that the detector misses some races.
//   - A deadline that passes starts a goroutine for a moment.
//   - The poller's goroutine shows in an execution trace, and its work in a CPU
//     profile.
//   - A goroutine that waits does so in a function of another name.
//
// A program built with the tag net2_portable links to nothing of the runtime. It
// has our own poller alone, which parks goroutines on channels and has two
// goroutines of its own, which show.
//
// # What stays as it is
//
// The names, signatures and behaviour of this package are stable: they follow net.
// The packages poll, socket and runtime_hooks of the same module are there to be
// read, and may change at any time.
//
// The lists below say of every exported name what it is. An alias is the very type,
// constant or value of package net; a forward is a function that calls net's.
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
// All other exported names are ones that net lacks; docs/beyond.md of this module
// describes them, with an example of each. Most of them exist on Linux alone. For
// code that has to compile elsewhere too there are interfaces, which it can assert:
// [ReadableConn], [PeerWatcher], [ContextConn] and [BuffersWriter].
package net2
