// Package trace records the system calls that net and net2 make for the same
// scenario and holds them side by side.
//
// A recording is made of a process of its own: the running binary starts
// itself again as a child (see child.go), traces it with ptrace(2) and plays
// the other end of its connections. What the peer does is triggered by what
// the child's trace shows, never by a sleep: a byte is sent when the child's
// read came back with EAGAIN. So the same scenario gives the same calls each
// time.
//
// From the trace are kept the calls between two marks that the child sets.
// What the runtime does for itself (futex, madvise, clone, signals) is left
// out, descriptors are named by what they are (listener, conn, epoll), ports
// by whose they are (own, peer). Waiting for events is kept as an annotation
// that is shown but not compared: how often a poller is asked, and by which
// thread, differs from run to run on one and the same stack.
//
// [Compare] lines two recordings up and attributes each difference to an entry
// of [conformance.Deviations] by the rules in rules.go. [Part] fails on a
// difference that no entry claims, and on an entry that no recording shows.
package trace
