package way

var dial = Path{
	Name:  "dial",
	Title: "From Dial to a connection",
	Intro: "Dial resolves the address, and for each address it found makes a socket and connects it. connect(2) on a " +
		"non-blocking socket says EINPROGRESS; the goroutine then waits until the socket is writable, which it is when the " +
		"connection is made or has failed. SO_ERROR tells which.",
	Steps: []Step{
		{
			Seed: fn("net/dial.go Dial"), Std: fn("net/dial.go Dial"), Ours: fn("net2/dial.go Dial"),
			Does: "Calls the Dial of a Dialer that sets nothing.",
		},
		{
			Seed: fn("net/dial.go (*Dialer).DialContext"), Std: fn("net/dial.go (*Dialer).DialContext"),
			Ours: fn("net2/dial.go (*Dialer).DialContext"),
			Does: "Joins the deadlines of dialer and context, resolves the address and sorts what it found into IPv4 and IPv6.",
		},
		{
			Seed: fn("net/dial.go dialParallel"), Std: fn("net/dial.go (*sysDialer).dialParallel"),
			Ours:  fn("net2/dial.go (*sysDialer).dialParallel"),
			Does:  "Where there are both: one family gets a head start of 300 ms, then the other runs beside it, and the first connection wins (RFC 6555, now 8305).",
			Since: "A sysDialer carries what Dialer says. FallbackDelay below 0 switches the race off.",
		},
		{
			Seed: fn("net/dial.go dialSerial"), Std: fn("net/dial.go (*sysDialer).dialSerial"),
			Ours: fn("net2/dial.go (*sysDialer).dialSerial"),
			Does: "One address after the other, each with its share of the time that is left.",
		},
		{
			Seed: fn("net/dial.go dialSingle"), Std: fn("net/dial.go (*sysDialer).dialSingle"),
			Ours:  fn("net2/dial.go (*sysDialer).dialSingle"),
			Does:  "Goes on by the address's type.",
			Since: "Multipath TCP if the Dialer asks for it; unlike a listener it does not by itself.",
		},
		{
			Seed: fn("net/tcpsock_posix.go doDialTCP"), Std: fn("net/tcpsock_posix.go (*sysDialer).doDialTCPProto"),
			Ours: fn("net2/tcpsock.go (*sysDialer).doDialTCPProto"),
			Does: "Dials, and dials again if the kernel has connected the socket with itself: it may choose as own port the very port that is dialled.",
		},
		both(Step{
			Seed: fn("net/sock_posix.go socket"), Std: fn("net/sock_posix.go socket"), Ours: fn("net2/sock.go newSocket"),
			Does: "Makes the socket, as for listen.",
		}, "socket SOCK_STREAM|SOCK_CLOEXEC|SOCK_NONBLOCK"),
		{
			Seed: fn("net/sock_posix.go (*netFD).dial"), Std: fn("net/sock_posix.go (*netFD).dial"), Ours: fn("net2/sock.go (*netFD).dial"),
			Does:  "Binds the socket if there is a local address, connects it, sets its addresses.",
			Since: "Calls the dialer's Control function before bind and connect.",
		},
		{
			Seed: fn("net/fd_unix.go (*netFD).connect"), Std: fn("net/fd_unix.go (*netFD).connect"), Ours: fn("net2/netfd.go (*netFD).connect"),
			Does:  "Starts the connection, puts the socket into the poller and waits. A context that is done sets a deadline in the past, which ends the wait.",
			Since: "context.AfterFunc does that; in 1.10 a goroutine of its own watched the context.",
		},
		both(Step{
			Seed: fn("syscall/syscall_unix.go Connect"), Std: fn("syscall/syscall_unix.go Connect"),
			Ours: fn("socket/sockcall_unsafe.go Connect"),
			Does: "connect(2): EINPROGRESS.",
		}, "connect"),
		{
			Seed: fn("net/fd_unix.go (*netFD).init"), Std: fn("net/fd_unix.go (*netFD).init"), Ours: fn("net2/netfd.go (*netFD).init"),
			Does:     "Puts the socket into the poller, by the way that listen shows.",
			Here:     "Makes its PollDesc; epoll hears of it when somebody first waits. A peer on the same host has answered before that.",
			Entry:    "watch-on-demand",
			StdCalls: []string{"epoll_ctl ADD, EPOLLIN|EPOLLOUT|EPOLLRDHUP|EPOLLET"},
		},
		{
			Seed: fn("internal/poll/fd_unix.go (*FD).WaitWrite"), Std: fn("internal/poll/fd_unix.go (*FD).WaitWrite"),
			Ours:     fn("poll/fd_io.go (*FD).WaitWrite"),
			Does:     "Parks the goroutine on the writer's side, as accept shows for the reader's.",
			StdCalls: []string{"epoll_pwait the connection is writable"}, OursCalls: []string{"epoll_pwait the runtime's", "epoll_pwait ours"},
		},
		both(Step{
			Seed: fn("syscall/syscall_linux.go GetsockoptInt"), Std: fn("syscall/syscall_unix.go GetsockoptInt"),
			Ours: fn("net2/netfd.go (*netFD).connected"),
			Does: "Asks whether it is a connection or an error. Since a poller may wake without cause, getpeername must answer too.",
			Here: "Asks before the wait too: where the peer is on the same host, the handshake is over and nobody waits.",
		}, "getsockopt SO_ERROR", "getpeername"),
		both(Step{
			Seed: fn("syscall/syscall_linux.go Getsockname"), Std: fn("syscall/syscall_linux.go Getsockname"),
			Ours: fn("socket/sockcall_unsafe.go Getsockname"),
			Does: "Asks which address and port the kernel chose for this end.",
		}, "getsockname"),
		both(Step{
			Seed: fn("net/tcpsock.go newTCPConn"), Std: fn("net/tcpsock.go newTCPConn"), Ours: fn("net2/tcpsockopt.go connOptions"),
			Does:  "Switches Nagle's algorithm off and keep-alive on.",
			Since: "As for accept.",
			Here:  "A dialled socket inherits from nobody: each option is set, as in net.",
		}, "setsockopt TCP_NODELAY, SO_KEEPALIVE, TCP_KEEPIDLE, TCP_KEEPINTVL, TCP_KEEPCNT"),
		{
			Std: fn("internal/poll/fd_unix.go (*FD).Close"), Ours: fn("poll/fd.go (*FD).Close"),
			Seed:     fn("internal/poll/fd_unix.go (*FD).Close"),
			Does:     "When it failed: closes the socket, by the way that close shows.",
			Here:     "What nobody has waited for is not in epoll.",
			Entry:    "watch-on-demand",
			StdCalls: []string{"epoll_ctl DEL", "close"}, OursCalls: []string{"close"},
		},
	},
}
