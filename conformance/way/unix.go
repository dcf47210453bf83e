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
			Does: "Binds the socket to its path, which makes the file, and listens.",
		}, "setsockopt SO_REUSEADDR", "bind", "listen", "getsockname"),
		{
			Seed: fn("runtime/netpoll_epoll.go netpollopen"), Std: fn("runtime/netpoll_epoll.go netpollopen"), Ours: fn("runtime_hooks/netpoll_epoll.go netpollopen"),
			Does:  "The listener comes into the poller.",
			Here:  "In our own poller at first without EPOLLOUT.",
			Entry: "write-watch-on-demand", StdCalls: []string{"epoll_ctl ADD, EPOLLIN|EPOLLOUT"}, OursCalls: []string{"epoll_ctl ADD"},
		},
		both(Step{
			Seed: fn("net/unixsock_posix.go dialUnix"), Std: fn("net/unixsock_posix.go (*sysDialer).dialUnix"), Ours: fn("net2/unixsock.go (*sysDialer).dialUnix"),
			Does: "connect(2) succeeds at once, or fails: there is no handshake. EAGAIN means that the listener's queue is full, and is an error.",
		}, "connect", "getpeername"),
		both(Step{
			Seed: fn("net/unixsock.go (*UnixListener).AcceptUnix"), Std: fn("net/unixsock.go (*UnixListener).AcceptUnix"), Ours: fn("net2/unixsock.go (*UnixListener).AcceptUnix"),
			Does: "As for TCP. The peer has no name, unless it has bound one.",
		}, "accept4", "read", "write"),
		{
			Seed: fn("net/fd_unix.go (*netFD).init"), Std: fn("net/fd_unix.go (*netFD).init"), Ours: fn("net2/netfd.go (*netFD).init"),
			Does:  "The connection comes into the poller, and leaves it in Close.",
			Here:  "Only when somebody waits.",
			Entry: "watch-on-demand", StdCalls: []string{"epoll_ctl ADD", "epoll_ctl DEL"},
		},
		both(Step{
			Seed: fn("net/unixsock_posix.go (*UnixListener).close"), Std: fn("net/unixsock_posix.go (*UnixListener).close"), Ours: fn("net2/unixsock.go (*UnixListener).Close"),
			Does: "Removes the file first and closes the socket then. The other way round another process could listen on the path in between, and would lose its file.",
		}, "unlinkat", "epoll_ctl DEL, the listener", "close"),
	},
}
