// Package trace records the system calls that net and net2 make for the same
// scenario and holds them side by side.
//
// Each recording comes from a process of its own: the running binary starts
// itself again as a child (see child.go), traces it with ptrace(2) and plays
// the other end of its connections. The peer acts on what the child's trace
// shows, never after a sleep: it sends a byte once the child's read has come
// back with EAGAIN. So the same scenario gives the same calls each time.
//
// A recording keeps the calls between two marks that the child sets. It leaves
// out what the runtime does for itself (futex, madvise, clone, signals), names
// descriptors by what they are (listener, conn, epoll) and ports by whose they
// are (own, peer). It keeps a wait for events as an annotation, which is shown
// but not compared: how often a poller is asked, and by which thread, differs
// from run to run on one and the same stack.
//
// [Compare] lines up two recordings and attributes each difference to an entry
// of [conformance.Deviations] by the rules in rules.go. [Part] fails on a
// difference that no entry claims, and on an entry that no recording shows.
package trace
