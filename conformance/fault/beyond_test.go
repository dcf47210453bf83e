//go:build linux && (amd64 || arm64 || riscv64)

package fault

import (
	"strings"
	"testing"
)

func TestBeyondNetStandsEveryFault(t *testing.T) {
	for _, name := range []string{"beyond-buffers", "beyond-peer"} { // parity tries all
		op := find(t, name)
		m, err := judgeBeyond(t.Context(), op)
		skipWithoutPtrace(t, err)
		if len(m.different) > 0 {
			t.Errorf("%s:\n%s", op.name, strings.Join(m.different, "\n"))
		}
		if len(m.faults) == 0 {
			t.Errorf("%s: no fault came", op.name)
		}
		t.Logf("%s: %v", op.name, m)
	}
}

func TestUnsound(t *testing.T) {
	for text, want := range map[string]string{
		"Listen: ok\nClose: ok": "",
		"Listen: listen tcp: no [*net.OpError > syscall.Errno(EPERM)] timeout false": "",
		"Listen: ok\nleft open: 1 socket":                                            "left open: 1 socket",
		"it panics: nil":                                                             "it panics: nil",
		"Info established: bad [syscall.Errno(EPERM)] ":                              "Info established: bad [syscall.Errno(EPERM)]",
	} {
		if got := unsound(text); got != want {
			t.Errorf("unsound(%q) = %q, want %q", text, got, want)
		}
	}
}
