package model

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"regexp"
	"strconv"
	"strings"
	"syscall"
)

// A namer gives what the kernel chose, ports and temporary paths, names in the
// order in which they appear, so that two runs can be compared.
type namer struct {
	dir      string
	ports    map[string]string
	collided bool // the kernel gave out a port twice: two things have one name

	succeeded bool // whether anything has succeeded since this was last set to false
}

// portPattern matches the ports that the kernel chooses, unless the host is
// configured to choose lower ones.
var portPattern = regexp.MustCompile(`:\d{5}\b`)

// fresh names the port of a new socket.
func (n *namer) fresh(a net.Addr) {
	port := portPattern.FindString(a.String())
	if port == "" {
		return
	}
	if _, used := n.ports[port]; used {
		n.collided = true
	}
	n.text(port)
}

func (n *namer) text(s string) string {
	s = strings.ReplaceAll(s, n.dir, "DIR")
	return portPattern.ReplaceAllStringFunc(s, func(port string) string {
		name, ok := n.ports[port]
		if !ok {
			name = ":#" + strconv.Itoa(len(n.ports)+1)
			n.ports[port] = name
		}
		return name
	})
}

// sentinels are the errors that programs compare with.
var sentinels = []struct {
	name string
	err  error
}{
	{"ErrClosed", net.ErrClosed},
	{"ErrDeadlineExceeded", os.ErrDeadlineExceeded},
	{"Canceled", context.Canceled},
	{"DeadlineExceeded", context.DeadlineExceeded},
	{"EOF", io.EOF},
	{"EPIPE", syscall.EPIPE},
	{"ECONNRESET", syscall.ECONNRESET},
	{"EINVAL", syscall.EINVAL},
}

// error describes an error layer by layer, with what it answers when asked.
func (n *namer) error(err error) string {
	if err == nil {
		n.succeeded = true
		return "ok"
	}
	var b strings.Builder
	b.WriteString(n.text(err.Error()))
	for e := err; e != nil; e = errors.Unwrap(e) {
		fmt.Fprintf(&b, " <%T", e)
		switch e := e.(type) {
		case *net.OpError:
			fmt.Fprintf(&b, " %s %s %T %T", e.Op, e.Net, e.Source, e.Addr)
		case *os.SyscallError:
			b.WriteString(" " + e.Syscall)
		case syscall.Errno:
			fmt.Fprintf(&b, " %d", int(e))
		}
	}
	var ne net.Error
	if errors.As(err, &ne) {
		fmt.Fprintf(&b, " timeout=%t", ne.Timeout())
	}
	for _, s := range sentinels {
		if errors.Is(err, s.err) {
			b.WriteString(" is " + s.name)
		}
	}
	return b.String()
}

func (n *namer) addr(a net.Addr) string {
	if a == nil {
		return "none"
	}
	return fmt.Sprintf("%T %s %s", a, a.Network(), n.text(a.String()))
}
