//go:build linux && !net2_portable && (!race || amd64 || arm64)

package runtimehooks

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
)

func TestNetpollblockcommitOnlyFromWait(t *testing.T) {
	const top = ^uintptr(0)>>1 + 1
	for _, gp := range []guintptr{0x1000, guintptr(top), ^guintptr(0)} { // all bits count
		for _, tt := range []struct {
			state uintptr
			want  bool
		}{
			{pdWait, true},
			{pdNil, false},   // a deadline or a close came first
			{pdReady, false}, // an event did
			{0x2000, false},
			{pdWait | top, false},
			{pdWait | 1<<16, false},
			{pdWait | pdReady, false},
		} {
			var v [3]atomic.Uintptr
			v[1].Store(tt.state)
			next := tt.state
			if tt.want {
				next = uintptr(gp)
			}
			if got := netpollblockcommit(gp, &v[1]); got != tt.want || v[1].Load() != next {
				t.Errorf("netpollblockcommit(%#x) in state %#x = %t, leaves %#x, want %t, %#x", gp, tt.state, got, v[1].Load(), tt.want, next)
			}
			if v[0].Load() != 0 || v[2].Load() != 0 {
				t.Errorf("netpollblockcommit(%#x) in state %#x wrote beside its word", gp, tt.state)
			}
		}
	}
}

// Of those who commit at the same time, one succeeds.
func TestNetpollblockcommitIsAtomic(t *testing.T) {
	var state atomic.Uintptr
	state.Store(pdWait)
	var holders, turns atomic.Int32
	const goroutines, each = 4, 5000
	done := make(chan bool)
	for i := range goroutines {
		gp := guintptr(0x1000 * (i + 1))
		go func() {
			defer func() { done <- true }()
			for n := 0; n < each; {
				if !netpollblockcommit(gp, &state) {
					runtime.Gosched()
					continue
				}
				if holders.Add(1) != 1 || state.Load() != uintptr(gp) {
					t.Errorf("netpollblockcommit(%#x) = true for two", gp)
				}
				turns.Add(1)
				n++
				holders.Add(-1)
				if !state.CompareAndSwap(uintptr(gp), pdWait) {
					t.Errorf("state = %#x, want %#x", state.Load(), gp)
					return
				}
			}
		}()
	}
	for range goroutines {
		<-done
	}
	if got := turns.Load(); got != goroutines*each {
		t.Errorf("netpollblockcommit succeeded %d times, want %d", got, goroutines*each)
	}
}

// gopark takes the runtime's unexported numbers, which the test reads from the
// source of the toolchain that builds it.
func TestWaitReasonsAreTheRuntimes(t *testing.T) {
	out, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		t.Skipf("go env GOROOT: %v", err)
	}
	dir := filepath.Join(strings.TrimSpace(string(out)), "src", "runtime")
	for _, tt := range []struct {
		file, first, name string
		ours              int
	}{
		{"runtime2.go", "waitReasonZero", "waitReasonIOWait", waitReasonIOWait},
		{"traceruntime.go", "traceBlockGeneric", "traceBlockNet", traceBlockNet},
	} {
		f, err := parser.ParseFile(token.NewFileSet(), filepath.Join(dir, tt.file), nil, 0)
		if err != nil {
			t.Skip(err)
		}
		if got := iotaOf(f, tt.first, tt.name); got != tt.ours {
			t.Errorf("runtime's %s = %d, want %d as here", tt.name, got, tt.ours)
		}
	}
}

// iotaOf returns the place of name in the constants that begin with first.
func iotaOf(f *ast.File, first, name string) int {
	for _, decl := range f.Decls {
		group, ok := decl.(*ast.GenDecl)
		if !ok || group.Tok != token.CONST || group.Specs[0].(*ast.ValueSpec).Names[0].Name != first {
			continue
		}
		for i, spec := range group.Specs {
			if spec.(*ast.ValueSpec).Names[0].Name == name {
				return i
			}
		}
	}
	return -1
}
