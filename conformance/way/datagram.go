package way

var udp = Path{
	Name:  "udp",
	Title: "UDP: sockets without connections",
	Intro: "A UDP socket has no queue of connections and no stream: each system call moves one datagram, whole, with the address of " +
		"the other side. The way down to the poller is that of TCP. DialUDP connects the socket, by which the kernel only notes the peer.",
	Steps: []Step{
		{
			Seed: fn("net/dial.go ListenPacket"), Std: fn("net/dial.go (*ListenConfig).ListenPacket"), Ours: fn("net2/dial.go (*ListenConfig).ListenPacket"),
			Does: "Resolves the address and goes on by its type, as Listen does.",
		},
		{
			Seed: fn("net/udpsock_posix.go listenUDP"), Std: fn("net/udpsock_posix.go (*sysListener).listenUDP"), Ours: fn("net2/udpsock.go (*sysListener).listenUDP"),
			Does: "Asks for a datagram socket and makes a UDPConn of it.",
		},
		both(Step{
			Seed: fn("net/sock_cloexec.go sysSocket"), Std: fn("net/sock_cloexec.go sysSocket"), Ours: fn("socket/socket.go Socket"),
			Does: "socket(2) with SOCK_DGRAM.",
		}, "socket SOCK_DGRAM|SOCK_CLOEXEC|SOCK_NONBLOCK"),
		both(Step{
			Seed: fn("net/sockopt_linux.go setDefaultSockopts"), Std: fn("net/sockopt_linux.go setDefaultSockopts"), Ours: fn("net2/sockopt.go setDefaultSockopts"),
			Does: "Allows the socket to send to a broadcast address.",
		}, "setsockopt SO_BROADCAST"),
		both(Step{
			Seed: fn("net/sock_posix.go (*netFD).listenDatagram"), Std: fn("net/sock_posix.go (*netFD).listenDatagram"), Ours: fn("net2/sock.go (*netFD).listenDatagram"),
			Scenarios: []string{"udp-listen"},
			Does:      "Binds the socket and asks for its address. There is no listen(2): what arrives waits in the socket's buffer.",
		}, "bind", "getsockname"),
		both(Step{
			Seed: fn("net/udpsock_posix.go dialUDP"), Std: fn("net/udpsock_posix.go (*sysDialer).dialUDP"), Ours: fn("net2/udpsock.go (*sysDialer).dialUDP"),
			Scenarios: []string{"udp-dial"},
			Does:      "For one peer: connect(2) notes its address. No packet is sent. From then on Read and Write serve, and what others send is dropped.",
		}, "connect", "getsockname", "getpeername"),
		{
			Seed: fn("net/fd_unix.go (*netFD).init"), Std: fn("net/fd_unix.go (*netFD).init"), Ours: fn("net2/netfd.go (*netFD).init"),
			Does:  "Puts the socket into the poller. A socket that listens is put there at once on both stacks.",
			Here:  "A dialled socket is watched when somebody first waits.",
			Entry: "watch-on-demand", StdCalls: []string{"epoll_ctl ADD"}, OursCalls: []string{"epoll_ctl ADD, when somebody waits"},
		},
		{
			Seed: fn("runtime/netpoll_epoll.go netpollopen"), Std: fn("runtime/netpoll_epoll.go netpollopen"), Ours: fn("runtime_hooks/netpoll_epoll.go netpollopen"),
			Does:  "Registers the socket for both directions.",
			Here:  "Our own poller does not watch for room to write: each datagram that leaves would wake it.",
			Entry: "write-watch-on-demand", StdCalls: []string{"epoll_ctl ADD, EPOLLIN|EPOLLOUT"}, OursCalls: []string{"epoll_ctl ADD, EPOLLIN"},
		},
		{
			Seed: fn("internal/poll/fd_unix.go (*FD).Write"), Std: fn("internal/poll/fd_unix.go (*FD).Write"), Ours: fn("poll/fd_io.go (*FD).Write"),
			Scenarios: []string{"udp-dial"},
			Does:      "To the one peer a datagram goes by write(2), as bytes to a stream.",
			Here:      "Calls sendto(2) without an address.",
			Entry:     "recv-for-read", StdCalls: []string{"write"}, OursCalls: []string{"sendto"},
		},
		{
			Seed: fn("internal/poll/fd_unix.go (*FD).Read"), Std: fn("internal/poll/fd_unix.go (*FD).Read"), Ours: fn("poll/fd_io.go (*FD).Read"),
			Scenarios: []string{"udp-dial"},
			Does:      "From the one peer it comes by read(2): one datagram a call; what does not fit the buffer is lost.",
			Here:      "Calls recvfrom(2) without an address, which reaches the same function of the kernel without the layer for files.",
			Entry:     "recv-for-read", StdCalls: []string{"read"}, OursCalls: []string{"recvfrom"},
		},
		{
			Seed: fn("net/udpsock.go (*UDPConn).ReadFrom"), Std: fn("net/udpsock.go (*UDPConn).ReadFrom"), Ours: fn("net2/udpsock.go (*UDPConn).ReadFrom"),
			Does: "Wraps an error into an OpError. ReadFromUDPAddrPort is the same without an allocation for the address.",
		},
		{
			Seed: fn("internal/poll/fd_unix.go (*FD).ReadFrom"), Std: fn("internal/poll/fd_unix.go (*FD).ReadFromInet4"), Ours: fn("poll/fd_io.go (*FD).ReadFrom"),
			Does:  "The loop of Read, with an address. EAGAIN parks the goroutine.",
			Since: "One function for each family, so that the address need not be allocated (Go 1.18).",
			Here:  "One function; the address is a value that knows its family.",
		},
		both(Step{
			Seed: fn("syscall/syscall_unix.go Recvfrom"), Std: fn("internal/syscall/unix/net.go RecvfromInet4"), Ours: fn("socket/sockcall_unsafe.go Recvfrom"),
			Does: "recvfrom(2). On the left another function without a body: a go:linkname above it names the function of package syscall that it is.",
		}, "recvfrom"),
		both(Step{
			Seed: fn("net/udpsock_posix.go (*UDPConn).writeTo"), Std: fn("net/udpsock_posix.go (*UDPConn).writeTo"), Ours: fn("net2/udpsock.go (*UDPConn).writeTo"),
			Does: "sendto(2): the kernel takes the whole datagram or refuses it. Refuses itself where the socket has a peer already.",
		}, "sendto"),
	},
}
