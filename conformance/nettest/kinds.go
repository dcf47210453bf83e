package nettest

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/net/nettest"

	"go.parity/conformance/host"
	"go.parity/conformance/stack"
)

// net, and the stack that is compared with it.
var std, own = stack.Net, stack.Net2

// A kind is a sort of connection: its network, the end that is judged, and the
// stacks of the two ends.
type kind struct {
	network  string
	end      string // dialed or accepted; file is the duplicate of a dialed one
	judged   *stack.Stack
	opposite *stack.Stack
}

func (k kind) String() string {
	return k.network + "/" + k.end + "/" + k.judged.Name + "-with-" + k.opposite.Name
}

// needs is what the kind needs of the host.
func (k kind) needs() host.Need {
	switch k.network {
	case "tcp4":
		return host.Loopback
	case "tcp6":
		return host.IPv6
	}
	return host.TempDir
}

// control is the same kind on net alone.
func (k kind) control() kind {
	k.judged, k.opposite = std, std
	return k
}

// kinds are the connections in which net2 has a part.
var kinds = func() []kind {
	var list []kind
	for _, network := range []string{"tcp4", "tcp6", "unix", "unixpacket"} {
		for _, end := range []string{"dialed", "accepted"} {
			for _, opposite := range []*stack.Stack{own, std} {
				list = append(list, kind{network, end, own, opposite})
			}
		}
		list = append(list, kind{network, "file", own, own})
	}
	return list
}()

// controls are the kinds against which the others are measured.
func controls() []kind {
	var list []kind
	seen := make(map[string]bool)
	for _, k := range kinds {
		if c := k.control(); !seen[c.String()] {
			seen[c.String()] = true
			list = append(list, c)
		}
	}
	return list
}

func kindNamed(name string) (kind, bool) {
	for _, k := range append(controls(), kinds...) {
		if k.String() == name {
			return k, true
		}
	}
	return kind{}, false
}

func (k kind) test(t *testing.T) {
	dir := ""
	if k.needs() == host.TempDir {
		dir = t.TempDir()
	}
	nettest.TestConn(t, func() (net.Conn, net.Conn, func(), error) { return k.pipe(dir) })
}

// pipe makes the two ends of a connection and returns the judged end first.
func (k kind) pipe(dir string) (c1, c2 net.Conn, stop func(), err error) {
	listening, dialing := k.judged, k.opposite
	if k.end != "accepted" {
		listening, dialing = dialing, listening
	}
	var address string
	switch k.network {
	case "tcp4":
		address = "127.0.0.1:0"
	case "tcp6":
		address = "[::1]:0"
	default:
		f, err := os.CreateTemp(dir, "s")
		if err != nil {
			return nil, nil, nil, err
		}
		f.Close()
		os.Remove(f.Name())
		address = filepath.Join(dir, filepath.Base(f.Name()))
	}
	ln, err := listening.Listen(k.network, address)
	if err != nil {
		return nil, nil, nil, err
	}
	type accepted struct {
		net.Conn
		error
	}
	ch := make(chan accepted, 1)
	go func() {
		c, err := ln.Accept()
		ch <- accepted{c, err}
	}()
	dialed, err := dialing.Dial(k.network, ln.Addr().String())
	if err != nil {
		ln.Close()
		if a := <-ch; a.error == nil {
			a.Close()
		}
		return nil, nil, nil, err
	}
	a := <-ch
	if a.error != nil {
		dialed.Close()
		ln.Close()
		return nil, nil, nil, a.error
	}
	if k.end == "file" {
		if dialed, err = k.duplicate(dialed); err != nil {
			a.Close()
			ln.Close()
			return nil, nil, nil, err
		}
	}
	c1, c2 = dialed, a.Conn
	if k.end == "accepted" {
		c1, c2 = c2, c1
	}
	return c1, c2, func() {
		c1.Close()
		c2.Close()
		ln.Close()
	}, nil
}

// duplicate returns a connection over a duplicate of c's descriptor, and
// closes c.
func (k kind) duplicate(c net.Conn) (net.Conn, error) {
	defer c.Close()
	filer, ok := c.(interface{ File() (*os.File, error) })
	if !ok {
		return nil, errors.New("connection without File")
	}
	f, err := filer.File()
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return k.judged.FileConn(f)
}

// warmUp lets both stacks make what they make once and keep. Whatever fails here
// fails again where a check looks at it.
func warmUp() {
	for _, s := range []*stack.Stack{std, own} {
		_, _, stop, err := kind{"tcp4", "dialed", s, s}.pipe(os.TempDir())
		if err == nil {
			stop()
		}
	}
}
