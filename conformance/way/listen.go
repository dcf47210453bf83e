package way

var listen = Path{
	Name:  "listen",
	Title: "From Listen down to epoll",
	Intro: "Listen makes a socket, binds it, lets it listen and puts it into the poller. " +
		"Most of the functions on the way only choose: which address, which protocol, which family. " +
		"The first Listen of a process also finds out what the host can do.",
	Steps: []Step{
		{
			Seed: fn("net/dial.go Listen"), Std: fn("net/dial.go Listen"), Ours: fn("net2/dial.go Listen"),
			Does: "Calls the Listen of a ListenConfig that sets nothing.",
		},
		{
			Std: fn("net/dial.go (*ListenConfig).Listen"), Ours: fn("net2/dial.go (*ListenConfig).Listen"),
			Does: "Resolves the address, takes an IPv4 one if there is a choice, and goes on by its type.",
			Since: "New in Go 1.11, with Control: a function of the caller that sees the socket before it is bound. " +
				"In 1.10 Listen called ListenTCP, which still exists, for those who have a *TCPAddr.",
		},
		{
			Seed: fn("net/tcpsock.go ListenTCP"), Std: fn("net/tcpsock.go ListenTCP"), Ours: fn("net2/tcpsock.go ListenTCP"),
			Does:  "The door for those who have a *TCPAddr: checks the network's name, takes a nil address for all addresses, and goes on where Listen does.",
			Since: "In 1.10 Listen went through it. Today both meet in the sysListener, and a program that calls Listen does not pass here.",
		},
		{
			Seed: fn("net/dial.go (*Resolver).resolveAddrList"), Std: fn("net/dial.go (*Resolver).resolveAddrList"),
			Ours: fn("net2/dial.go resolveAddrList"),
			Does: "Turns host and port into a list of addresses. A literal address needs no look-up.",
			Here: "A function: Resolver is a type of the standard library, to which we cannot add a method.",
		},
		{
			Std: fn("net/mptcpsock_linux.go (*sysListener).listenMPTCP"), Ours: fn("net2/mptcpsock.go (*sysListener).listenMPTCP"),
			Does: "Tries Multipath TCP and, where the host or the kernel refuses it, goes on with TCP.",
			Since: "Multipath TCP came with Go 1.21; since 1.24 every listener uses it unless told otherwise. A client " +
				"that does not know it gets a plain TCP connection.",
		},
		both(Step{
			Std: fn("net/mptcpsock_linux.go supportsMultipathTCP"), Ours: fn("socket/host.go tryMultipathTCP"),
			StdInside: fn("net/mptcpsock_linux.go initMPTCPavailable"),
			Does:      "Once in a process: makes a socket of Multipath TCP and closes it. Whether it takes an IPv4 or an IPv6 one, the next step tells.",
		}, "socket IPPROTO_MPTCP: is there Multipath TCP?", "close"),
		{
			Seed: fn("net/ipsock_posix.go (*ipStackCapabilities).probe"), Std: fn("net/ipsock_posix.go (*ipStackCapabilities).probe"),
			Ours:  fn("socket/host.go tryCapabilities"),
			Does:  "Once in a process: can this host do IPv4, IPv6, and IPv4 through IPv6? It tries, with sockets that it closes again.",
			Here:  "Closes each socket before it makes the next.",
			Entry: "host-probes",
			StdCalls: []string{
				"socket AF_INET", "close", "socket AF_INET6", "setsockopt IPV6_V6ONLY", "bind",
				"socket AF_INET6", "setsockopt IPV6_V6ONLY", "bind", "close", "close",
			},
			OursCalls: []string{
				"socket AF_INET", "close", "socket AF_INET6", "setsockopt IPV6_V6ONLY", "bind", "close",
				"socket AF_INET6", "setsockopt IPV6_V6ONLY", "bind", "close",
			},
		},
		{
			Std: fn("internal/syscall/unix/kernel_version_linux.go KernelVersion"), Ours: fn("socket/host.go kernelVersionGE"),
			Does:     "Asks for the kernel's version: from 5.16 on it tells whether a connection has fallen back from Multipath TCP.",
			Here:     "Asked when somebody wants to know that.",
			Entry:    "host-probes",
			StdCalls: []string{"uname"},
		},
		{
			Seed: fn("net/tcpsock_posix.go listenTCP"), Std: fn("net/tcpsock_posix.go (*sysListener).listenTCPProto"),
			Ours:  fn("net2/tcpsock.go (*sysListener).listenTCPProto"),
			Does:  "Asks for a stream socket and makes a TCPListener of it.",
			Since: "The protocol is an argument, for Multipath TCP, and a sysListener carries what ListenConfig says.",
		},
		{
			Seed: fn("net/ipsock_posix.go internetSocket"), Std: fn("net/ipsock_posix.go internetSocket"),
			Ours: fn("net2/sock.go internetSocket"),
			Does: "Chooses the address family and makes the socket.",
		},
		{
			Seed: fn("net/ipsock_posix.go favoriteAddrFamily"), Std: fn("net/ipsock_posix.go favoriteAddrFamily"),
			Ours: fn("net2/sock.go favoriteAddrFamily"),
			Does: "IPv4 for an IPv4 address. For all addresses of the host one IPv6 socket that takes IPv4 too, if the host can do that.",
		},
		{
			Seed: fn("net/sock_posix.go socket"), Std: fn("net/sock_posix.go socket"), Ours: fn("net2/sock.go newSocket"),
			Does: "Makes the socket and the netFD around it; then listens, when there is only a local address, or dials.",
		},
		both(Step{
			Seed: fn("net/sock_cloexec.go sysSocket"), Std: fn("net/sock_cloexec.go sysSocket"), Ours: fn("socket/socket.go Socket"),
			Does: "socket(2), non-blocking and closed on exec from its first moment.",
			Since: "The fallback for kernels before 2.6.27, which set the two flags afterwards, is gone with the " +
				"kernels: Go 1.24 wants Linux 3.2.",
		}, "socket SOCK_STREAM|SOCK_CLOEXEC|SOCK_NONBLOCK"),
		{
			Seed: fn("syscall/asm_linux_amd64.s RawSyscall"), Std: fn("syscall/syscall_linux.go RawSyscall"),
			Does:  "socket(2) goes through RawSyscall: it cannot block, so the scheduler is not told. The thread (M) keeps its processor (P), and nobody can take it away meanwhile.",
			Since: "1.10 wrote Syscall and RawSyscall in assembly, each for each architecture. Since Go 1.19 they are Go, over one function in assembly, Syscall6.",
			Here:  "By package unix of x/sys, whose Socket is a raw call too.",
		},
		both(Step{
			Seed: fn("net/sockopt_linux.go setDefaultSockopts"), Std: fn("net/sockopt_linux.go setDefaultSockopts"),
			Ours: fn("net2/sockopt.go setDefaultSockopts"),
			Does: "Says for an IPv6 socket whether IPv4 may come through it. An IPv4 stream socket needs nothing.",
		}, "setsockopt IPV6_V6ONLY, on IPv6 only"),
		{
			Seed: fn("net/fd_unix.go newFD"), Std: fn("net/fd_unix.go newFD"), Ours: fn("net2/netfd.go newFD"),
			Does: "Wraps the descriptor: netFD has the addresses, poll.FD in it the descriptor, its lock and its place in the poller.",
		},
		{
			Seed: fn("net/sock_linux.go maxListenerBacklog"), Std: fn("net/net.go listenerBacklog"), StdInside: fn("net/sock_linux.go maxListenerBacklog"),
			Ours: fn("socket/host.go readBacklog"),
			Does: "How many connections may wait in the queue: as many as the host allows, read once.",
			Since: "Read by the first listener, no longer at the start of every program, and no longer cut to 16 bits on " +
				"kernels from 4.1 on.",
			Here:  "Reads it with open, read and close. In net it is a file of package os's kind, and the first one that needs the poller, which is made for it.",
			Entry: "host-probes",
			StdCalls: []string{
				"openat /proc/sys/net/core/somaxconn", "fcntl O_NONBLOCK", "epoll_ctl ADD, the file",
				"read", "epoll_ctl DEL, the file", "close",
			},
			OursCalls: []string{"openat /proc/sys/net/core/somaxconn", "read", "close"},
		},
		{
			Seed: fn("net/sock_posix.go (*netFD).listenStream"), Std: fn("net/sock_posix.go (*netFD).listenStream"),
			Ours:  fn("net2/sock.go (*netFD).listenStream"),
			Does:  "The steps of a listening socket one after the other: option, bind, listen, poller, own address.",
			Since: "Calls the Control function of ListenConfig before bind.",
		},
		both(Step{
			Seed: fn("net/sockopt_linux.go setDefaultListenerSockopts"), Std: fn("net/sockopt_linux.go setDefaultListenerSockopts"),
			Ours: fn("net2/sockopt.go setDefaultListenerSockopts"),
			Does: "Lets a listener have a port on which earlier connections are still in TIME_WAIT.",
		}, "setsockopt SO_REUSEADDR"),
		both(Step{
			Seed: fn("syscall/syscall_unix.go Bind"), Std: fn("syscall/syscall_unix.go Bind"), Ours: fn("socket/sockcall_unsafe.go Bind"),
			Does: "bind(2).",
		}, "bind"),
		{
			Seed: fn("syscall/asm_linux_amd64.s Syscall"), Std: fn("syscall/syscall_linux.go Syscall"), Ours: fn("socket/sockcall_unsafe.go Bind"),
			Does: "bind(2) goes through Syscall: it may take locks in the kernel, so the runtime is told before and after. Whatever may block or take long must go this way.",
		},
		{
			Seed: fn("runtime/proc.go entersyscall"), Std: fn("runtime/proc.go entersyscall"),
			StdInside: fn("runtime/proc.go reentersyscall"),
			Does: "Marks the goroutine as being in a system call; from then on its processor may be taken away. If the call is short, nobody takes it, and " +
				"exitsyscall goes on by one exchange. If it lasts, the monitor thread, sysmon, hands the processor to another thread. That is why a " +
				"read from a file blocks a thread, and one from a connection only a goroutine.",
			Since: "In 1.10 the processor had the mark, _Psyscall. Go 1.26 dropped that state: the goroutine's own, _Gsyscall, is enough.",
			Here:  "The same function: unix.Syscall jumps to Syscall of package syscall.",
		},
		{
			Ours: fn("net2/inherit.go (*inheritance).prepare"),
			Does: "Gives the listener the options that its connections are to have.",
			Here: "net sets them on each connection; Linux hands them down, so once is enough. See accept.", Entry: "accept-options-inherited",
			OursCalls: []string{"setsockopt TCP_NODELAY, SO_KEEPALIVE, TCP_KEEPIDLE, TCP_KEEPINTVL, TCP_KEEPCNT"},
		},
		both(Step{
			Seed: fn("syscall/zsyscall_linux_GOARCH.go Listen"), Std: fn("syscall/zsyscall_linux_GOARCH.go Listen"),
			Ours: fn("socket/socket.go Listen"),
			Does: "listen(2). From here on the kernel completes handshakes and queues connections.",
		}, "listen"),
		{
			Seed: fn("net/fd_unix.go (*netFD).init"), Std: fn("net/fd_unix.go (*netFD).init"), Ours: fn("net2/netfd.go (*netFD).init"),
			Does: "Puts the socket into the poller.",
		},
		{
			Seed: fn("internal/poll/fd_unix.go (*FD).Init"), Std: fn("internal/poll/fd_unix.go (*FD).Init"), Ours: fn("poll/fd.go (*FD).Init"),
			Does: "The same, one layer down.",
			Here: "Without the case of files that block: this FD is for sockets.",
		},
		{
			Seed: fn("internal/poll/fd_poll_runtime.go (*pollDesc).init"), Std: fn("internal/poll/fd_poll_runtime.go (*pollDesc).init"),
			Ours: fn("poll/fd_poll.go (*pollDesc).init"),
			Does: "Crosses over into the runtime through two of its hooks: one makes the poller, the other takes the descriptor in.",
			Here: "Crosses into runtime_hooks, which has hooks of the same names.",
		},
		{
			Seed: fn("internal/poll/fd_poll_runtime.go runtime_pollServerInit"), Std: fn("internal/poll/fd_poll_runtime.go runtime_pollServerInit"),
			Ours: fn("runtime_hooks/if_refused_build_with_tags_net2_portable/linked_unsafe.go pollServerInit"),
			Does: "A function without a body: the linker looks for its code elsewhere. The compiler accepts that where a package has a file in assembly, even an empty one; " +
				"for some packages of the standard library, this one among them, the go command permits it without. " +
				"runtime/netpoll.go has it, under a go:linkname that gives it this name.",
			Since: "Since Go 1.23 the linker refuses links to names of the standard library that were not opened for it. Those used here are.",
			Here:  "We pull the same function from our side: go:linkname with the full name of the one that we want.",
		},
		{
			Seed: fn("runtime/netpoll.go poll_runtime_pollServerInit"), Std: fn("runtime/netpoll.go poll_runtime_pollServerInit"),
			Ours:  fn("runtime_hooks/poller.go PollServerInit"),
			Does:  "Makes the poller ready, once: netpollGenericInit calls netpollinit, which makes these calls.",
			Since: "Timers need the poller too since Go 1.14, and may be first.",
			Here: "Reads NET2_POLLER. By default net2 waits in the runtime's poller, through the hooks that the runtime gives " +
				"internal/poll: from here on both columns are then one. What follows on the right is our own poller, NET2_POLLER=epoll, " +
				"rebuilt outside the runtime. It reports a failure, where the runtime ends the program.",
			Entry:     "host-probes",
			StdCalls:  []string{"epoll_create1", "eventfd2", "epoll_ctl ADD, the eventfd"},
			OursCalls: []string{"epoll_create1 the runtime's", "eventfd2", "epoll_ctl ADD, the eventfd"},
		},
		{
			Seed: fn("runtime/netpoll_epoll.go netpollinit"), Std: fn("runtime/netpoll_epoll.go netpollinit"),
			Ours: fn("runtime_hooks/netpoll_epoll.go netpollinit"),
			Does: "Makes the epoll instance.",
			Since: "With an eventfd beside it (at first a pipe, Go 1.14), by which another thread can end a wait early, " +
				"for instance when a new timer is due before the wait is over.",
			Here: "Makes an epoll instance of its own and lets the runtime's poller watch it: a goroutine waits for it as " +
				"for any descriptor, and no thread is blocked.",
			Entry:     "nested-poller",
			OursCalls: []string{"epoll_create1 ours, beside the runtime's", "epoll_ctl ADD, ours into the runtime's"},
		},
		{
			Seed: fn("runtime/netpoll.go poll_runtime_pollOpen"), Std: fn("runtime/netpoll.go poll_runtime_pollOpen"),
			Ours: fn("runtime_hooks/hooks.go PollOpen"),
			Does: "Takes a pollDesc, resets it and registers the descriptor.",
			Since: "One sequence number became three: rseq and wseq tell timers that were set for an earlier deadline, " +
				"fdseq tells events of an earlier descriptor.",
		},
		{
			Seed: fn("runtime/netpoll.go (*pollCache).alloc"), Std: fn("runtime/netpoll.go (*pollCache).alloc"),
			Ours: fn("runtime_hooks/pollcache.go (*pollCache).alloc"),
			Does: "Takes a pollDesc from a list that only grows. They are never freed: an event may still name one whose descriptor was closed.",
			Here: "Go memory that is never let go, in place of memory that the collector does not know.",
		},
		{
			Seed: fn("runtime/netpoll_epoll.go netpollopen"), Std: fn("runtime/netpoll_epoll.go netpollopen"),
			Ours: fn("runtime_hooks/netpoll_epoll.go netpollopen"),
			Does: "Registers the descriptor for both directions, edge-triggered: once, for as long as it is open.",
			Since: "The event carries the pollDesc's address together with fdseq, so that an event which was under way " +
				"when its descriptor was closed is told from one of the next descriptor. In 1.10 it carried the address alone.",
			Here: "The event carries an index and a tag, no address. What a writer waits for is watched for when one has " +
				"to wait, see write.",
			Entry:     "write-watch-on-demand",
			StdCalls:  []string{"epoll_ctl ADD, EPOLLIN|EPOLLOUT|EPOLLRDHUP|EPOLLET"},
			OursCalls: []string{"epoll_ctl ADD, EPOLLIN|EPOLLRDHUP|EPOLLET"},
		},
		both(Step{
			Seed: fn("syscall/syscall_linux.go Getsockname"), Std: fn("syscall/syscall_linux.go Getsockname"),
			Ours: fn("socket/sockcall_unsafe.go Getsockname"),
			Does: "Asks which address and port it has become.",
		}, "getsockname"),
		{
			Seed: fn("net/fd_unix.go (*netFD).setAddr"), Std: fn("net/fd_posix.go (*netFD).setAddr"), Ours: fn("net2/netfd.go (*netFD).setFinalizer"),
			Does:  "The end of Listen. Sets a finalizer, a function that the garbage collector calls when nothing points to the netFD any longer: Close, so that a listener that a program has lost does not stay open. Close takes the finalizer away.",
			Since: "Still runtime.SetFinalizer. Its successor, runtime.AddCleanup (Go 1.24), already serves the pipes of splice; a note in net says that netFD is to follow.",
			Here:  "The same, for a leaked connection must be closed as in net.",
		},
	},
}
