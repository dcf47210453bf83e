package way

var deadline = Path{
	Name:  "deadline",
	Title: "Deadlines",
	Intro: "A deadline is a timer whose function takes the goroutine out of the pollDesc, as an event would, but without " +
		"leaving pdReady behind. The goroutine finds that it was not readiness, asks netpollcheckerr why, and returns " +
		"os.ErrDeadlineExceeded. No system call belongs to it: the timers live in the scheduler.",
	Steps: []Step{
		{
			Seed: fn("internal/poll/fd_unix.go (*FD).Read"), Std: fn("internal/poll/fd_unix.go (*FD).Read"), Ours: fn("poll/fd_io.go (*FD).Read"),
			Does:      "Before the deadline there is a reader, which has found nothing and is parked, as read shows. Another goroutine sets the deadline now.",
			Here:      "Calls recvfrom(2) without an address, which reaches the same function of the kernel without the layer for files.",
			Scenarios: []string{"deadline"},
			Entry:     "recv-for-read", StdCalls: []string{"read EAGAIN, before the wait"}, OursCalls: []string{"recvfrom EAGAIN, before the wait"},
		},
		{
			Seed: fn("net/net.go (*conn).SetReadDeadline"), Std: fn("net/net.go (*conn).SetReadDeadline"),
			Ours: fn("net2/conn.go (*conn).SetReadDeadline"),
			Does: "Checks the receiver.",
		},
		{
			Seed: fn("internal/poll/fd_poll_runtime.go (*FD).SetReadDeadline"), Std: fn("internal/poll/fd_poll_runtime.go (*FD).SetReadDeadline"),
			Ours: fn("poll/fd_poll.go (*FD).SetReadDeadline"),
			Does: "Names the mode, 'r'.",
		},
		{
			Seed: fn("internal/poll/fd_poll_runtime.go setDeadlineImpl"), Std: fn("internal/poll/fd_poll_runtime.go setDeadlineImpl"),
			Ours:  fn("poll/fd_poll.go (*FD).setDeadline"),
			Does:  "Turns a time into nanoseconds from now, by the monotonic clock that a time.Time carries; the zero time into 0, which is none.",
			Since: "The runtime adds its clock itself; 1.10 handed it the point in time.",
		},
		{
			Seed: fn("runtime/netpoll.go poll_runtime_pollSetDeadline"), Std: fn("runtime/netpoll.go poll_runtime_pollSetDeadline"),
			Ours: fn("runtime_hooks/hooks.go PollSetDeadline"),
			Does: "Sets rd or wd and the timer. A deadline in the past ends a wait at once.",
			Since: "The timers are embedded and modified in place; in 1.10 they were deleted and added again, in one of 64 heaps " +
				"that goroutines called timerproc served.",
			Here: "One timer serves both sides, and is left alone when a deadline moves to a later time.",
		},
		{
			Ours: fn("runtime_hooks/netpoll_runtime.go (*runtimeDesc).watch"),
			Does: "Whoever sets the first deadline of a connection has it watched.",
			Here: "net did so in Accept or Dial. In our own poller, which keeps deadlines itself, the reader that waits for it is the " +
				"first to have the connection watched.",
			Entry:     "watch-on-demand",
			OursCalls: []string{"epoll_ctl ADD, when somebody waits"},
		},
		{
			Seed: fn("runtime/netpoll.go netpollReadDeadline"), Std: fn("runtime/netpoll.go netpollReadDeadline"),
			Ours:  fn("runtime_hooks/deadline.go netpollDeadline"),
			Does:  "The timer's function.",
			Since: "Runs inside the scheduler since Go 1.14, when a processor looks for work.",
			Here:  "In our own poller it runs in a goroutine of its own, as time.AfterFunc has it.",
		},
		{
			Seed: fn("runtime/netpoll.go netpolldeadlineimpl"), Std: fn("runtime/netpoll.go netpolldeadlineimpl"),
			Ours: fn("runtime_hooks/deadline.go netpolldeadlineimpl"),
			Does: "Marks the deadline as over and takes the goroutine out. A timer that is late, because the deadline was moved or the " +
				"descriptor closed since, must do nothing.",
			Since: "Tells that by rseq and wseq; 1.10 by seq, one for both sides and the descriptor.",
			Here:  "Tells it by the clock: what has not passed is not marked.",
		},
		{
			Seed: fn("runtime/netpoll.go netpollunblock"), Std: fn("runtime/netpoll.go netpollunblock"),
			Ours: fn("runtime_hooks/netpoll.go netpollunblock"),
			Does: "rg → pdNil, not pdReady: nothing is ready. From pdWait too: a goroutine that is about to park then does not.",
		},
		{
			Seed: fn("runtime/netpoll.go netpollgoready"), Std: fn("runtime/netpoll.go netpollgoready"), Ours: fn("runtime_hooks/park.go (g).ready"),
			Does: "Makes the goroutine runnable.",
		},
		{
			Seed: fn("internal/poll/fd_poll_runtime.go convertErr"), Std: fn("internal/poll/fd_poll_runtime.go convertErr"),
			Ours:  fn("poll/fd_poll.go convertErr"),
			Does:  "The poller's answer becomes an error: os.ErrDeadlineExceeded, which is a timeout.",
			Since: "In 1.10 it was poll.ErrTimeout, which no program could name. os.ErrDeadlineExceeded came with Go 1.15.",
		},
		{
			Ours:      fn("net2/address.go (*netFD).localAddr"),
			Does:      "Finds the connection's own address, for the error to tell.",
			Here:      "net asked in Accept.",
			Entry:     "local-addr-on-demand",
			OursCalls: []string{"getsockname on demand"},
		},
	},
}

