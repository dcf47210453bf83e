//go:build linux

package life

import (
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"go.parity/conformance/host"
	"go.parity/conformance/stack"
)

// inheritedEnv makes a process print the descriptors that it began with.
const inheritedEnv = "CONFORMANCE_LIFE_INHERITED"

// inherited lists what is open besides standard input, output and error. It
// opens nothing itself.
func inherited() (open []string) {
	for fd := 3; fd < 4096; fd++ {
		if _, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0); err != nil {
			continue
		}
		var target [200]byte
		n, _ := unix.Readlink(fmt.Sprintf("/proc/self/fd/%d", fd), target[:])
		open = append(open, fmt.Sprintf("%d is %s", fd, target[:max(n, 0)]))
	}
	return open
}

// inheritedHere is what whoever started this process left open. Its children
// may have that too.
var inheritedHere = inherited()

// Children start while connections of all kinds open, close and are duplicated.
// They inherit no descriptor.
func TestChildInheritsNothing(t *testing.T) {
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	onEach(t, func(t *testing.T, s *stack.Stack) {
		var stop atomic.Bool
		var all sync.WaitGroup
		for i, k := range kinds {
			if host.Lacking(k.needs) != nil {
				continue
			}
			all.Go(func() {
				var numbers numbers
				w := &worker{stack: s, kind: k, number: i, choose: chance(i), numbers: &numbers}
				more := func() bool {
					time.Sleep(5 * time.Millisecond) // leaves the children a processor
					return !stop.Load()
				}
				if err := w.work(more); err != nil {
					t.Error(err)
				}
			})
		}
		for range max(rounds(s, 8), *long/500) {
			cmd := exec.Command(exe)
			// A program under the race detector sleeps before it ends.
			cmd.Env = append(os.Environ(), inheritedEnv+"=1", "GORACE=atexit_sleep_ms=0")
			out, err := cmd.CombinedOutput()
			got := strings.FieldsFunc(string(out), func(r rune) bool { return r == '\n' })
			got = slices.DeleteFunc(got, func(s string) bool { return slices.Contains(inheritedHere, s) })
			if err != nil || len(got) > 0 {
				t.Errorf("a child inherited %q, %v, want nothing", got, err)
				break
			}
		}
		stop.Store(true)
		all.Wait()
	})
}
