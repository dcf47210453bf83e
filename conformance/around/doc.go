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
// Net is asked first. Where net cannot answer on this host, because there is
// no go command, no cgo for the race detector, no ptrace or no seccomp, the
// check is not possible, with that reason. Some answers are not the same every time: the
// race detector finds some races by luck. The package then asks whether net ever gives
// the answer that net2 gives.
//
// The environment decides which poller the children of net2 use, as it does
// for every program: run the part with NET2_POLLER=epoll to compare that one
// with net. A goroutine that waits in net2's own poller has a function of
// it on top, which is read as the runtime's, and is not known to the filter
// that projects use for their leak checkers; and under a system-call filter it
// may make the one call more with which package os takes over its epoll. The
// build tag net2_portable waits on channels: there, the checks of where a
// goroutine waits are skipped, and those of races that the channels hide.
package around
