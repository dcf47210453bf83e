package way

var read = Path{
	Name:  "read",
	Title: "Read",
	Intro: "Read is Accept with another system call: try, and park after EAGAIN. On a busy connection the data are there " +
		"already and one system call is all. On an idle one it is two: the first finds nothing, the second comes after the wait.",
	Steps: []Step{
		{
			Seed: fn("net/net.go (*conn).Read"), Std: fn("net/net.go (*conn).Read"), Ours: fn("net2/conn.go (*conn).Read"),
			Does: "Wraps an error into an OpError with both addresses; io.EOF stays bare.",
		},
		{
			Seed: fn("net/fd_unix.go (*netFD).Read"), Std: fn("net/fd_posix.go (*netFD).Read"), Ours: fn("net2/netfd.go (*netFD).Read"),
			Does: "Names the system call in the error. Keeps the netFD alive until the read is done: its finalizer closes the descriptor.",
		},
		{
			Seed: fn("internal/poll/fd_unix.go (*FD).Read"), Std: fn("internal/poll/fd_unix.go (*FD).Read"), Ours: fn("poll/fd_io.go (*FD).Read"), OursInside: fn("poll/fd_io.go (*FD).read"),
			Does: "Lock, prepare, try, wait. An empty buffer reads nothing and waits for nothing; at most 1 GiB goes at once; no bytes on a stream are io.EOF.",
		},
		{
			Seed: fn("internal/poll/fd_mutex.go (*FD).readLock"), Std: fn("internal/poll/fd_mutex.go (*FD).readLock"),
			Ours: fn("poll/fd.go (*FD).readLock"),
			Does: "One reader at a time. A second Read waits here, on a semaphore, not in the poller.",
		},
		{
			Seed: fn("internal/poll/fd_poll_runtime.go (*pollDesc).prepareRead"), Std: fn("internal/poll/fd_poll_runtime.go (*pollDesc).prepareRead"),
			Ours: fn("poll/fd_poll.go (*pollDesc).prepareRead"),
			Does: "Forgets an old notification; fails when the connection is closed or the read deadline is over, before any system call.",
		},
		{
			Seed: fn("syscall/syscall_unix.go Read"), Std: fn("syscall/syscall_unix.go Read"), Ours: fn("socket/io_unsafe.go Read"),
			Does:  "read(2).",
			Since: "Around it, ignoringEINTRIO retries a read that was interrupted: since Go 1.14 the runtime sends its threads signals.",
			Here:  "Calls recvfrom(2) without an address, which reaches the same function of the kernel without the layer for files.",
			Entry: "recv-for-read", StdCalls: []string{"read"}, OursCalls: []string{"recvfrom"},
		},
		{
			Ours: fn("runtime_hooks/hooks.go PollYield"),
			Does: "Where goroutines that compute keep all processors busy, lets them run instead of parking, and tries again.",
			Here: "A goroutine that parks beside them is found by the runtime's monitor, once in 10 ms, and then queues behind them. One that " +
				"stays runnable has often been answered when its turn comes.",
			Entry: "yield-before-park",
		},
		{
			Seed: fn("internal/poll/fd_poll_runtime.go (*pollDesc).waitRead"), Std: fn("internal/poll/fd_poll_runtime.go (*pollDesc).waitRead"),
			Ours: fn("poll/fd_poll.go (*pollDesc).waitRead"),
			Does: "After EAGAIN: parks until there is something to read, as accept shows.",
		},
		{
			Ours:      fn("runtime_hooks/netpoll_runtime.go (*runtimeDesc).watch"),
			Does:      "When somebody waits for the connection for the first time, puts it into epoll.",
			Here:      "net did so in Accept or Dial. Our own poller's function is netpollwatch.",
			Entry:     "watch-on-demand",
			OursCalls: []string{"epoll_ctl ADD, into the runtime's"},
		},
		{
			Seed: fn("runtime/netpoll_epoll.go netpoll"), Std: fn("runtime/netpoll_epoll.go netpoll"),
			Ours:     fn("runtime_hooks/netpoll_epoll.go netpoll"),
			Does:     "Hears that the connection is readable and readies the goroutine, as accept shows.",
			StdCalls: []string{"epoll_pwait"}, OursCalls: []string{"epoll_pwait the runtime's", "epoll_pwait ours"},
		},
		{
			Seed: fn("internal/poll/fd_mutex.go (*FD).readUnlock"), Std: fn("internal/poll/fd_mutex.go (*FD).readUnlock"),
			Ours: fn("poll/fd.go (*FD).readUnlock"),
			Does: "Lets the next reader in. If the connection was closed meanwhile and this was the last reference, destroys the descriptor.",
		},
		{
			Seed: fn("syscall/syscall_unix.go Write"), Std: fn("syscall/syscall_unix.go Write"), Ours: fn("socket/io_unsafe.go Write"),
			Does:  "A server's answer to what it read; see write.",
			Here:  "Calls sendto(2) without an address.",
			Entry: "recv-for-read", StdCalls: []string{"write"}, OursCalls: []string{"sendto"},
		},
		{
			Ours: fn("poll/drained.go (*FD).awaitMore"), OursInside: fn("poll/drained.go (*FD).foundNothing"),
			Scenarios: []string{"read-spared"},
			Does:      "The read that is not made. A Read that returned less than it had room for has taken all there was: the next one waits at once.",
			Here: "net reads before each wait, and of an idle connection that read finds nothing: one system call in three of a request. With NET2_SPARE_READ=often a connection " +
				"that has had to wait 16 times (in this recording: once) is asked whether it is plain TCP that nobody has changed, and then watched for its end.",
			Entry:     "no-empty-read",
			StdCalls:  []string{"read the one that finds nothing"},
			OursCalls: []string{"getsockopt SO_PROTOCOL, SO_RCVLOWAT"},
		},
		{
			Ours: fn("runtime_hooks/watch.go (*watchDesc).watchTheEnd"), OursInside: fn("runtime_hooks/watch.go (*watchDesc).watchFor"),
			Scenarios: []string{"read-spared"},
			Does:      "Why that is safe: the last bytes and the end of a stream may come as one event, and the read took the bytes. So a second, small epoll tells the end by itself.",
			Here: "It watches for EPOLLRDHUP alone, so it is silent as long as data come, and a connection that ends is woken to look: kickSide does that " +
				"with a read deadline that has passed, and the reader puts the program's own deadline back.",
			Entry:     "no-empty-read",
			OursCalls: []string{"epoll_create1 the watch", "epoll_ctl ADD, EPOLLIN, the watch", "epoll_ctl ADD, EPOLLRDHUP, the watch"},
		},
		{
			Ours:      fn("runtime_hooks/drained.go sweep"),
			Scenarios: []string{"read-spared"},
			Does:      "The net under the rope: some 30 ms later the readers that still wait are verified, once, by asking the kernel whether their sockets are readable.",
			Here: "It finds what no event tells, such as data behind the mark of urgent data, where a read stops short. A reader that was verified waits for long, and " +
				"looks before its next waits, so that the goroutine that sweeps can sleep.",
			Entry: "no-empty-read",
		},
		{
			Ours:      fn("runtime_hooks/watch.go (*PollDesc).closeWatch"),
			Scenarios: []string{"read-spared"},
			Does:      "Close takes the connection out of both epolls.",
			Here:      "One epoll_ctl more than net, once in a connection's life.",
			Entry:     "no-empty-read",
			StdCalls:  []string{"epoll_ctl DEL", "close"}, OursCalls: []string{"epoll_ctl DEL, the watch", "epoll_ctl DEL", "close"},
		},
		{
			Ours:      fn("runtime_hooks/netpoll_epoll.go netpollwatch"),
			Does:      "In our own poller: when a reader parks for the first time, has the kernel watch for what comes; when the answer does not fit the buffer and a writer parks, for room too.",
			Here:      "net has it watch from the beginning.",
			Entry:     "write-watch-on-demand",
			OursCalls: []string{"epoll_ctl ADD, ours", "epoll_ctl MOD, ours"},
		},
	},
}

