package way

var file = Path{
	Name:  "file",
	Title: "Descriptors in and out: File and FileConn",
	Intro: "File hands out a duplicate of the descriptor, as an os.File: for another process, or for a system call that net does not have. " +
		"FileConn takes one in. Two descriptors then share one socket: its options, its addresses and its non-blocking mode are common.",
	Steps: []Step{
		{
			Seed: fn("net/net.go (*conn).File"), Std: fn("net/net.go (*conn).File"), Ours: fn("net2/conn.go (*conn).File"),
			Does: "Wraps the error.",
		},
		{
			Ours:      fn("net2/address.go (*netFD).localAddr"),
			Scenarios: []string{"file"},
			Does:      "Asks for the local address before the socket is shown to others, who might change it.",
			Here:      "net asked in Accept.",
			Entry:     "local-addr-on-demand", OursCalls: []string{"getsockname before the socket is shown"},
		},
		both(Step{
			Seed: fn("net/fd_unix.go (*netFD).dup"), Std: fn("internal/poll/fd_unix.go (*FD).Dup"), Ours: fn("poll/fd.go (*FD).Dup"),
			Scenarios: []string{"file"},
			Does:      "Duplicates the descriptor, closed on exec from its first moment.",
			Since:     "1.10 set the duplicate to blocking mode, and with it the connection, for the mode belongs to the socket. Since Go 1.11 that waits until somebody calls Fd.",
		}, "fcntl F_DUPFD_CLOEXEC"),
		both(Step{
			Seed: fn("os/file_unix.go NewFile"), Std: fn("net/fd_unix.go newUnixFile"), Ours: fn("runtime_hooks/file.go NewUnixFile"),
			Scenarios: []string{"file"},
			Does:      "Makes an os.File that itself waits in the runtime's poller. Another function without a body.",
			Here:      "The portable build cannot reach it and goes through net.", Entry: "portable-file-name",
		}, "epoll_ctl ADD, the duplicate"),
		{
			Seed: fn("net/fd_unix.go (*netFD).Close"), Std: fn("net/fd_posix.go (*netFD).Close"), Ours: fn("net2/netfd.go (*netFD).Close"),
			Scenarios: []string{"file"},
			Does:      "Closing the connection leaves the duplicate open: the socket lives until the last descriptor is closed.",
			Here:      "What was not watched need not be taken out.",
			Entry:     "watch-on-demand", StdCalls: []string{"epoll_ctl DEL", "close"}, OursCalls: []string{"close"},
		},
		{
			Seed: fn("net/file.go FileConn"), Std: fn("net/file.go FileConn"), Ours: fn("net2/file.go FileConn"),
			Does: "The way in.",
		},
		both(Step{
			Seed: fn("net/file_unix.go dupSocket"), Std: fn("net/file_unix.go dupFileSocket"), Ours: fn("net2/file.go dupFileSocket"),
			Scenarios: []string{"file-conn"},
			Does:      "Duplicates what it was given and makes the duplicate non-blocking, or every wait would hold a thread.",
		}, "fcntl F_GETFL, F_SETFL, F_DUPFD_CLOEXEC", "fcntl F_GETFL, F_SETFL"),
		both(Step{
			Seed: fn("net/file_unix.go newFileFD"), Std: fn("net/file_posix.go newFileFD"), Ours: fn("net2/file.go newFileFD"),
			Scenarios: []string{"file-conn"},
			Does:      "Finds out what it is: type, own address, peer.",
		}, "getsockopt SO_TYPE", "getsockname", "getpeername"),
		{
			Seed: fn("net/fd_unix.go (*netFD).init"), Std: fn("net/fd_unix.go (*netFD).init"), Ours: fn("net2/netfd.go (*netFD).init"),
			Scenarios: []string{"file-conn"},
			Does:      "Puts it into the poller at once: nobody knows what it has been through.",
			Here:      "In our own poller at first without EPOLLOUT.",
			Entry:     "write-watch-on-demand", StdCalls: []string{"epoll_ctl ADD"}, OursCalls: []string{"epoll_ctl ADD"},
		},
		both(Step{
			Seed: fn("net/file_unix.go fileConn"), Std: fn("net/file_posix.go fileConn"), Ours: fn("net2/file.go fileConn"),
			Scenarios: []string{"file-conn"},
			Does:      "Makes a TCPConn, UDPConn, IPConn or UnixConn of it, by its address. A TCPConn gets its options set.",
		}, "setsockopt TCP_NODELAY, SO_KEEPALIVE, TCP_KEEPIDLE, TCP_KEEPINTVL, TCP_KEEPCNT"),
	},
}
