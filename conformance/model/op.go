package model

import (
	"fmt"
	"strings"
)

// A Kind is what an operation does.
type Kind uint8

const (
	Pair         Kind = iota // listen, dial and accept; or two packet sockets
	Write                    // write N bytes
	Read                     // read what is there, N bytes at most, or to the end
	ReadNone                 // read when nothing is there, until a near deadline
	ReadWoken                // read when nothing is there, while the peer writes N bytes
	ReadClosed               // read when nothing is there, while the same end closes
	ReadEnded                // read when nothing is there, while the peer closes
	ReadTimedOut             // read when nothing is there, while the deadline is set to the past
	Zero                     // read and write nothing
	Deadline                 // set the deadlines of side N%3 to time N/3
	CloseWrite               // end the writing side
	CloseRead                // end the reading side
	Close                    // close
	Option                   // set option N and read it back
	Names                    // local and remote address
	File                     // take a file, close it, go on with the connection
	FileConn                 // go on with a connection made from a file
	Control                  // look at the descriptor through SyscallConn
	RawRead                  // read through SyscallConn
	Copy                     // io.Copy of N bytes into the connection
	Buffers                  // write N bytes in several buffers
	Refused                  // dial an address where nobody listens
	Canceled                 // dial with a context that is done
	BadAddress               // dial and listen on malformed address N
	AcceptClosed             // accept, while the listener closes

	// What net2 can do beyond net; see beyond.go.

	TryRead        // read what is there, if something is
	WaitRead       // wait for something to read, or for a context
	ReadContext    // Read, with a context
	ReadCanceled   // read when nothing is there, until a context is done
	WriteContext   // Write, with a context
	OnReadable     // let a function wait for something to read
	PeerClosed     // ask whether the peer has ended its side
	OnPeerClosed   // let a function wait for that
	ReadBuffers    // Read, into several buffers
	AcceptCanceled // accept until a context is done, and again
	numKinds
)

var kindNames = [numKinds]string{
	"Pair", "Write", "Read", "ReadNone", "ReadWoken", "ReadClosed", "ReadEnded", "ReadTimedOut", "Zero",
	"Deadline", "CloseWrite", "CloseRead", "Close", "Option", "Names", "File", "FileConn", "Control",
	"RawRead", "Copy", "Buffers", "Refused", "Canceled", "BadAddress", "AcceptClosed",
	"TryRead", "WaitRead", "ReadContext", "ReadCanceled", "WriteContext", "OnReadable", "PeerClosed", "OnPeerClosed",
	"ReadBuffers", "AcceptCanceled",
}

func (k Kind) String() string { return kindNames[k%numKinds] }

// An Op is one operation. Kind says what Conn and N mean. Any values will do, for
// the machine takes them modulo what there is.
type Op struct {
	Kind Kind
	Conn uint8 // which end; for Pair, which network
	N    uint16
}

func (o Op) String() string {
	return fmt.Sprintf("{%v, %d, %d}", o.Kind%numKinds, o.Conn, o.N)
}

// A Program is a sequence of operations, which run from the first to the last.
// Then the machine closes all that the program left open.
type Program []Op

func (p Program) String() string {
	var b strings.Builder
	for i, o := range p {
		fmt.Fprintf(&b, "%3d %v\n", i, o)
	}
	return b.String()
}

// Source returns the program as a Go test of this module that runs it and fails
// if the stacks diverge.
func (p Program) Source() string {
	var b strings.Builder
	b.WriteString("package model_test\n\nimport (\n\t\"testing\"\n\n\t\"go.parity/conformance/model\"\n)\n\n")
	b.WriteString("func TestProgram(t *testing.T) {\n\tp := model.Program{\n")
	for _, o := range p {
		fmt.Fprintf(&b, "\t\t{Kind: model.%v, Conn: %d, N: %d},\n", o.Kind%numKinds, o.Conn, o.N)
	}
	b.WriteString("\t}\n\tif diff := model.Diff(p); diff != \"\" {\n\t\tt.Errorf(\"(-net +net2)\\n%s\", diff)\n\t}\n}\n")
	return b.String()
}
