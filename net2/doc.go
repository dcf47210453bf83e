// Package net2 is Go's package net, rebuilt outside the runtime: the same names,
// signatures, behaviour and errors, on raw Linux system calls and a network
// poller of its own, without cgo. A program changes one import:
//
//	import net "go.parity/net2"
//
// Connections, listeners and what makes them are ours. They satisfy net's
// interfaces, take and return net's addresses, and fail with net's errors, so
// that net/http, crypto/tls and other packages take them. What does not compile
// after the change is code that hands a *net.Dialer, or a concrete connection
// such as *net.TCPConn, to a package that asks for that very type: dial with
// this package and hand over the connection as a [Conn].
//
// Where this package makes other system calls than net does, package
// conformance lists it, with the reason why a program cannot see it. What a
// program could see is this. [DefaultResolver] always looks names up in pure
// Go, as net's does with GODEBUG=netdns=go. And io.Copy from an *os.File to a
// [UnixConn], and from a connection to an *os.File, copies the bytes, where
// package os, for net's connections alone, has the kernel move them.
//
// On everything but Linux, all of it is net's own.
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
package net2
