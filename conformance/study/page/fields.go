package page

import (
	"go/ast"
	"go/parser"
	"go/token"
	"strings"

	"go.parity/conformance/way"
)

// A field is one row of a structure's table: what was a field in Go 1.10, and
// what it is today and here. Each is a name, which Write completes with the
// type; "" where there is none.
type field struct {
	Seed, Std, Ours string
	Became          string // "" where it is as it was
}

// fields are the fields of the structures, by the standard library's file and
// name. Types of 1.10 stand here, all others in the sources.
var fields = map[way.Func][]field{
	{File: "net/tcpsock.go", Name: "TCPListener"}: {
		{"fd *netFD", "fd", "fd", ""},
		{"", "lc", "", "New in Go 1.11: what ListenConfig asked for. In net2 the options are on the listener already."},
		{"", "", "inherit", "Whether the kernel hands the listener's options down to what it accepts."},
		{"", "", "group", "The listeners that share its port, if net2 made them together."},
	},
	{File: "net/net.go", Name: "conn"}: {
		{"fd *netFD", "fd", "fd", ""},
	},
	{File: "net/fd_posix.go", Name: "netFD"}: {
		{"pfd poll.FD", "pfd", "pfd", ""},
		{"family int", "family", "family", ""},
		{"sotype int", "sotype", "sotype", ""},
		{"isConnected bool", "isConnected", "isConnected", ""},
		{"net string", "net", "net", ""},
		{"laddr Addr", "laddr", "laddr", "net2 keeps it as the kernel wrote it, and makes an Addr of it when somebody asks."},
		{"raddr Addr", "raddr", "raddr", "net2 keeps it as the kernel wrote it, and makes an Addr of it when somebody asks."},
		{"", "", "laddrOnDemand", "Whether the kernel is still to be asked for laddr."},
		{"", "", "openID", "Its number among the open sockets that net2 lists, if a program asked for the list."},
		{"", "", "udp", "What a program asked of a UDP socket that net cannot ask: merged datagrams, for one."},
	},
	{File: "internal/poll/fd_unix.go", Name: "FD"}: {
		{"fdmu fdMutex", "fdmu", "fdmu", ""},
		{"Sysfd int", "Sysfd", "Sysfd", ""},
		{"pd pollDesc", "pd", "pd", ""},
		{"iovecs *[]syscall.Iovec", "SysFile", "iovecs", "Moved into SysFile, which has what differs from system to system."},
		{"csema uint32", "csema", "csema", ""},
		{"IsStream bool", "IsStream", "IsStream", ""},
		{"ZeroReadIsEOF bool", "ZeroReadIsEOF", "ZeroReadIsEOF", ""},
		{"isFile bool", "isFile", "", "Not needed in net2: its FD is for sockets alone."},
		{"isBlocking bool", "isBlocking", "", "Became a number that is read atomically. Not needed in net2: none of its FDs blocks its thread."},
		{"", "", "shares", "How often the descriptor was shown to others, who may change the socket."},
		{"", "", "DrainsShort", "Whether a read that returns less than it had room for may have taken all there was."},
		{"", "", "drained", "What the reader knows: whether the last Read took all, and whether it must look before it waits."},
		{"", "", "OnDemand", "Whether the poller watches only from the first wait on."},
	},
	{File: "internal/poll/fd_mutex.go", Name: "fdMutex"}: {
		{"state uint64", "state", "state", "An atomic type in net2, so that nothing reads it in another way."},
		{"rsema uint32", "rsema", "rsema", ""},
		{"wsema uint32", "wsema", "wsema", ""},
	},
	{File: "internal/poll/fd_poll_runtime.go", Name: "pollDesc"}: {
		{"runtimeCtx uintptr", "runtimeCtx", "desc", "In net2 a typed value in place of a number."},
		{"", "", "open", "Whether there is a value: the number was 0 where there was none."},
	},
	{File: "runtime/netpoll.go", Name: "pollDesc"}: {
		{"", "_", "", "In 1.10 a comment said it, go:notinheap: this memory is not the collector's."},
		{"link *pollDesc", "link", "link", ""},
		{"", "", "index", "Its place in the pollCache. The event carries it in place of an address."},
		{"fd uintptr", "fd", "fd", ""},
		{"seq uintptr", "fdseq", "fdseq", "One number became three. This one recognises an event of an earlier use of the descriptor."},
		{"", "rseq", "", "Recognises a read timer that was set before the last deadline. In net2 the timer looks at the clock."},
		{"", "wseq", "", "The same for the write timer."},
		{"", "atomicInfo", "atomicInfo", "What a waiter has to know of closing and the deadlines, to be read without the lock."},
		{"rg uintptr", "rg", "rg", "Became an atomic type."},
		{"wg uintptr", "wg", "wg", "Became an atomic type."},
		{"", "", "watched", "The events that epoll watches for; it need not be both directions."},
		{"lock mutex", "lock", "mu", "The runtime has a mutex of its own, which a package cannot use."},
		{"closing bool", "closing", "closing", ""},
		{"rt timer", "rt", "timer", "In net2 one timer serves both deadlines."},
		{"", "rrun", "", "Whether rt runs: a timer no longer shows it by its function."},
		{"rd int64", "rd", "rd", ""},
		{"wt timer", "wt", "", "In net2 one timer serves both deadlines."},
		{"", "wrun", "", "Whether wt runs: a timer no longer shows it by its function."},
		{"wd int64", "wd", "wd", ""},
		{"", "", "timerAt", "When the timer goes off, so that a later deadline need not move it."},
		{"user uint32", "user", "", "A number for the user of the poller; nobody on Linux uses it."},
		{"", "self", "", "Its own address, which a timer's argument points to."},
	},
	{File: "runtime/netpoll.go", Name: "pollCache"}: {
		{"lock mutex", "lock", "mu", "The runtime has a mutex of its own, which a package cannot use."},
		{"first *pollDesc", "first", "first", ""},
		{"", "", "open", "How many are in use, for the statistics."},
		{"", "", "blocks", "All that there are, to be found by the number in an event."},
	},
}

// fields returns the table of a step's structures, nil if it is of none.
func (d Data) fields(s way.Step) []field {
	var rows []field
	std, ours := d.Std.types(s.Std), d.Ours.types(s.Ours)
	for _, f := range fields[s.Std] {
		f.Std, f.Ours = typed(std, f.Std), typed(ours, f.Ours)
		rows = append(rows, f)
	}
	return rows
}

func typed(types map[string]string, name string) string {
	return strings.TrimSpace(name + " " + types[name])
}

// types returns the types of a structure's fields by their names, nothing where
// the source is not at hand.
func (s Source) types(f way.Func) map[string]string {
	const before = "package p\n"
	text := before + s.Declaration(f)
	file, err := parser.ParseFile(token.NewFileSet(), "", text, parser.SkipObjectResolution)
	if err != nil {
		return nil
	}
	types := map[string]string{}
	ast.Inspect(file, func(n ast.Node) bool {
		structure, ok := n.(*ast.StructType)
		if !ok {
			return true
		}
		for _, f := range structure.Fields.List {
			written := text[f.Type.Pos()-1 : f.Type.End()-1]
			if f.Names == nil { // embedded: the name is the type
				types[written] = ""
			}
			for _, name := range f.Names {
				types[name.Name] = written
			}
		}
		return false
	})
	return types
}
