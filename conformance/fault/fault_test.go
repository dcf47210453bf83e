//go:build linux && (amd64 || arm64 || riscv64)

package fault

import (
	"context"
	"errors"
	"net"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"go.parity/conformance"
	"go.parity/conformance/stack"
	"go.parity/conformance/trace"
)

// stubborn is a stack that tries a failed Listen once more.
const stubborn = "stubborn"

// The children of this binary need this stack before the init function that
// takes them over.
var _ = func() bool {
	s := *stack.Net
	s.Name = stubborn
	s.ConfigListen = func(ctx context.Context, lc stack.ListenConfig, network, address string) (net.Listener, error) {
		l, err := stack.Net.ConfigListen(ctx, lc, network, address)
		if err != nil {
			l, err = stack.Net.ConfigListen(ctx, lc, network, address)
		}
		return l, err
	}
	others = append(others, &s)
	return true
}()

func find(t *testing.T, name string) operation {
	t.Helper()
	op, ok := lookup(name)
	if !ok {
		t.Fatalf("no operation %q", name)
	}
	return op
}

func skipWithoutPtrace(t *testing.T, err error) {
	t.Helper()
	if errors.Is(err, trace.ErrForbidden) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func TestFaultComesToOneCall(t *testing.T) {
	op := find(t, "write")
	seen, calls, err := outcomes(t.Context(), op, "net2", []trace.Fault{
		{Call: "write", Nth: 1, Errno: unix.ENOSPC}, {Call: "write", Nth: 2, Errno: unix.EIO}, {Call: "write", Nth: 1},
	})
	skipWithoutPtrace(t, err)
	if want := []string{"write", "write"}; !slices.Equal(calls, want) {
		t.Errorf("calls of two writes = %v, want %v", calls, want)
	}
	for i, want := range [][2]string{{"Write 4: ok", "Write 4: ok"}, {"no space left", "Write 4: ok"}, {"Write 4: ok", "input/output error"}, {"Write 4: ok", "Write 4: ok"}} {
		first, second, _ := strings.Cut(seen[i].text, "\n")
		if !strings.Contains(first, want[0]) || !strings.Contains(second, want[1]) {
			t.Errorf("outcome %d = %+v, want %q and then %q", i, seen[i], want[0], want[1])
		}
	}
}

func TestDifferenceIsFound(t *testing.T) {
	m, err := compare(t.Context(), find(t, "listen-plain"), "net", stubborn)
	skipWithoutPtrace(t, err)
	all := strings.Join(m.different, "\n")
	for _, fault := range []string{"socket-1/EMFILE", "bind-1/EADDRINUSE", "listen-1/EADDRINUSE"} {
		if !strings.Contains(all, fault+"\n") {
			t.Errorf("with a stack that listens twice nothing differs at %s; found:\n%s", fault, all)
		}
	}
	if strings.Contains(all, "getsockname") {
		t.Errorf("getsockname fails without an error of Listen, and differs:\n%s", all)
	}
}

func TestStacksAreAlike(t *testing.T) {
	for _, name := range []string{"listen-plain", "read-waits", "file", "splice"} {
		c, lack := judge(t.Context(), find(t, name))
		if lack != nil {
			t.Skip(lack)
		}
		if c.Status != conformance.Same {
			t.Errorf("%s differs:\n%s", name, c.Detail)
		}
	}
}

func TestFaultsOfBoth(t *testing.T) {
	calls := both([]string{"socket", "setsockopt(SO_REUSEADDR)", "bind", "close", "close"}, []string{"close", "socket", "bind"})
	if want := []string{"socket", "bind", "close"}; !slices.Equal(calls, want) {
		t.Errorf("both = %v, want %v", calls, want)
	}
	var text []string
	for _, f := range faults([]string{"read", "read"}) {
		text = append(text, f.String())
	}
	for _, want := range []string{"read-1/EINTR", "read-2/EINTR", "read-1/short"} {
		if !slices.Contains(text, want) {
			t.Errorf("faults of two reads = %v, want %s among them", text, want)
		}
	}
}

// A check is selected by its name.
func TestOperationsHaveNamesOfTheirOwn(t *testing.T) {
	names := map[string]bool{}
	for _, op := range operations {
		if names[op.name] {
			t.Errorf("two operations are called %q", op.name)
		}
		names[op.name] = true
	}
}
