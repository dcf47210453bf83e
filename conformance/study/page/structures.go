package page

import "go.parity/conformance/way"

// structures are where the way begins: what a connection is made of. Their
// fields are in fields.
var structures = way.Path{
	Name:  "structures",
	Title: "What a connection is made of",
	Intro: "The walk leads through three stacks at once: Go 1.10, as the analysis describes it that this project began with; net, the standard library of today; and net2, which " +
		"rebuilds net outside the standard library. A step is a function, with its source in net and in net2; a lesson ends with the system calls of both, recorded when this page was made. " +
		"First the structures, one in the other: the listener or connection has a netFD, the netFD a poll.FD, the FD a pollDesc, and that points to a pollDesc of the runtime's. " +
		"Each has its fields of Go 1.10, of today and of net2 beside each other; where nothing is said of a field, it is what it was.",
	Steps: []way.Step{
		{
			Std: way.Func{File: "net/tcpsock.go", Name: "TCPListener"}, Ours: way.Func{File: "net2/tcpsock.go", Name: "TCPListener"},
			Does: "What Listen returns. It has a netFD.",
		},
		{
			Std: way.Func{File: "net/net.go", Name: "conn"}, Ours: way.Func{File: "net2/conn.go", Name: "conn"},
			Does: "What every connection embeds, TCPConn as well as UDPConn: a netFD, too.",
		},
		{
			Std: way.Func{File: "net/fd_posix.go", Name: "netFD"}, Ours: way.Func{File: "net2/netfd.go", Name: "netFD"},
			Does: "What net knows of a socket: its kind and its addresses.",
		},
		{
			Std: way.Func{File: "internal/poll/fd_unix.go", Name: "FD"}, Ours: way.Func{File: "poll/fd.go", Name: "FD"},
			Does: "One descriptor with its lock and its place in the poller.",
		},
		{
			Std: way.Func{File: "internal/poll/fd_mutex.go", Name: "fdMutex"}, Ours: way.Func{File: "poll/fd_mutex.go", Name: "fdMutex"},
			Does: "The lock: one word and two semaphores.",
		},
		{
			Std: way.Func{File: "internal/poll/fd_poll_runtime.go", Name: "pollDesc"}, Ours: way.Func{File: "poll/fd_poll.go", Name: "pollDesc"},
			Does: "A handle: the address of the runtime's pollDesc as a number.",
		},
		{
			Std: way.Func{File: "runtime/netpoll.go", Name: "pollDesc"}, Ours: way.Func{File: "runtime_hooks/netpoll.go", Name: "pollDesc"},
			Does: "What the poller knows of a descriptor: who waits on either side, and until when.",
		},
		{
			Std: way.Func{File: "runtime/netpoll.go", Name: "pdNil"}, Ours: way.Func{File: "runtime_hooks/netpoll.go", Name: "pdNil"},
			Does: "What rg and wg may hold: nothing, that somebody is about to park, the address of a parked goroutine (G), or that something is ready. Each arrow of the picture is one exchange.",
		},
		{
			Std: way.Func{File: "runtime/netpoll.go", Name: "pollCache"}, Ours: way.Func{File: "runtime_hooks/pollcache.go", Name: "pollCache"},
			Does: "The list of free pollDescs. They are type-stable: never freed, only used again.",
		},
	},
}