var closing = Path{
	Name:  "close",
	Title: "Close",
	Intro: "A descriptor must not be closed while somebody uses it: the kernel would give its number to the next file, and " +
		"the user would read from that. So Close marks the FD, wakes whoever is parked, and drops its reference. Whoever drops " +
		"the last one closes the descriptor.",
	Steps: []Step{
		{
			Seed: fn("internal/poll/fd_unix.go (*FD).Read"), Std: fn("internal/poll/fd_unix.go (*FD).Read"), Ours: fn("poll/fd_io.go (*FD).Read"),
			Does:      "Beside Close there may be a reader: it has found nothing and is parked, as read shows.",
			Here:      "Calls recvfrom(2) without an address, which reaches the same function of the kernel without the layer for files.",
			Scenarios: []string{"close-wakes"},
			Entry:     "recv-for-read", StdCalls: []string{"read EAGAIN, before the wait"}, OursCalls: []string{"recvfrom EAGAIN, before the wait"},
		},
		{
			Ours:      fn("runtime_hooks/netpoll_runtime.go (*runtimeDesc).watch"),
			Does:      "What the reader did before it parked: it was the first to wait for the connection, and had it watched.",
			Here:      "net did so in Accept or Dial. Our own poller's function is netpollwatch.",
			Entry:     "watch-on-demand",
			OursCalls: []string{"epoll_ctl ADD, when somebody waits"},
		},
		{
			Seed: fn("net/net.go (*conn).Close"), Std: fn("net/net.go (*conn).Close"), Ours: fn("net2/conn.go (*conn).Close"),
			Does: "Wraps an error into an OpError.",
		},
		{
			Seed: fn("net/fd_unix.go (*netFD).Close"), Std: fn("net/fd_posix.go (*netFD).Close"), Ours: fn("net2/netfd.go (*netFD).Close"),
			Does:  "Takes the finalizer away, which would close a connection that was lost.",
			Here:  "Asks for the local address, if nobody has and it is not the listener's: LocalAddr answers after Close too.",
			Entry: "local-addr-on-demand", OursCalls: []string{"getsockname where the listener has all addresses"},
		},
		{
			Seed: fn("internal/poll/fd_unix.go (*FD).Close"), Std: fn("internal/poll/fd_unix.go (*FD).Close"), Ours: fn("poll/fd.go (*FD).Close"),
			Does: "Mark, wake, drop; then waits until the descriptor is closed, so that a port that was listened on is free when Close returns.",
		},
		{
			Seed: fn("internal/poll/fd_mutex.go (*fdMutex).increfAndClose"), Std: fn("internal/poll/fd_mutex.go (*fdMutex).increfAndClose"),
			Ours: fn("poll/fd_mutex.go (*fdMutex).increfAndClose"),
			Does: "Sets the closed bit, once: a second Close fails. Wakes those who wait for the locks; they fail too.",
		},
		{
			Seed: fn("internal/poll/fd_poll_runtime.go (*pollDesc).evict"), Std: fn("internal/poll/fd_poll_runtime.go (*pollDesc).evict"),
			Ours: fn("poll/fd_poll.go (*pollDesc).evict"),
			Does: "Calls the hook that wakes whoever is parked.",
		},
		{
			Seed: fn("runtime/netpoll.go poll_runtime_pollUnblock"), Std: fn("runtime/netpoll.go poll_runtime_pollUnblock"),
			Ours: fn("runtime_hooks/hooks.go PollUnblock"),
			Does: "Sets closing, then unblocks both sides: a parked reader returns net.ErrClosed. Stops the timers.",
		},
		{
			Seed: fn("internal/poll/fd_mutex.go (*FD).decref"), Std: fn("internal/poll/fd_mutex.go (*FD).decref"), Ours: fn("poll/fd.go (*FD).decref"),
			Does: "Drops the reference. The last one to do so destroys; that may be a reader on its way out.",
		},
		{
			Seed: fn("internal/poll/fd_unix.go (*FD).destroy"), Std: fn("internal/poll/fd_unix.go (*FD).destroy"), Ours: fn("poll/fd.go (*FD).destroy"),
			Does: "Out of the poller first, while the number is still ours, then closed.",
		},
		{
			Seed: fn("runtime/netpoll.go poll_runtime_pollClose"), Std: fn("runtime/netpoll.go poll_runtime_pollClose"),
			Ours: fn("runtime_hooks/hooks.go PollClose"),
			Does: "Takes the descriptor out of epoll and gives the pollDesc back.",
		},
		{
			Seed: fn("runtime/netpoll_epoll.go netpollclose"), Std: fn("runtime/netpoll_epoll.go netpollclose"),
			Ours: fn("runtime_hooks/netpoll_epoll.go netpollclose"),
			Does: "EPOLL_CTL_DEL.",
			Here: "A connection that nobody has waited for was never in epoll. For others close(2) alone would end the watch, but a thread " +
				"in epoll_wait that is looking at the socket could keep it open meanwhile, and fall asleep so.",
			Entry: "watch-on-demand", StdCalls: []string{"epoll_ctl DEL"},
			OursCalls: []string{"epoll_ctl DEL of what was watched"},
		},
		{
			Seed: fn("runtime/netpoll.go (*pollCache).free"), Std: fn("runtime/netpoll.go (*pollCache).free"),
			Ours:  fn("runtime_hooks/pollcache.go (*pollCache).free"),
			Does:  "Back into the list.",
			Since: "Counts fdseq up, so that an event that was under way finds another number than its own.",
		},
		both(Step{
			Seed: fn("syscall/zsyscall_linux_GOARCH.go Close"), Std: fn("syscall/zsyscall_linux_GOARCH.go Close"), Ours: fn("socket/socket.go Close"),
			Does: "close(2).",
		}, "close"),
		{
			Seed: fn("internal/poll/fd_unix.go (*FD).Shutdown"), Std: fn("internal/poll/fd_posix.go (*FD).Shutdown"), Ours: fn("poll/fd.go (*FD).Shutdown"),
			Does:      "What CloseWrite and CloseRead do instead: end one direction; the descriptor stays.",
			Here:      "What the peer sends is received by recvfrom(2) without an address.",
			Scenarios: []string{"half-close"},
			Entry:     "recv-for-read",
			StdCalls:  []string{"shutdown", "read to the end of what the peer sends"}, OursCalls: []string{"shutdown", "recvfrom to the end of what the peer sends"},
		},
	},
}
