package page

import "go.parity/conformance/way"

// structures are where the way begins: what a connection is made of. The
// fields of Go 1.10 stand in Since.
var structures = way.Path{
	Name:  "structures",
	Title: "What a connection is made of",
	Intro: "Four structures, one in the other: the listener or connection has a netFD, the netFD a poll.FD, the FD a pollDesc, and that points to a pollDesc of the runtime's.",
	Steps: []way.Step{
		{
			Std: way.Func{File: "net/tcpsock.go", Name: "TCPListener"}, Ours: way.Func{File: "net2/tcpsock.go", Name: "TCPListener"},
			Does: "What Listen returns: a netFD.", Since: "Had fd alone. It has a ListenConfig beside it since Go 1.11.",
		},
		{
			Std: way.Func{File: "net/fd_posix.go", Name: "netFD"}, Ours: way.Func{File: "net2/netfd.go", Name: "netFD"},
			Does: "What net knows of a socket: its kind and its addresses.", Since: "Had the same fields: pfd, family, sotype, isConnected, net, laddr, raddr.",
			Here: "The addresses are found when somebody asks.",
		},
		{
			Std: way.Func{File: "internal/poll/fd_unix.go", Name: "FD"}, Ours: way.Func{File: "poll/fd.go", Name: "FD"},
			Does:  "One descriptor with its lock and its place in the poller.",
			Since: "Had fdmu, Sysfd, pd, iovecs, csema, IsStream, ZeroReadIsEOF, isFile, isBlocking. iovecs moved into SysFile, and isBlocking became a number that is read atomically.",
		},
		{
			Std: way.Func{File: "internal/poll/fd_mutex.go", Name: "fdMutex"}, Ours: way.Func{File: "poll/fd_mutex.go", Name: "fdMutex"},
			Does: "The lock: one word and two semaphores.", Since: "Is as it was.",
		},
		{
			Std: way.Func{File: "internal/poll/fd_poll_runtime.go", Name: "pollDesc"}, Ours: way.Func{File: "poll/fd_poll.go", Name: "pollDesc"},
			Does: "A handle: the address of the runtime's pollDesc as a number.", Since: "Is as it was: runtimeCtx.",
			Here: "A typed value in place of a number.",
		},
		{
			Std: way.Func{File: "runtime/netpoll.go", Name: "pollDesc"}, Ours: way.Func{File: "runtime_hooks/netpoll.go", Name: "pollDesc"},
			Does:  "What the poller knows of a descriptor: who waits on either side, and until when.",
			Since: "Had link, lock, fd, closing, seq, rg, rt, rd, wg, wt, wd, user. seq became fdseq, rseq and wseq; atomicInfo, rrun, wrun and self are new.",
			Here:  "One timer for both sides; an index that the event carries.",
		},
		{
			Std: way.Func{File: "runtime/netpoll.go", Name: "pollCache"}, Ours: way.Func{File: "runtime_hooks/pollcache.go", Name: "pollCache"},
			Does: "The list of free pollDescs. They are type-stable: never freed, only used again.", Since: "Is as it was: lock and first.",
		},
	},
}