var write = Path{
	Name:  "write",
	Title: "Write",
	Intro: "Write hands bytes to the socket's buffer. It is done when all of them are there, which is no promise that they " +
		"arrived. If the buffer is full, it waits on the writer's side of the pollDesc until the peer has read.",
	Steps: []Step{
		{
			Seed: fn("net/net.go (*conn).Write"), Std: fn("net/net.go (*conn).Write"), Ours: fn("net2/conn.go (*conn).Write"),
			Does: "Wraps an error into an OpError with both addresses.",
		},
		{
			Seed: fn("net/fd_unix.go (*netFD).Write"), Std: fn("net/fd_posix.go (*netFD).Write"), Ours: fn("net2/netfd.go (*netFD).Write"),
			Does: "Names the system call in the error.",
		},
		{
			Seed: fn("internal/poll/fd_unix.go (*FD).Write"), Std: fn("internal/poll/fd_unix.go (*FD).Write"), Ours: fn("poll/fd_io.go (*FD).Write"), OursInside: fn("poll/fd_io.go (*FD).writeSome"),
			Does: "The loop: writes at most 1 GiB at once, and goes on with the rest, until all is written or an error ends it. It returns how much was written before.",
		},
		{
			Seed: fn("internal/poll/fd_mutex.go (*FD).writeLock"), Std: fn("internal/poll/fd_mutex.go (*FD).writeLock"),
			Ours: fn("poll/fd.go (*FD).writeLock"),
			Does: "One writer at a time, so that the bytes of two Writes do not mix. It is another lock than the reader's.",
		},
		{
			Seed: fn("internal/poll/fd_poll_runtime.go (*pollDesc).prepareWrite"), Std: fn("internal/poll/fd_poll_runtime.go (*pollDesc).prepareWrite"),
			Ours: fn("poll/fd_poll.go (*pollDesc).prepareWrite"),
			Does: "Forgets an old notification on wg, the writer's side.",
		},
		{
			Seed: fn("syscall/syscall_unix.go Write"), Std: fn("syscall/syscall_unix.go Write"), Ours: fn("socket/io_unsafe.go Write"),
			Does:  "write(2). It takes what there is room for, and says EAGAIN when there is none.",
			Here:  "Calls sendto(2) without an address.",
			Entry: "recv-for-read", StdCalls: []string{"write"}, OursCalls: []string{"sendto"},
		},
		{
			Seed: fn("internal/poll/fd_poll_runtime.go (*pollDesc).waitWrite"), Std: fn("internal/poll/fd_poll_runtime.go (*pollDesc).waitWrite"),
			Ours:     fn("poll/fd_poll.go (*pollDesc).waitWrite"),
			Does:     "After EAGAIN: parks until the peer has made room.",
			StdCalls: []string{"epoll_pwait the connection is writable"}, OursCalls: []string{"epoll_pwait the runtime's", "epoll_pwait ours"},
		},
		{
			Ours:      fn("runtime_hooks/netpoll_runtime.go (*runtimeDesc).watch"),
			Does:      "When somebody waits for the connection for the first time, a writer here, puts it into epoll.",
			Here:      "net did so in Accept or Dial.",
			Entry:     "watch-on-demand",
			OursCalls: []string{"epoll_ctl ADD, into the runtime's"},
		},
		{
			Ours: fn("runtime_hooks/netpoll_epoll.go netpollwatch"),
			Does: "In our own poller: when a writer parks for the first time, has the kernel watch for room.",
			Here: "net has it watch from the beginning, and is woken for each datagram that leaves. Where a reader has waited before, " +
				"that is epoll_ctl MOD.",
			Entry:     "write-watch-on-demand",
			OursCalls: []string{"epoll_ctl ADD, ours", "epoll_ctl MOD, ours"},
		},
		{
			Seed: fn("internal/poll/fd_mutex.go (*FD).writeUnlock"), Std: fn("internal/poll/fd_mutex.go (*FD).writeUnlock"),
			Ours: fn("poll/fd.go (*FD).writeUnlock"),
			Does: "Lets the next writer in, or destroys the descriptor, as readUnlock does.",
		},
	},
}
