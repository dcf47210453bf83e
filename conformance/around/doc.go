// Package around holds what a program sees around its connections with net2
// against what it sees with net: its goroutines, its leak checker, its deadlock
// report, its race detector's findings, the system calls that a filter must
// allow it, its profiles, and bubbles of testing/synctest.
//
// None of that can be seen from inside a process that has both stacks, for the
// goroutines of one would count for the other. So the program in the folder
// program is built twice, once as it is and once with net2 in place of net,
// with the go command and in a module of its own in a temporary folder:
// without cgo, with the race detector, and with the race detector under
// coverage. One mode of the program is one check. It prints an answer, and the
// two answers must be equal.
//
// Net is asked first. Where net cannot answer on this host, because there is
// no go command, no cgo for the race detector, no ptrace or no seccomp, the
// check is skipped with that reason. What is not the same every time (a race
// that is found by luck) is judged by whether net ever gives the answer that
// net2 gives.
//
// The environment decides which poller the children of net2 use, as it does
// for every program: run the part with NET2_POLLER=epoll to hold that one
// against net. A goroutine that waits in net2's own poller has a function of
// it on top, which is read as the runtime's, and is not known to the filter
// that projects use for their leak checkers; and under a system-call filter it
// may make the one call more with which package os takes over its epoll. The
// build tag net2_portable waits on channels: there, the checks of where a
// goroutine waits are skipped, and those of races that the channels hide.
package around
