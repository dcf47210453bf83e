//go:build linux && (amd64 || arm64 || riscv64)

package fault

import (
	"golang.org/x/sys/unix"

	"go.parity/conformance/trace"
)

// errnos lists for each call the errnos of its man page, and EINTR where nobody
// expects it. It leaves out those which say that the memory or the descriptor
// that the caller named does not exist: a correct stack never gets them. It
// also leaves out those that promise an event which would not come:
// EINPROGRESS, and EAGAIN from a call that waits for the poller.
var errnos = map[string][]unix.Errno{
	"socket": {unix.EACCES, unix.EAFNOSUPPORT, unix.EINVAL, unix.EMFILE, unix.ENFILE, unix.ENOBUFS, unix.ENOMEM,
		unix.EPERM, unix.EPROTONOSUPPORT, unix.EINTR},
	"bind": {unix.EACCES, unix.EADDRINUSE, unix.EADDRNOTAVAIL, unix.EINVAL, unix.ELOOP, unix.ENAMETOOLONG, unix.ENOENT,
		unix.ENOMEM, unix.ENOTDIR, unix.EPERM, unix.EROFS},
	"listen": {unix.EADDRINUSE, unix.EOPNOTSUPP, unix.EACCES},
	"accept4": {unix.ECONNABORTED, unix.EINTR, unix.EINVAL, unix.EMFILE, unix.ENFILE, unix.ENOBUFS,
		unix.ENOMEM, unix.EOPNOTSUPP, unix.EPERM, unix.EPROTO, unix.ENETDOWN, unix.EHOSTUNREACH},
	"connect": {unix.EACCES, unix.EPERM, unix.EADDRINUSE, unix.EADDRNOTAVAIL, unix.EAFNOSUPPORT, unix.EAGAIN,
		unix.ECONNREFUSED, unix.EISCONN, unix.ENETUNREACH, unix.EHOSTUNREACH, unix.EPROTOTYPE, unix.ETIMEDOUT,
		unix.ENOENT, unix.ENOBUFS},
	"epoll_create1": {unix.EINVAL, unix.EMFILE, unix.ENFILE, unix.ENOMEM},
	"epoll_ctl":     {unix.EEXIST, unix.ELOOP, unix.ENOENT, unix.ENOMEM, unix.ENOSPC, unix.EPERM},
	"setsockopt":    {unix.EINVAL, unix.ENOPROTOOPT, unix.EDOM, unix.ENOMEM, unix.EPERM, unix.EACCES, unix.EISCONN},
	"getsockopt":    {unix.EINVAL, unix.ENOPROTOOPT, unix.EACCES, unix.EPERM},
	"getsockname":   {unix.EINVAL, unix.ENOBUFS},
	"getpeername":   {unix.EINVAL, unix.ENOBUFS, unix.ENOTCONN},
	"read": {unix.EINTR, unix.EINVAL, unix.EIO, unix.ECONNRESET, unix.ENOBUFS, unix.ENOMEM,
		unix.ETIMEDOUT, unix.ENOTCONN},
	"write": {unix.EINTR, unix.EINVAL, unix.EIO, unix.ECONNRESET, unix.EDESTADDRREQ, unix.ENOBUFS,
		unix.ENOSPC, unix.EPERM, unix.EPIPE, unix.EDQUOT},
	"writev": {unix.EINTR, unix.EINVAL, unix.EIO, unix.ECONNRESET, unix.ENOBUFS, unix.EPIPE},
	"readv":  {unix.EINTR, unix.EINVAL, unix.EIO, unix.ECONNRESET, unix.ENOBUFS, unix.ENOMEM, unix.ETIMEDOUT},
	"recvfrom": {unix.EINTR, unix.ECONNREFUSED, unix.EINVAL, unix.ENOMEM, unix.ENOTCONN,
		unix.ENETDOWN, unix.EHOSTUNREACH},
	"recvmsg": {unix.EINTR, unix.ECONNREFUSED, unix.EINVAL, unix.ENOMEM, unix.ENOTCONN, unix.EMSGSIZE},
	"sendto": {unix.EACCES, unix.EALREADY, unix.ECONNRESET, unix.EDESTADDRREQ, unix.EINTR, unix.EINVAL,
		unix.EISCONN, unix.EMSGSIZE, unix.ENOBUFS, unix.ENOMEM, unix.ENOTCONN, unix.EOPNOTSUPP, unix.EPIPE,
		unix.EPERM, unix.ECONNREFUSED, unix.ENETUNREACH, unix.EHOSTUNREACH},
	"sendmsg": {unix.EACCES, unix.ECONNRESET, unix.EDESTADDRREQ, unix.EINTR, unix.EINVAL,
		unix.EISCONN, unix.EMSGSIZE, unix.ENOBUFS, unix.ENOMEM, unix.ENOTCONN, unix.EPIPE, unix.EPERM,
		unix.ETOOMANYREFS},
	"sendfile":        {unix.EINTR, unix.EINVAL, unix.EIO, unix.ENOMEM, unix.ENOSYS, unix.EOPNOTSUPP, unix.EOVERFLOW, unix.ESPIPE, unix.EPERM, unix.EPIPE},
	"splice":          {unix.EINTR, unix.EINVAL, unix.ENOMEM, unix.ESPIPE, unix.EIO, unix.EPIPE, unix.ENOSYS},
	"copy_file_range": {unix.EINVAL, unix.EIO},
	"close":           {unix.EINTR, unix.EIO, unix.ENOSPC, unix.EDQUOT},
	"shutdown":        {unix.EINVAL, unix.ENOTCONN},
	"dup":             {unix.EBUSY, unix.EMFILE},
	"dup3":            {unix.EBUSY, unix.EMFILE, unix.EINTR},
	"fcntl":           {unix.EACCES, unix.EAGAIN, unix.EINTR, unix.EINVAL, unix.EMFILE, unix.EPERM},
	"pipe2":           {unix.EINVAL, unix.EMFILE, unix.ENFILE},
	"openat":          {unix.EACCES, unix.EINTR, unix.EMFILE, unix.ENFILE, unix.ENOENT, unix.ENOMEM},
	"unlinkat":        {unix.EACCES, unix.EBUSY, unix.EIO, unix.ENOENT, unix.EPERM, unix.EROFS},
	"unlink":          {unix.EACCES, unix.EBUSY, unix.EIO, unix.ENOENT, unix.EPERM, unix.EROFS},
}

// faults lists the faults that an operation's calls may have.
func faults(calls []string) []trace.Fault {
	var list []trace.Fault
	nth := map[string]int{}
	for _, call := range calls {
		nth[call]++
		f := trace.Fault{Call: call, Nth: nth[call]}
		for _, f.Errno = range errnos[trace.CallName(call)] {
			list = append(list, f)
		}
		if f.Errno = 0; trace.Short(call) {
			list = append(list, f)
		}
	}
	return list
}
