// Package scenario compares the behaviour of net2 with net's. A scenario is
// one script of operations, written once against a table of a stack's
// functions (Stack), and run on each stack in turn. What the script sees goes
// into a recording: values, bytes, addresses, option values read back from the
// kernel, every layer of every error, panics. Two recordings that are not
// equal, a script that hangs or cannot go on, a descriptor or a goroutine left
// behind: each of these is a difference.
//
// Before it compares recordings, the package replaces what no program can rely
// on by its order of appearance: ports and names that the kernel chose,
// directories for temporary files. It records the concrete types of net and
// net2 (TCPConn and its like), and unexported types, without the package's
// name, and every other type with it, so that an address type or an error type
// of net2's own would show.
//
// Nothing here leaves the loopback interface.
package scenario
