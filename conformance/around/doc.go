// Package around compares what a program sees around its connections on net2 and on
// net: its goroutines, its leak checker, the report of a deadlock, the findings of the
// race detector, the system calls that a filter must allow, its profiles, and bubbles
// of testing/synctest.
//
// A process that has both stacks cannot see any of that, because the goroutines of
// one stack would count for the other. So the package builds the program in the
// folder program twice, once as it is and once with net2 in the place of net. It
// builds with the go command, in a module of its own in a temporary folder: without
// cgo, with the race detector, and with the race detector under coverage. One mode of
// the program is one check. The program prints an answer, and the two answers must be
// equal.
//
// The package asks net first. If net cannot answer on this host, because there
// is no go command, no cgo for the race detector, no ptrace or no seccomp, the
// check is not possible, with that reason. Some answers are not the same every
// time: the race detector finds some races by luck. The package then asks
// whether net ever gives the answer that net2 gives.
//
// The environment decides which poller the children of net2 use, as it does for
// every program: run the part with NET2_POLLER=epoll to compare that one with
// net. A goroutine that waits in net2's own poller has a function of that
// poller on top of its stack. The package reads it as the runtime's, but the
// filter that projects use for their leak checkers does not know it. Under a
// system-call filter, a program with this poller may make one call more, with
// which package os takes over the poller's epoll. With the build tag
// net2_portable goroutines wait on channels: the package then skips the checks
// of where a goroutine waits, and those of races that the channels hide.
package around
