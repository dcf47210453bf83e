package bench

import "golang.org/x/sys/unix"

// Go's runtime waits by epoll_pwait, which every processor has; other libraries
// wait by the older call where there is one.
func init() { callNames[unix.SYS_EPOLL_WAIT] = "epoll_wait" }
