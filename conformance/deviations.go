package conformance

import "slices"

// A Deviation is one place where net2 makes other system calls than net does.
// Code that deviates names it in a comment of the form "// deviation: name".
type Deviation struct {
	Name     string   `json:"name"`
	Pollers  []string `json:"pollers,omitempty"` // of net2, with which it holds; nil for all
	Step     string   `json:"step"`              // the operation: accept, close, …
	Net      string   `json:"net"`               // what net does
	Net2     string   `json:"net2"`              // what net2 does
	Unseen   string   `json:"unseen"`            // why a program cannot see it
	Evidence string   `json:"evidence"`          // the benchmark, test or fact behind it
}

// With reports whether the deviation holds when net2 waits in the given poller.
func (d Deviation) With(poller string) bool {
	return d.Pollers == nil || slices.Contains(d.Pollers, poller)
}

// Deviations lists all deviations. A difference between the system calls of net
// and net2 that is not on this list is a failure.
var Deviations = []Deviation{
	{
		Name: "accept-options-inherited",
		Step: "accept",
		Net: "Sets TCP_NODELAY, SO_KEEPALIVE, TCP_KEEPIDLE, TCP_KEEPINTVL and TCP_KEEPCNT " +
			"on every accepted socket: 5 setsockopt calls for each connection.",
		Net2: "Sets the same options on the listener, once, before listen(2). On the first accepted " +
			"connection it checks with getsockopt that the kernel has handed them down. It sets them on each " +
			"connection, as net does, where the kernel has not, where the listener came from FileListener, and " +
			"from the moment its descriptor is shared through File or SyscallConn.",
		Unseen: "An accepted socket starts with the values of the socket that listened, so that getsockopt on a " +
			"connection reads what it reads in net from the moment that Accept returns. A listening socket does " +
			"nothing with them. They do show to a program that asks the listener itself with getsockopt, and they pass " +
			"to the connections that another process accepts from a descriptor of File.",
		Evidence: "Linux 6.18: all five values are read back from the accepted socket, over IPv4 and IPv6, for TCP " +
			"and MPTCP listeners with TCP and MPTCP clients. That other kernels do the same is checked, not assumed.",
	},
	{
		Name: "local-addr-on-demand",
		Step: "accept",
		Net:  "Calls getsockname after accept4 for each connection.",
		Net2: "Calls it when the address is first asked for, by LocalAddr or for an error, or the socket is shown through File or " +
			"SyscallConn; at the latest in Close. Where nobody asked before Close and the listener is bound to one address, " +
			"it takes the listener's. Where the address may have a zone, it calls getsockname at once.",
		Unseen: "The local address of a connected socket does not change unless somebody who was shown it changes the address: getsockname " +
			"answers the same whenever it is called before close(2). LocalAddr returns after Close what it would have returned " +
			"before, but for a listener for which a program in the kernel (BPF sk_lookup) steers connections to other addresses.",
		Evidence: "tcp(7) and getsockname(2). accept4 and close are the least that a connection " +
			"needs on Linux 6.18, two epoll_ctl more if somebody waits; net makes 10 calls from accept to close.",
	},
	{
		Name: "watch-on-demand",
		Step: "accept",
		Net: "Registers each connection in the epoll set in Accept or Dial, and takes it out in Close: " +
			"epoll_ctl(EPOLL_CTL_ADD) and epoll_ctl(EPOLL_CTL_DEL).",
		Net2: "Registers it when somebody first has to wait for it, or sets a deadline. A connection for which nobody " +
			"did was never in the set, and need not be taken out.",
		Unseen: "EPOLL_CTL_ADD reports what is there already, so that the poller misses nothing that came before it. It can be " +
			"seen where the kernel refuses it, for lack of memory or because the user has too many watches: Accept " +
			"then succeeds, and the error comes to whoever first has to wait or sets a deadline.",
		Evidence: "epoll_ctl(2). Of connections that send a request at once 2 to 51 in 100 were answered without a wait, " +
			"from run to run; all that were only accepted and closed, and all that were dialled on loopback (cmd/bench -workloads 3,4,12). " +
			"For a registered one EPOLL_CTL_DEL cannot be left out, although close(2) alone ends a watch: on Linux " +
			"6.18 a thread in epoll_wait(2) that is looking at the socket holds it, and may sleep before it lets " +
			"go; TestCloseReachesPeer in poll then waited in vain for the end of 1 connection in some 100 to 5000.",
	},
	{
		Name:    "nested-poller",
		Pollers: []string{Epoll, Portable},
		Step:    "poll",
		Net: "Registers each descriptor in the runtime's epoll set, which the scheduler itself waits for: " +
			"epoll_create1, eventfd2 and epoll_ctl at the first use, and epoll_wait by whichever thread has nothing else to run.",
		Net2: "Registers each descriptor in an epoll set of its own, whose descriptor is waited for in the " +
			"runtime's: one more epoll_create1 and epoll_ctl at the first use, and epoll_wait calls with " +
			"timeout 0 by a goroutine that the runtime wakes when the set has events.",
		Unseen: "Goroutines park and are readied as they are for net: they show as \"IO wait\" in a dump, block no thread, " +
			"and deadlines and Close end their wait. What is left is one descriptor more, closed on exec. The goroutine is a " +
			"system goroutine, in no dump or profile, except in a program that was built with net2_portable.",
		Evidence: "epoll(7), question 5: an epoll descriptor can itself be watched. A poller outside the runtime " +
			"cannot wait inside the scheduler; a thread of its own in a blocking epoll_wait had 30% less " +
			"throughput at 64 connections (Linux 6.18, 2 cores, echo of 64 bytes).",
	},
	{
		Name:    "write-watch-on-demand",
		Pollers: []string{Epoll, Portable},
		Step:    "poll",
		Net:     "Watches every descriptor for EPOLLIN and EPOLLOUT from the beginning.",
		Net2: "Watches for EPOLLIN. EPOLLOUT is added when a writer has to wait for the first time, or a connection " +
			"under way: one epoll_ctl(EPOLL_CTL_MOD) then.",
		Unseen: "EPOLL_CTL_MOD reports what is there already, so that the poller does not miss room that came before it. Nobody " +
			"waits for EPOLLOUT earlier. RawConn.Write may call its function once more than net does, which its documentation allows. That " +
			"there is nothing but an error on a descriptor, which fails a read, is told once both directions are watched.",
		Evidence: "epoll_ctl(2). Each datagram that leaves makes its socket writable anew, which woke the poller: UDP " +
			"echo had 0.68 of net's throughput, and has 1.00 (BenchmarkUDPEcho).",
	},
	{
		Name: "recv-for-read",
		Step: "read",
		Net:  "Reads and writes a connection by read and write, the calls for files; datagrams by recvfrom and sendto.",
		Net2: "Calls recvfrom and sendto without an address for both; for a socket of sequenced packets with MSG_EOR, which write " +
			"sets by itself. A program that is built with the race detector or a sanitizer calls read and write, as net does.",
		Unseen: "The kernel's function for the socket is the same, with the same flags, results, errors and signals. It can be seen by " +
			"who looks at the calls: a filter of system calls (seccomp) that was made for a program on TCP alone must allow both; and " +
			"the counts of /proc/PID/io are of read and write, to which these calls do not add.",
		Evidence: "recv(2), send(2). The layer for files is spared: 2 to 3% of a read and a write, 12% of a read that finds nothing (Linux 6.18).",
	},
	{
		Name: "no-empty-read",
		Step: "read",
		Net:  "Reads before each wait; of an idle connection this read finds nothing.",
		Net2: "With NET2_SPARE_READ=often in the environment leaves that read out on a TCP stream if the Read before returned less than it had room for, once the connection has had " +
			"to wait 16 times. It then watches the connection in a second epoll set for its end: two getsockopt and an epoll_ctl once, " +
			"and an epoll_ctl in Close. A connection that then waits for long reads again before it waits, until it has had to wait " +
			"often again. Never for MPTCP, with SO_RCVLOWAT, after File or SyscallConn, or while goroutines that compute keep all processors busy.",
		Unseen: "Without that setting net2 reads as net does. With it: a read that returned less than it had room for has taken all there was, and what comes later has its event. The end, which " +
			"may have come with the data as one event, the second set tells. What no event tells, such as data behind the mark of " +
			"urgent data, a sweep finds: readers that have waited for 30 to 60 ms are verified once. The goroutine that does this is " +
			"a system goroutine, in no dump or profile, except in a program that was built with net2_portable; an execution trace names it " +
			"among the runtime's. It sleeps while it has nobody to verify. The second set, one descriptor, is there as long as a connection needs it.",
		Evidence: "TestRandomStreams in poll: 10,000,000 random segments, ends, resets and urgent marks between 1,000 connections, no byte lost. " +
			"Each guard has its test in poll and runtime_hooks, and fails without it. One system call in three of a request (cmd/bench -workloads 1).",
	},
	{
		Name:    "yield-before-park",
		Pollers: []string{Runtime},
		Step:    "read",
		Net:     "Parks a reader that finds nothing, always.",
		Net2: "While goroutines that compute keep all processors busy, lets the other goroutines of the processor run " +
			"instead, and tries again, up to 16 times; not in RawConn.Read, and not while a deadline is near. Every 16th " +
			"wait on a descriptor does so once, to see how long it takes, but at most one wait in a millisecond.",
		Unseen: "The system call that finds nothing is made again, which the caller of Read does not see. A deadline or " +
			"a close that comes meanwhile ends the operation as it ends a wait.",
		Evidence: "Echo of 64 bytes over 16 connections beside 4 goroutines that compute, on 2 processors, 3 s and longer: p99 0.50 to 0.76 of net's, " +
			"p99.9 0.69 to 0.80, and 1.5 to 1.9 times its throughput. Without such neighbours at most 1,000 reads a second are made twice " +
			"(cmd/bench -workloads 6).",
	},
	{
		Name:    "portable-file-name",
		Pollers: []string{Portable},
		Step:    "file",
		Net:     "The file that File returns is named after the connection's network, as \"tcp4:127.0.0.1:1->127.0.0.1:2\".",
		Net2: "Built with net2_portable the name is the one that net gives: \"tcp:127.0.0.1:1->127.0.0.1:2\", without " +
			"the network's version, and without the peer once that is gone. " +
			"The file is made by duplicating the descriptor through net.FileListener or net.FilePacketConn.",
		Unseen: "It can be seen, in os.File.Name, in this build alone. Only net can make a file whose Fd method leaves " +
			"non-blocking mode, which programs depend on; its name is net's choice.",
		Evidence: "conformance/model found it: pair on \"tcp4\", File, Name.",
	},
	{
		Name: "host-probes",
		Step: "listen",
		Net: "At the first use holds the sockets that try IPv6 open until all are tried, asks for the kernel's " +
			"version with uname when it looks for Multipath TCP, and reads somaxconn with a file reader of its own, for which it makes " +
			"the poller.",
		Net2: "Closes each of these sockets before it makes the next, asks for the version when somebody asks " +
			"whether a connection uses Multipath TCP, and reads somaxconn with open, read and close. The poller is made for the socket.",
		Unseen: "The answers are the same. The sockets, and the file, are closed before the first Listen or Dial " +
			"returns; a program that watches its own descriptors meanwhile sees one less.",
		Evidence: "conformance/trace, scenario listen-first.",
	},
}
