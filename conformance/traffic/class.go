package traffic

import (
	"fmt"
	"net"
	"net/url"
	"os"
	"regexp"
	"strings"
	"syscall"
)

// class describes an error by the chain of errors in it, down to the errno, and
// by what it says of itself. It leaves out addresses.
func class(err error) string {
	if err == nil {
		return ""
	}
	var b strings.Builder
	walk(&b, err)
	if te, ok := err.(interface{ Timeout() bool }); ok && te.Timeout() {
		b.WriteString(" [timeout]")
	}
	return b.String()
}

func walk(b *strings.Builder, err error) {
	if b.Len() > 0 {
		b.WriteString(" > ")
	}
	switch e := err.(type) {
	case *url.Error:
		fmt.Fprintf(b, "%T(%s)", e, e.Op)
	case *net.OpError:
		fmt.Fprintf(b, "%T(%s %s %T %T)", e, e.Op, e.Net, e.Source, e.Addr)
	case *os.SyscallError:
		fmt.Fprintf(b, "%T(%s)", e, e.Syscall)
	case *os.PathError:
		fmt.Fprintf(b, "%T(%s)", e, e.Op)
	case syscall.Errno:
		fmt.Fprintf(b, "%T(%d %s)", e, int(e), e)
	default:
		fmt.Fprintf(b, "%T(%s)", e, plain(e.Error()))
	}
	switch e := err.(type) {
	case interface{ Unwrap() error }:
		if inner := e.Unwrap(); inner != nil {
			walk(b, inner)
		}
	case interface{ Unwrap() []error }:
		for _, inner := range e.Unwrap() {
			walk(b, inner)
		}
	}
}

var addressText = regexp.MustCompile(`(127\.0\.0\.1|\[::1?\]|0\.0\.0\.0|localhost):\d+|/[^ ]*/traffic\d+/site\d+`)

// plain replaces the addresses in a text, which differ from run to run.
func plain(s string) string {
	return addressText.ReplaceAllString(s, "ADDR")
}
