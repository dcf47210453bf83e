//go:build amd64 || arm64 || riscv64

package trace

import "fmt"

//go:generate go run ./sysnum

// syscallName returns the name of a system call on this architecture.
func syscallName(nr int) string {
	if nr >= 0 && nr < len(syscallNames) && syscallNames[nr] != "" {
		return syscallNames[nr]
	}
	return fmt.Sprintf("syscall_%d", nr)
}

// noise lists the calls that the runtime makes for itself: they belong to no
// scenario, and no two runs make the same ones.
var noise = map[string]bool{
	"arch_prctl": true, "brk": true, "clock_gettime": true, "clock_nanosleep": true,
	"clone": true, "clone3": true, "exit": true, "exit_group": true, "futex": true,
	"futex_waitv": true, "getpid": true, "getrandom": true, "gettid": true,
	"madvise": true, "membarrier": true, "mincore": true, "mmap": true, "mprotect": true,
	"munmap": true, "nanosleep": true, "prlimit64": true, "restart_syscall": true,
	"rseq": true, "rt_sigaction": true, "rt_sigprocmask": true, "rt_sigreturn": true,
	"sched_getaffinity": true, "sched_yield": true, "set_robust_list": true,
	"set_tid_address": true, "setitimer": true, "sigaltstack": true, "tgkill": true,
	"timer_create": true, "timer_delete": true, "timer_settime": true,
}

// polling lists the calls with which a poller asks for events.
var polling = map[string]bool{"epoll_wait": true, "epoll_pwait": true, "epoll_pwait2": true}

// A kind says how an argument is read and written. The kinds of the second
// group point to memory that the kernel fills in: they are read when the call
// returns.
type kind int

const (
	skip     kind = iota // says nothing: the length of a fixed struct, a zero
	number               // as it is
	size                 // a number of bytes asked for
	fd                   // a descriptor
	dirfd                // a descriptor, or AT_FDCWD
	family               // socket: AF_INET
	socktype             // socket: SOCK_STREAM|SOCK_NONBLOCK
	proto                // socket: IPPROTO_TCP
	level                // setsockopt: SOL_SOCKET
	option               // setsockopt: SO_REUSEADDR, by the level before it
	optIn                // the option's value, an int or a struct
	addrIn               // sockaddr, followed by its length
	bufIn                // bytes, followed by their number
	iovIn                // struct iovec, followed by their number
	msgIn                // struct msghdr
	pathIn               // a C string
	ctlOp                // EPOLL_CTL_ADD
	event                // struct epoll_event
	command              // fcntl: F_GETFL
	cmdArg               // fcntl's argument, by the command before it
	how                  // shutdown: SHUT_WR
	opens                // open: O_CLOEXEC
	msgs                 // MSG_NOSIGNAL
	splices              // SPLICE_F_NONBLOCK
	millis               // a timeout
	offset               // *off_t: NULL or its value

	out     // the kinds below are read when the call returns
	addrOut // sockaddr, followed by a pointer to its length
	optOut
	bufOut
	iovOut
	msgOut
	events // struct epoll_event, as many as the call returned
	pair   // int[2], two new descriptors
)

// A format says how a system call is written and whether it makes a
// descriptor.
type format struct {
	args  []kind
	makes string // what the returned descriptor is, as object.kind
}

// formats lists the calls that a scenario may make. A recording keeps other calls
// too, without their arguments.
var formats = map[string]format{
	"socket":          {args: []kind{family, socktype, proto}, makes: "socket"},
	"bind":            {args: []kind{fd, addrIn, skip}},
	"connect":         {args: []kind{fd, addrIn, skip}},
	"listen":          {args: []kind{fd, number}},
	"accept":          {args: []kind{fd, addrOut, skip}, makes: "conn"},
	"accept4":         {args: []kind{fd, addrOut, skip, socktype}, makes: "conn"},
	"getsockname":     {args: []kind{fd, addrOut, skip}},
	"getpeername":     {args: []kind{fd, addrOut, skip}},
	"setsockopt":      {args: []kind{fd, level, option, optIn, skip}},
	"getsockopt":      {args: []kind{fd, level, option, optOut, skip}},
	"read":            {args: []kind{fd, bufOut, size}},
	"write":           {args: []kind{fd, bufIn, size}},
	"pread64":         {args: []kind{fd, bufOut, size, number}},
	"readv":           {args: []kind{fd, iovOut, number}},
	"writev":          {args: []kind{fd, iovIn, number}},
	"recvfrom":        {args: []kind{fd, bufOut, size, msgs, addrOut, skip}},
	"sendto":          {args: []kind{fd, bufIn, size, msgs, addrIn, skip}},
	"recvmsg":         {args: []kind{fd, msgOut, msgs}},
	"sendmsg":         {args: []kind{fd, msgIn, msgs}},
	"recvmmsg":        {args: []kind{fd, skip, size, msgs, skip}},
	"sendmmsg":        {args: []kind{fd, skip, size, msgs}},
	"shutdown":        {args: []kind{fd, how}},
	"close":           {args: []kind{fd}},
	"dup":             {args: []kind{fd}, makes: "dup"},
	"dup3":            {args: []kind{fd, fd, opens}, makes: "dup"},
	"fcntl":           {args: []kind{fd, command, cmdArg}},
	"fstat":           {args: []kind{fd}},
	"lseek":           {args: []kind{fd, number, number}},
	"openat":          {args: []kind{dirfd, pathIn, opens}, makes: "file"},
	"unlink":          {args: []kind{pathIn}},
	"unlinkat":        {args: []kind{dirfd, pathIn, number}},
	"newfstatat":      {args: []kind{dirfd, pathIn}},
	"uname":           {},
	"pipe2":           {args: []kind{pair, opens}},
	"sendfile":        {args: []kind{fd, fd, offset, size}},
	"splice":          {args: []kind{fd, offset, fd, offset, size, splices}},
	"copy_file_range": {args: []kind{fd, offset, fd, offset, size, number}},
	"epoll_create1":   {args: []kind{opens}, makes: "epoll"},
	"epoll_ctl":       {args: []kind{fd, ctlOp, fd, event}},
	"epoll_wait":      {args: []kind{fd, events, skip, millis}},
	"epoll_pwait":     {args: []kind{fd, events, skip, millis}},
	"epoll_pwait2":    {args: []kind{fd, events}},
	"eventfd2":        {args: []kind{number, opens}, makes: "eventfd"},
}
