package way

var accept = Path{
	Name:  "accept",
	Title: "From Accept down to gopark, and back",
	Intro: "Accept first tries accept4(2). If nobody waits in the queue, the kernel says EAGAIN, and the goroutine " +
		"parks: it puts itself into the pollDesc of the listener and gives its thread to others. When a connection " +
		"comes, epoll tells the poller, the poller finds the goroutine in the pollDesc and makes it runnable, and it " +
		"tries again. So blocking code is non-blocking underneath.",
	Steps: []Step{
		{
			Seed: fn("net/tcpsock.go (*TCPListener).AcceptTCP"), Std: fn("net/tcpsock.go (*TCPListener).AcceptTCP"),
			Ours: fn("net2/tcpsock.go (*TCPListener).AcceptTCP"),
			Does: "Wraps an error into an OpError with the listener's address. Accept is the same with a Conn as its result.",
		},
		{
			Seed: fn("net/tcpsock_posix.go (*TCPListener).accept"), Std: fn("net/tcpsock_posix.go (*TCPListener).accept"),
			Ours: fn("net2/tcpsock.go (*TCPListener).accept"),
			Does: "Makes a TCPConn of what it gets.",
		},
		{
			Seed: fn("net/fd_unix.go (*netFD).accept"), Std: fn("net/fd_unix.go (*netFD).accept"), Ours: fn("net2/netfd.go (*netFD).accept"),
			Does: "Gets a descriptor, wraps it, puts it into the poller and sets its addresses.",
			Since: "When the poller refuses the new descriptor, that one is closed. In 1.10, as the analysis shows it, the listener was: " +
				"a slip that was mended later.",
		},
		{
			Seed: fn("internal/poll/fd_unix.go (*FD).Accept"), Std: fn("internal/poll/fd_unix.go (*FD).Accept"),
			Ours: fn("poll/fd_io.go (*FD).Accept"), OursInside: fn("poll/fd_io.go (*FD).readLoop"),
			Does:  "The loop: lock, prepare, try, wait. ECONNABORTED, a connection that broke while it was queued, is passed over.",
			Since: "EINTR is retried too, since the runtime has been interrupting threads with signals (Go 1.14).",
			Here:  "The loop is readLoop, which readIO calls: one for all operations that read.",
		},
		{
			Seed: fn("internal/poll/fd_mutex.go (*FD).readLock"), Std: fn("internal/poll/fd_mutex.go (*FD).readLock"),
			Ours: fn("poll/fd.go (*FD).readLock"),
			Does: "One reader at a time, and the descriptor stays open for as long as it reads.",
		},
		{
			Seed: fn("internal/poll/fd_mutex.go (*fdMutex).rwlock"), Std: fn("internal/poll/fd_mutex.go (*fdMutex).rwlock"),
			Ours: fn("poll/fd_mutex.go (*fdMutex).rwlock"),
			Does: "A closed bit, a read lock, a write lock, a count of references and two counts of waiters in one 64-bit word.",
		},
		{
			Seed: fn("internal/poll/fd_poll_runtime.go (*pollDesc).prepareRead"), Std: fn("internal/poll/fd_poll_runtime.go (*pollDesc).prepareRead"),
			Ours:      fn("poll/fd_poll.go (*pollDesc).prepareRead"),
			StdInside: fn("internal/poll/fd_poll_runtime.go (*pollDesc).prepare"), OursInside: fn("poll/fd_poll.go (*pollDesc).prepare"),
			Does: "Forgets an old notification. What comes from here on ends the wait, also when it comes before the wait.",
		},
		{
			Seed: fn("runtime/netpoll.go poll_runtime_pollReset"), Std: fn("runtime/netpoll.go poll_runtime_pollReset"),
			Ours: fn("runtime_hooks/hooks.go PollReset"), OursInside: fn("runtime_hooks/netpoll.go pollReset"),
			Does: "Sets rg, the reader's side of the pollDesc, to pdNil. Refuses when the descriptor is closing or its deadline is over.",
		},
		both(Step{
			Seed: fn("internal/poll/sock_cloexec.go accept"), Std: fn("internal/poll/sock_cloexec.go accept"),
			Ours:  fn("socket/sockcall_unsafe.go Accept4"),
			Does:  "accept4(2), non-blocking and closed on exec from the first moment. EAGAIN means: nobody waits.",
			Since: "The fallback to accept(2) for kernels before 2.6.28, on ENOSYS, EINVAL, EACCES or EFAULT, is gone.",
		}, "accept4 SOCK_CLOEXEC|SOCK_NONBLOCK"),
		{
			Seed: fn("internal/poll/fd_poll_runtime.go (*pollDesc).waitRead"), Std: fn("internal/poll/fd_poll_runtime.go (*pollDesc).waitRead"),
			Ours:      fn("poll/fd_poll.go (*pollDesc).waitRead"),
			StdInside: fn("internal/poll/fd_poll_runtime.go (*pollDesc).wait"), OursInside: fn("poll/fd_poll.go (*pollDesc).wait"),
			Does: "After EAGAIN only: waits until the descriptor may be readable, and the loop tries again.",
		},
		{
			Seed: fn("runtime/netpoll.go poll_runtime_pollWait"), Std: fn("runtime/netpoll.go poll_runtime_pollWait"),
			Ours: fn("runtime_hooks/hooks.go PollWait"), OursInside: fn("runtime_hooks/netpoll.go pollWait"),
			Does: "Parks, unless there is a reason not to; and again, when it was woken for a deadline that has been moved meanwhile.",
			Here: "By default this is the runtime's own hook, and what follows is on both sides the same code. A descriptor for which " +
				"nobody has waited yet is put into the poller first, see read.",
		},
		{
			Seed: fn("runtime/netpoll.go netpollcheckerr"), Std: fn("runtime/netpoll.go netpollcheckerr"),
			Ours: fn("runtime_hooks/netpoll.go netpollcheckerr"),
			Does: "Closing? Deadline over? An error on the descriptor?",
			Since: "Reads one atomic word, pollInfo, that whoever changes these under the lock publishes. In 1.10 it read " +
				"the fields themselves without the lock, which is a data race.",
		},
		{
			Seed: fn("runtime/netpoll.go netpollblock"), Std: fn("runtime/netpoll.go netpollblock"),
			Ours: fn("runtime_hooks/netpoll.go netpollblock"),
			Does: "pdNil → pdWait, then looks for errors once more, then parks. If it finds pdReady, the event came first, and it does not park. " +
				"The second look makes close and deadlines safe: they set their mark and then look at rg, so one of the two sees the other. The caller passes " +
				"waitio as false, where the analysis reads true: it parks because that look finds nothing wrong.",
			Since: "rg and wg are atomics; 1.10 wrote them plainly in places.",
		},
		{
			Seed: fn("runtime/proc.go gopark"), Std: fn("runtime/proc.go gopark"), Ours: fn("runtime_hooks/park.go (*pollSema).park"),
			StdInside: fn("runtime/proc.go park_m"),
			Does:      "Takes the goroutine (G) off its thread (M). park_m does so on the scheduler's stack, calls the commit of the next step, and looks for another goroutine to run.",
			Here:      "The runtime's own gopark, reached by linkname. A dump shows the goroutine as \"IO wait\" on both stacks.",
		},
		{
			Seed: fn("runtime/netpoll.go netpollblockcommit"), Std: fn("runtime/netpoll.go netpollblockcommit"),
			Ours: fn("runtime_hooks/netpollblockcommit_asm.go netpollblockcommit"),
			Does: "Runs on the scheduler's stack when the goroutine has stopped: pdWait → the goroutine's own address. If an event, a deadline or a close has changed pdWait meanwhile, " +
				"the goroutine goes on at once.",
			Here: "The whole function is in assembly, so that no compiler adds to what runs there.",
		},
		{
			Seed: fn("runtime/netpoll_epoll.go netpoll"), Std: fn("runtime/netpoll_epoll.go netpoll"),
			Ours: fn("runtime_hooks/netpoll_epoll.go netpoll"), OursInside: fn("runtime_hooks/netpoll_epoll.go netpollevents"),
			Does: "Asks epoll for events, up to 128 at a time. The scheduler calls it when a thread has nothing to run, and the monitor " +
				"when nobody has for 10 ms.",
			Since: "Takes how long to wait, since timers became the scheduler's (Go 1.14). In 1.10 it waited for ever or not at all.",
			Here: "Is called by a goroutine, when the runtime's poller says that our epoll has events. It asks with timeout 0 and " +
				"wakes all that are ready.",
			Entry:    "nested-poller",
			StdCalls: []string{"epoll_pwait"}, OursCalls: []string{"epoll_pwait the runtime's", "epoll_pwait ours"},
		},
		{
			Seed: fn("runtime/netpoll.go netpollready"), Std: fn("runtime/netpoll.go netpollready"),
			Ours:  fn("runtime_hooks/netpoll.go netpollready"),
			Does:  "The event says readable, writable or both: one side of the pollDesc, or both, are unblocked.",
			Since: "Events whose tag is not the pollDesc's fdseq do not get here.",
		},
		{
			Seed: fn("runtime/netpoll.go netpollunblock"), Std: fn("runtime/netpoll.go netpollunblock"),
			Ours: fn("runtime_hooks/netpoll.go netpollunblock"),
			Does: "rg → pdReady, and returns the goroutine that stood there. Where it finds pdWait, nobody stands there yet: the commit will fail, and the goroutine goes on.",
		},
		{
			Seed: fn("runtime/proc.go injectglist"), Std: fn("runtime/proc.go injectglist"), Ours: fn("runtime_hooks/park.go (g).ready"),
			Does: "Makes the goroutines runnable. Back in netpollblock, the one that parked takes pdReady and the loop calls accept4 again.",
			Here: "goready for each of them.",
		},
		{
			Seed: fn("net/fd_unix.go (*netFD).init"), Std: fn("net/fd_unix.go (*netFD).init"), Ours: fn("net2/netfd.go (*netFD).init"),
			Does:     "Puts the new connection into the poller, by the way that listen shows.",
			Here:     "Makes its PollDesc; epoll hears of it when somebody first waits.",
			Entry:    "watch-on-demand",
			StdCalls: []string{"epoll_ctl ADD, EPOLLIN|EPOLLOUT|EPOLLRDHUP|EPOLLET"},
		},
		{
			Seed: fn("syscall/syscall_linux.go Getsockname"), Std: fn("syscall/syscall_linux.go Getsockname"),
			Ours: fn("net2/address.go (*netFD).localAddr"),
			Does: "Finds the connection's own address.",
			Here: "It is asked for when somebody wants it, for an error too, or before the socket is shown through File or SyscallConn; " +
				"at the latest in Close.",
			Entry:     "local-addr-on-demand",
			StdCalls:  []string{"getsockname"},
			OursCalls: []string{"getsockname on demand"},
		},
		{
			Seed: fn("net/tcpsock.go newTCPConn"), Std: fn("net/tcpsock.go newTCPConn"), Ours: fn("net2/inherit.go (*inheritance).apply"),
			Does: "Switches Nagle's algorithm off and keep-alive on.",
			Since: "1.10 set TCP_NODELAY alone, and net/http added keep-alive, every 3 minutes. Since Go 1.13 all connections have it, every 15 seconds; " +
				"since 1.23 KeepAliveConfig tells idle time, interval and count apart.",
			Here: "The connection has inherited them from its listener. net2 checks that on the first connection of each listener.", Entry: "accept-options-inherited",
			StdCalls:  []string{"setsockopt TCP_NODELAY, SO_KEEPALIVE, TCP_KEEPIDLE, TCP_KEEPINTVL, TCP_KEEPCNT"},
			OursCalls: []string{"getsockopt the same five, on the first connection of a listener"},
		},
	},
}
