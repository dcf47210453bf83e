package way

var unix = Path{
	Name:  "unix",
	Title: "Unix sockets",
	Intro: "A Unix socket connects processes of one host. Its address is a path in the file system. bind(2) makes the file, close(2) " +
		"leaves it, and so the listener removes it itself. All else is the way of TCP, without its options.",
	Steps: []Step{
		{
			Seed: fn("net/unixsock.go ListenUnix"), Std: fn("net/unixsock.go ListenUnix"), Ours: fn("net2/unixsock.go ListenUnix"),
			Does: "Checks the name of the network: unix for a stream, unixgram for datagrams, unixpacket for messages in order.",
		},
		both(Step{
			Seed: fn("net/unixsock_posix.go unixSocket"), Std: fn("net/unixsock_posix.go unixSocket"), Ours: fn("net2/unixsock.go unixSocket"),
			Does: "Chooses the type of the socket and makes it, as internetSocket does.",
		}, "socket AF_UNIX"),
		both(Step{
			Seed: fn("net/sock_posix.go (*netFD).listenStream"), Std: fn("net/sock_posix.go (*netFD).listenStream"), Ours: fn("net2/sock.go (*netFD).listenStream"),
			Scenarios: []string{"unix-listen"},
			Does:      "Binds the socket to its path, which makes the file, and listens.",
		}, "setsockopt SO_REUSEADDR", "bind", "listen", "getsockname"),
		{
			Seed: fn("runtime/netpoll_epoll.go netpollopen"), Std: fn("runtime/netpoll_epoll.go netpollopen"), Ours: fn("runtime_hooks/netpoll_epoll.go netpollopen"),
			Scenarios: []string{"unix-listen"},
			Does:      "The listener comes into the poller.",
			Here:      "In our own poller at first without EPOLLOUT.",
			Entry:     "write-watch-on-demand", StdCalls: []string{"epoll_ctl ADD, EPOLLIN|EPOLLOUT"}, OursCalls: []string{"epoll_ctl ADD"},
		},
		both(Step{
			Seed: fn("net/unixsock_posix.go dialUnix"), Std: fn("net/unixsock_posix.go (*sysDialer).dialUnix"), Ours: fn("net2/unixsock.go (*sysDialer).dialUnix"),
			Scenarios: []string{"unix-dial"},
			Does:      "connect(2) succeeds at once, or fails: there is no handshake. EAGAIN means that the listener's queue is full, and is an error.",
		}, "connect", "getsockname", "getpeername"),
		both(Step{
			Seed: fn("net/unixsock.go (*UnixListener).AcceptUnix"), Std: fn("net/unixsock.go (*UnixListener).AcceptUnix"), Ours: fn("net2/unixsock.go (*UnixListener).AcceptUnix"),
			Scenarios: []string{"unix-accept"},
			Does:      "As for TCP. The peer has no name, unless it has bound one. The connection's own name is asked for at once, on both stacks.",
		}, "accept4", "getsockname"),
		{
			Seed: fn("net/net.go (*conn).Read"), Std: fn("net/net.go (*conn).Read"), Ours: fn("net2/conn.go (*conn).Read"),
			Scenarios: []string{"unix-accept"},
			Does:      "Read and Write are the same methods as for TCP: every connection embeds conn.",
			Here:      "They call recvfrom(2) and sendto(2) without an address.",
			Entry:     "recv-for-read", StdCalls: []string{"read", "write"}, OursCalls: []string{"recvfrom", "sendto"},
		},
		{
			Seed: fn("net/fd_unix.go (*netFD).init"), Std: fn("net/fd_unix.go (*netFD).init"), Ours: fn("net2/netfd.go (*netFD).init"),
			Scenarios: []string{"unix-accept", "unix-dial"},
			Does:      "The connection comes into the poller, and leaves it in Close.",
			Here:      "Only when somebody waits.",
			Entry:     "watch-on-demand", StdCalls: []string{"epoll_ctl ADD", "epoll_ctl DEL", "close"}, OursCalls: []string{"close"},
		},
		both(Step{
			Seed: fn("net/unixsock_posix.go (*UnixListener).close"), Std: fn("net/unixsock_posix.go (*UnixListener).close"), Ours: fn("net2/unixsock.go (*UnixListener).Close"),
			Scenarios: []string{"unix-listen"},
			Does:      "Removes the file first and closes the socket then. The other way round another process could listen on the path in between, and would lose its file.",
		}, "unlinkat", "epoll_ctl DEL, the listener", "close"),
	},
}
