//go:build linux

package hostile

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"go.parity/conformance/leftover"
	"go.parity/conformance/stack"
)

// TestMain fails the run if something is left, such as descriptors that came with
// messages.
func TestMain(m *testing.M) { os.Exit(leftover.Run(m, 5*time.Second, nil)) }

// A script runs on a stack and notes what it sees.
type script struct {
	*testing.T
	*stack.Stack
	notes strings.Builder
}

// both runs a script on net and on net2, each in an empty directory, and compares
// what they saw.
func both(t *testing.T, run func(s *script)) {
	t.Helper()
	var saw [2]string
	for i, st := range []*stack.Stack{stack.Net, stack.Net2} {
		if !t.Run(st.Name, func(t *testing.T) {
			t.Chdir(t.TempDir())
			s := &script{T: t, Stack: st}
			run(s)
			saw[i] = s.notes.String()
			if saw[i] == "" {
				t.Error("the script saw nothing")
			}
		}) {
			return
		}
	}
	if diff := cmp.Diff(saw[0], saw[1]); diff != "" {
		t.Errorf("what the script saw (-net +net2):\n%s", diff)
	}
	if testing.Verbose() {
		t.Log("\n" + saw[1])
	}
}

// chosen is what the kernel chooses: ports, and names of five hexadecimal
// digits.
var chosen = regexp.MustCompile(`127\.0\.0\.1:[0-9]+|\[::1\]:[0-9]+|@[0-9a-f]{5}\b|/tmp/\S*/`)

// note writes a line.
func (s *script) note(what string, values ...any) {
	fmt.Fprintf(&s.notes, "%s:", what)
	for _, v := range values {
		switch v := v.(type) {
		case error:
			fmt.Fprintf(&s.notes, " %T %s", v, chosen.ReplaceAllString(v.Error(), "*"))
			for _, e := range []error{syscall.EINVAL, net.ErrClosed, os.ErrDeadlineExceeded} {
				if errors.Is(v, e) {
					fmt.Fprintf(&s.notes, " (%v)", e)
				}
			}
		case net.Addr:
			fmt.Fprintf(&s.notes, " %T %q", v, chosen.ReplaceAllString(v.String(), "*"))
		case []byte:
			fmt.Fprintf(&s.notes, " %x", v)
		default:
			fmt.Fprintf(&s.notes, " %v", v)
		}
	}
	s.notes.WriteByte('\n')
}

// check ends the run if something fails that the script needs and does not test.
func check(err error) {
	if err != nil {
		panic(err)
	}
}

// must is check for a function that returns something.
func must[T any](v T, err error) T {
	check(err)
	return v
}

// raw makes a socket that no stack knows.
func (s *script) raw(family, sotype, proto int) int {
	fd := must(unix.Socket(family, sotype|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, proto))
	s.Cleanup(func() { unix.Close(fd) })
	return fd
}

// opened closes what a stack opened when the test ends.
func opened[C interface{ Close() error }](s *script, c C) C {
	s.Cleanup(func() { c.Close() })
	return c
}

// untouched is what stands in a buffer where nobody wrote.
const untouched = 0xee

// buffer returns n bytes, and a function that reports whether the bytes behind
// them were written to.
func buffer(n int) (p []byte, overrun func() bool) {
	whole := bytes.Repeat([]byte{untouched}, n+64)
	return whole[:n:n], func() bool {
		return !bytes.Equal(whole[n:], bytes.Repeat([]byte{untouched}, 64))
	}
}

// fileOf returns a file of a descriptor's duplicate.
func fileOf(fd int) *os.File {
	return os.NewFile(uintptr(must(unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 0))), "odd")
}
