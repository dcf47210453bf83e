// Package fault makes every system call of every operation fail, once, with
// every errno that its man page lists, on net and on net2, and compares what
// comes of it: the results and errors of the operation and of those after it,
// whether anything is left open, and whether anybody is left waiting.
//
// The calls fail from outside, over ptrace(2): neither stack knows of it. A call
// that both stacks make is named by its place among the calls of that name in
// the operation, as accept/accept4-1/EMFILE. A call that net2 does not make
// cannot fail; see the list of deviations.
//
// What net2 has beyond net runs on net2 alone: each step must succeed or return an
// OpError, and nothing may be left open.
package fault

const (
	partName = "fault"
	partDoc  = "every system call fails once with every errno of its man page, and what comes of it"
)
