// Package scenario holds the behaviour of net2 against net's. A scenario is
// one script of operations, written once against a table of a stack's
// functions (Stack), and run on each stack in turn. What the script sees goes
// into a recording: values, bytes, addresses, option values read back from the
// kernel, every layer of every error, panics. Two recordings that are not
// equal, a script that hangs or cannot go on, a descriptor or a goroutine left
// behind: each of these is a difference.
//
// What no program can rely on is replaced by its order of appearance before
// recordings are compared: ports and names that the kernel chose, directories
// for temporary files. The concrete types of net and net2 (TCPConn and its
// like), and unexported types, are recorded without the package's name;
// everything else with it, so that an address or an error type of net2's own
// would be seen.
//
// Nothing here leaves the loopback interface.
package scenario
