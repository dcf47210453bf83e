package trace

import "go.parity/conformance"

// rules says, for every entry of [conformance.Deviations], how the entry shows in
// the system calls. Every pattern must match somewhere, and in a scenario that a
// rule does not name the entry is no excuse. So net2 must still take a descriptor
// out of its epoll when File has shared it, and must still set the options of a
// connection that it dialled.
var rules = map[string]rule{
	"accept-options-inherited": {
		any:       true, // a kernel may not pass them on
		scenarios: []string{"listen-first", "listen", "listen-any", "accept-first", "accept", "accept-parks"},
		net: []string{
			"setsockopt(conn, SOL_TCP, TCP_NODELAY, 1) = 0",
			"setsockopt(conn, SOL_SOCKET, SO_KEEPALIVE, 1) = 0",
			"setsockopt(conn, SOL_TCP, TCP_KEEPIDLE, 15) = 0",
			"setsockopt(conn, SOL_TCP, TCP_KEEPINTVL, 15) = 0",
			"setsockopt(conn, SOL_TCP, TCP_KEEPCNT, 9) = 0",
		},
		net2: []string{
			// once, on the listener
			"setsockopt(listener, SOL_TCP, TCP_NODELAY, 1) = 0",
			"setsockopt(listener, SOL_SOCKET, SO_KEEPALIVE, 1) = 0",
			"setsockopt(listener, SOL_TCP, TCP_KEEPIDLE, 15) = 0",
			"setsockopt(listener, SOL_TCP, TCP_KEEPINTVL, 15) = 0",
			"setsockopt(listener, SOL_TCP, TCP_KEEPCNT, 9) = 0",
			// and checked on its first connection
			"getsockopt(conn, SOL_TCP, TCP_NODELAY, 1) = 0",
			"getsockopt(conn, SOL_SOCKET, SO_KEEPALIVE, 1) = 0",
			"getsockopt(conn, SOL_TCP, TCP_KEEPIDLE, 15) = 0",
			"getsockopt(conn, SOL_TCP, TCP_KEEPINTVL, 15) = 0",
			"getsockopt(conn, SOL_TCP, TCP_KEEPCNT, 9) = 0",
		},
	},
	"watch-on-demand": {
		scenarios: []string{
			// Net adds it to the set at once,
			"accept-first", "accept", "accept-parks", "dial", "dial-refused", "unix-accept", "unix-dial", "udp-dial",
			// net2 when somebody waits or sets a deadline,
			"read-parks", "request", "request-parks", "read-often", "read-spared", "write-parks", "deadline", "deadline-past", "half-close", "close-wakes",
			// and if nobody did, net2 does not take it out.
			"close", "close-any", "file",
		},
		net: []string{
			"epoll_ctl(epoll, EPOLL_CTL_ADD, *, EPOLLIN|EPOLLOUT|EPOLLRDHUP|EPOLLET) = 0",
			"epoll_ctl(epoll, EPOLL_CTL_DEL, conn) = 0",
		},
		net2: []string{"epoll_ctl(*epoll*, EPOLL_CTL_ADD, *, EPOLLIN|*EPOLLRDHUP|EPOLLET) = 0"},
	},
	"host-probes": {
		any:       true, // a host may lack IPv6 or MPTCP
		scenarios: []string{"listen-first"},
		net: []string{
			"close(socket2) = 0",
			"uname() = 0",
			"fcntl(file, *) = *",
			"epoll_create1(EPOLL_CLOEXEC) = epoll",
			"eventfd2(*) = eventfd",
			"epoll_ctl(epoll, EPOLL_CTL_ADD, eventfd, EPOLLIN) = 0",
			"epoll_ctl(epoll, EPOLL_CTL_ADD, file, *) = 0",
			"epoll_ctl(epoll, EPOLL_CTL_DEL, file) = 0",
			`read(file, "*\n", 65536) = *`,
			`read(file, "", *) = 0`,
		},
		net2: []string{
			"close(socket2) = 0",
			`read(file, "*\n", 64) = *`,
			"epoll_create1(EPOLL_CLOEXEC) = *epoll",
			"eventfd2(*) = eventfd",
			"epoll_ctl(*epoll, EPOLL_CTL_ADD, eventfd, EPOLLIN) = 0",
		},
	},
	"local-addr-on-demand": {
		scenarios: []string{"accept-first", "accept", "accept-parks", "local-addr", "local-addr-any", "deadline", "deadline-past", "close-any", "file"},
		net:       []string{"getsockname(conn, 127.0.0.1:own) = 0"},
		net2:      []string{"getsockname(conn, 127.0.0.1:own) = 0"},
	},
	"nested-poller": {
		any: true, // the goroutine of a portable build waits as an os.File does
		net2: []string{
			"epoll_create1(EPOLL_CLOEXEC) = epoll",
			"fcntl(epoll, F_GETFL) = *",
			"fcntl(epoll, F_SETFL, O_RDWR|O_NONBLOCK) = 0",
			"epoll_ctl(runtime-epoll, EPOLL_CTL_ADD, epoll, EPOLLIN|EPOLLOUT|EPOLLRDHUP|EPOLLET) = 0",
		},
		polls: []string{
			"epoll_*(runtime-epoll, [*epoll EPOLLIN*], *", // the runtime hears that our epoll has events
			"epoll_*(epoll, [*",                           // and we ask it which
		},
	},
	"portable-file-name": {
		scenarios: []string{"file"},
		net2: []string{
			"fcntl(conn-dup*, F_GETFL) = *",
			"fcntl(conn-dup*, F_DUPFD_CLOEXEC, 0) = conn-dup*",
			"getsockopt(conn-dup2, SOL_SOCKET, SO_TYPE, 1) = 0",
			"getsockname(conn-dup2, 127.0.0.1:own) = 0",
			"getpeername(conn-dup2, 127.0.0.1:peer) = 0",
			"epoll_ctl(runtime-epoll, EPOLL_CTL_ADD, conn-dup*, EPOLLIN|EPOLLOUT|EPOLLRDHUP|EPOLLET) = 0",
			"epoll_ctl(runtime-epoll, EPOLL_CTL_DEL, conn-dup*) = 0",
			"close(conn-dup*) = 0",
		},
	},
	"no-empty-read": {
		scenarios: []string{"read-spared"},
		first:     true, // the watch looks like a poller of our own
		any:       true, // the portable build's watch has two more calls
		net:       []string{"read(conn, …, 16) = -1 EAGAIN"},
		net2: []string{
			"getsockopt(conn, SOL_SOCKET, SO_PROTOCOL, 6) = 0",
			"getsockopt(conn, SOL_SOCKET, SO_RCVLOWAT, *) = 0",
			"epoll_create1(EPOLL_CLOEXEC) = *epoll*",
			"fcntl(*epoll*, F_GETFL) = *",
			"fcntl(*epoll*, F_SETFL, O_RDWR|O_NONBLOCK) = 0",
			"epoll_ctl(*epoll*, EPOLL_CTL_ADD, *epoll*, EPOLLIN|EPOLLOUT|EPOLLRDHUP|EPOLLET) = 0",
			"epoll_ctl(*epoll*, EPOLL_CTL_ADD, conn, EPOLLRDHUP|EPOLLET) = 0",
			"epoll_ctl(*epoll*, EPOLL_CTL_DEL, conn) = 0",
		},
	},
	"recv-for-read": {
		// The same bytes, and the same result: see fileForm.
		change: [][2]string{
			{"read(*, *, *) = *", "recvfrom(*, *, *, 0, *) = *"},
			{"write(*, *, *) = *", "sendto(*, *, *, 0, NULL) = *"},
			{"read(*, …, …) = *", "recvfrom(*, …, …, …, …) = *"},
			{"write(*, …, …) = *", "sendto(*, …, …, …, …) = *"},
		},
	},
	"write-watch-on-demand": {
		// The watch that stands where net's stands, only for readers.
		change: [][2]string{{
			"epoll_ctl(epoll, EPOLL_CTL_ADD, *, EPOLLIN|EPOLLOUT|EPOLLRDHUP|EPOLLET) = 0",
			"epoll_ctl(epoll, EPOLL_CTL_ADD, *, EPOLLIN|EPOLLRDHUP|EPOLLET) = 0",
		}},
		net2: []string{"epoll_ctl(epoll, EPOLL_CTL_MOD, *, EPOLLIN|EPOLLOUT|EPOLLRDHUP|EPOLLET) = 0"},
	},
	"yield-before-park": {
		none: "it takes goroutines that compute on every processor, or more waits than a scenario has; " +
			"a read that finds nothing is then made again",
	},
}

// listed returns the names of the deviations.
func listed() []string {
	var names []string
	for _, d := range conformance.Deviations {
		names = append(names, d.Name)
	}
	return names
}
