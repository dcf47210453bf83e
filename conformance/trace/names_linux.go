//go:build amd64 || arm64 || riscv64

package trace

import (
	"fmt"
	"strings"

	"golang.org/x/sys/unix"
)

// A named is a constant's value and name.
type named struct {
	value uint64
	name  string
}

// nameOf returns the name of v in table, or v as a number.
func nameOf(table []named, v uint64) string {
	for _, n := range table {
		if n.value == v {
			return n.name
		}
	}
	return fmt.Sprint(int64(v))
}

// flags writes v as the names of its bits, followed by the bits without a name.
func flags(table []named, v uint64) string {
	var names []string
	for _, n := range table {
		if n.value != 0 && v&n.value == n.value {
			names = append(names, n.name)
			v &^= n.value
		}
	}
	if v != 0 || len(names) == 0 {
		if v == 0 {
			return "0"
		}
		names = append(names, fmt.Sprintf("%#x", v))
	}
	return strings.Join(names, "|")
}

var families = []named{
	{unix.AF_INET, "AF_INET"}, {unix.AF_INET6, "AF_INET6"}, {unix.AF_UNIX, "AF_UNIX"}, {unix.AF_NETLINK, "AF_NETLINK"},
}

var socketTypes = []named{
	{unix.SOCK_STREAM, "SOCK_STREAM"}, {unix.SOCK_DGRAM, "SOCK_DGRAM"}, {unix.SOCK_RAW, "SOCK_RAW"},
	{unix.SOCK_SEQPACKET, "SOCK_SEQPACKET"},
}

var socketFlags = []named{{unix.SOCK_CLOEXEC, "SOCK_CLOEXEC"}, {unix.SOCK_NONBLOCK, "SOCK_NONBLOCK"}}

var protocols = []named{
	{unix.IPPROTO_TCP, "IPPROTO_TCP"}, {unix.IPPROTO_UDP, "IPPROTO_UDP"}, {unix.IPPROTO_MPTCP, "IPPROTO_MPTCP"},
}

var levels = []named{
	{unix.SOL_SOCKET, "SOL_SOCKET"}, {unix.IPPROTO_TCP, "SOL_TCP"}, {unix.IPPROTO_IP, "SOL_IP"},
	{unix.IPPROTO_IPV6, "SOL_IPV6"}, {unix.SOL_MPTCP, "SOL_MPTCP"},
}

// options has the options that net and net2 use, by level.
var options = map[uint64][]named{
	unix.SOL_SOCKET: {
		{unix.SO_BROADCAST, "SO_BROADCAST"}, {unix.SO_DOMAIN, "SO_DOMAIN"}, {unix.SO_ERROR, "SO_ERROR"},
		{unix.SO_KEEPALIVE, "SO_KEEPALIVE"}, {unix.SO_LINGER, "SO_LINGER"}, {unix.SO_PROTOCOL, "SO_PROTOCOL"},
		{unix.SO_RCVBUF, "SO_RCVBUF"}, {unix.SO_REUSEADDR, "SO_REUSEADDR"}, {unix.SO_REUSEPORT, "SO_REUSEPORT"},
		{unix.SO_SNDBUF, "SO_SNDBUF"}, {unix.SO_TYPE, "SO_TYPE"}, {unix.SO_RCVLOWAT, "SO_RCVLOWAT"}, {unix.SO_ACCEPTCONN, "SO_ACCEPTCONN"},
	},
	unix.IPPROTO_TCP: {
		{unix.TCP_KEEPCNT, "TCP_KEEPCNT"}, {unix.TCP_KEEPIDLE, "TCP_KEEPIDLE"}, {unix.TCP_KEEPINTVL, "TCP_KEEPINTVL"},
		{unix.TCP_NODELAY, "TCP_NODELAY"}, {unix.TCP_INFO, "TCP_INFO"}, {unix.TCP_DEFER_ACCEPT, "TCP_DEFER_ACCEPT"},
	},
	unix.IPPROTO_IP:   {{unix.IP_MULTICAST_IF, "IP_MULTICAST_IF"}, {unix.IP_MULTICAST_LOOP, "IP_MULTICAST_LOOP"}},
	unix.IPPROTO_IPV6: {{unix.IPV6_V6ONLY, "IPV6_V6ONLY"}},
}

var ctlOps = []named{
	{unix.EPOLL_CTL_ADD, "EPOLL_CTL_ADD"}, {unix.EPOLL_CTL_DEL, "EPOLL_CTL_DEL"}, {unix.EPOLL_CTL_MOD, "EPOLL_CTL_MOD"},
}

var epollFlags = []named{
	{unix.EPOLLIN, "EPOLLIN"}, {unix.EPOLLOUT, "EPOLLOUT"}, {unix.EPOLLRDHUP, "EPOLLRDHUP"},
	{unix.EPOLLHUP, "EPOLLHUP"}, {unix.EPOLLERR, "EPOLLERR"}, {unix.EPOLLPRI, "EPOLLPRI"},
	{unix.EPOLLEXCLUSIVE, "EPOLLEXCLUSIVE"}, {unix.EPOLLET & 0xffffffff, "EPOLLET"},
}

var commands = []named{
	{unix.F_DUPFD, "F_DUPFD"}, {unix.F_DUPFD_CLOEXEC, "F_DUPFD_CLOEXEC"}, {unix.F_GETFD, "F_GETFD"},
	{unix.F_SETFD, "F_SETFD"}, {unix.F_GETFL, "F_GETFL"}, {unix.F_SETFL, "F_SETFL"},
	{unix.F_GETPIPE_SZ, "F_GETPIPE_SZ"}, {unix.F_SETPIPE_SZ, "F_SETPIPE_SZ"},
}

var hows = []named{{unix.SHUT_RD, "SHUT_RD"}, {unix.SHUT_WR, "SHUT_WR"}, {unix.SHUT_RDWR, "SHUT_RDWR"}}

// openFlags serve for open, pipe2, eventfd2, dup3 and epoll_create1, whose
// flags have the same values.
var openFlags = []named{
	{unix.O_WRONLY, "O_WRONLY"}, {unix.O_RDWR, "O_RDWR"}, {unix.O_CREAT, "O_CREAT"}, {unix.O_TRUNC, "O_TRUNC"},
	{unix.O_CLOEXEC, "O_CLOEXEC"}, {unix.O_NONBLOCK, "O_NONBLOCK"},
}

var messageFlags = []named{
	{unix.MSG_NOSIGNAL, "MSG_NOSIGNAL"}, {unix.MSG_DONTWAIT, "MSG_DONTWAIT"}, {unix.MSG_CMSG_CLOEXEC, "MSG_CMSG_CLOEXEC"},
	{unix.MSG_OOB, "MSG_OOB"}, {unix.MSG_PEEK, "MSG_PEEK"}, {unix.MSG_TRUNC, "MSG_TRUNC"}, {unix.MSG_ZEROCOPY, "MSG_ZEROCOPY"},
}

// spliceFlags; package unix has them for splice(2) itself.
var spliceFlags = []named{
	{unix.SPLICE_F_MOVE, "SPLICE_F_MOVE"}, {unix.SPLICE_F_NONBLOCK, "SPLICE_F_NONBLOCK"}, {unix.SPLICE_F_MORE, "SPLICE_F_MORE"},
}
