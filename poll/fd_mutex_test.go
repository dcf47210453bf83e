//go:build linux

package poll

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

func wantBool(t testing.TB, op string, got, want bool) {
	t.Helper()
	if got != want {
		t.Fatalf("%s = %t, want %t", op, got, want)
	}
}

func sideName(read bool) string {
	if read {
		return "read"
	}
	return "write"
}

func TestFDMutexLastReferenceOfClosedDestroys(t *testing.T) {
	t.Run("never used", func(t *testing.T) {
		var mu fdMutex
		wantBool(t, "increfAndClose()", mu.increfAndClose(), true)
		wantBool(t, "decref()", mu.decref(), true)
	})
	t.Run("open", func(t *testing.T) {
		var mu fdMutex
		wantBool(t, "incref()", mu.incref(), true)
		wantBool(t, "decref()", mu.decref(), false)
		wantBool(t, "rwlock(true)", mu.rwlock(true), true)
		wantBool(t, "rwunlock(true)", mu.rwunlock(true), false)
	})
	// After the close all leave, in each order: only the last destroys.
	leave := map[string]func(*fdMutex) bool{
		"close":  (*fdMutex).decref,
		"user":   (*fdMutex).decref,
		"reader": func(mu *fdMutex) bool { return mu.rwunlock(true) },
		"writer": func(mu *fdMutex) bool { return mu.rwunlock(false) },
	}
	permutations([]string{"close", "user", "reader", "writer"}, func(order []string) {
		t.Run(strings.Join(order, " "), func(t *testing.T) {
			var mu fdMutex
			wantBool(t, "incref()", mu.incref(), true)
			wantBool(t, "rwlock(true)", mu.rwlock(true), true)
			wantBool(t, "rwlock(false)", mu.rwlock(false), true)
			wantBool(t, "increfAndClose()", mu.increfAndClose(), true)
			for i, who := range order {
				wantBool(t, who+" leaves", leave[who](&mu), i == len(order)-1)
			}
		})
	})
}

// permutations calls f with each order of s.
func permutations(s []string, f func([]string)) {
	var permute func(k int)
	permute = func(k int) {
		if k == len(s) {
			f(s)
			return
		}
		for i := k; i < len(s); i++ {
			s[k], s[i] = s[i], s[k]
			permute(k + 1)
			s[k], s[i] = s[i], s[k]
		}
	}
	permute(0)
}

func TestFDMutexClosedLetsNobodyIn(t *testing.T) {
	var mu fdMutex
	wantBool(t, "increfAndClose()", mu.increfAndClose(), true)
	for _, last := range []bool{false, true} {
		wantBool(t, "incref()", mu.incref(), false)
		wantBool(t, "rwlock(true)", mu.rwlock(true), false)
		wantBool(t, "rwlock(false)", mu.rwlock(false), false)
		wantBool(t, "increfAndClose()", mu.increfAndClose(), false)
		if !last {
			wantBool(t, "decref()", mu.decref(), true)
		}
	}
}

func TestFDMutexReaderAndWriterTogether(t *testing.T) {
	var mu fdMutex
	within(t, "rwlock of both sides", func() {
		mu.rwlock(true)
		mu.rwlock(false)
		mu.incref()
	})
	mu.decref()
	mu.rwunlock(false)
	mu.rwunlock(true)
	if got := mu.state.Load(); got != 0 {
		t.Errorf("state when all have left = %#x, want 0", got)
	}
}

func TestFDMutexUnlockLetsInOneWaiter(t *testing.T) {
	for _, read := range []bool{true, false} {
		t.Run(sideName(read), func(t *testing.T) {
			var mu fdMutex
			wantBool(t, "rwlock", mu.rwlock(read), true)
			const n = 4
			in := make(chan bool, n)
			var waiters []*call
			for range n {
				waiters = append(waiters, start(t, "rwlock", func() error {
					in <- mu.rwlock(read)
					return nil
				}).queued())
			}
			for i := range n {
				mu.rwunlock(read)
				if !<-in {
					t.Fatal("rwlock = false, want true: nobody has closed it")
				}
				// The others wait on: nobody else comes in.
				waiting := 0
				for _, w := range waiters {
					if len(w.err) == 0 && w.stack() != "" {
						waiting++
					}
				}
				if len(in) != 0 || waiting < n-1-i {
					t.Fatalf("after %d unlocks: %d more have the lock, %d wait, want 0 and %d", i+1, len(in), waiting, n-1-i)
				}
			}
			mu.rwunlock(read)
			if got := mu.state.Load(); got != 0 {
				t.Errorf("state when all have left = %#x, want 0", got)
			}
		})
	}
}

func TestFDMutexCloseWakesAllWaiters(t *testing.T) {
	var mu fdMutex
	mu.rwlock(true)
	mu.rwlock(false)
	var waiters []*call
	for i := range 10 {
		read := i%2 == 0
		waiters = append(waiters, start(t, "rwlock", func() error {
			if mu.rwlock(read) {
				return fmt.Errorf("%s lock of a closed descriptor", sideName(read))
			}
			return nil
		}).queued())
	}
	wantBool(t, "increfAndClose()", mu.increfAndClose(), true)
	for _, w := range waiters {
		w.want(nil)
	}
	wantBool(t, "decref()", mu.decref(), false)
	wantBool(t, "rwunlock(true)", mu.rwunlock(true), false)
	wantBool(t, "rwunlock(false)", mu.rwunlock(false), true)
}

// panicOf returns what f panics with.
func panicOf(f func()) (v any) {
	defer func() { v = recover() }()
	f()
	return nil
}

func TestFDMutexOverflowPanics(t *testing.T) {
	const full = 1<<20 - 1
	for _, tt := range []struct {
		name  string
		state uint64
		call  func(*fdMutex)
	}{
		{"references in incref", full * mutexRef, func(mu *fdMutex) { mu.incref() }},
		{"references in increfAndClose", full * mutexRef, func(mu *fdMutex) { mu.increfAndClose() }},
		{"references in rwlock(true)", full * mutexRef, func(mu *fdMutex) { mu.rwlock(true) }},
		{"references in rwlock(false)", full * mutexRef, func(mu *fdMutex) { mu.rwlock(false) }},
		{"readers that wait", mutexRLock | mutexRef | full*mutexRWait, func(mu *fdMutex) { mu.rwlock(true) }},
		{"writers that wait", mutexWLock | mutexRef | full*mutexWWait, func(mu *fdMutex) { mu.rwlock(false) }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var mu fdMutex
			mu.state.Store(tt.state)
			if got := panicOf(func() { tt.call(&mu) }); got != overflowMsg {
				t.Errorf("panic = %v, want %q", got, overflowMsg)
			}
			if got := mu.state.Load(); got != tt.state {
				t.Errorf("state after the panic = %#x, want %#x", got, tt.state)
			}
			// One less is fine.
			mu.state.Store(tt.state - tt.state&^(mutexRLock|mutexWLock)/full)
		})
	}
	t.Run("one less", func(t *testing.T) {
		var mu fdMutex
		mu.state.Store((full - 1) * mutexRef)
		wantBool(t, "incref()", mu.incref(), true)
		wantBool(t, "decref()", mu.decref(), false)
	})
}

// Programs see this text in a crash, and know it from the standard library.
func TestFDMutexOverflowTextIsThatOfStd(t *testing.T) {
	root, err := exec.CommandContext(t.Context(), "go", "env", "GOROOT").Output()
	if err != nil {
		t.Skipf("no go command: %v", err)
	}
	src, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(root)), "src/internal/poll/fd_mutex.go"))
	if err != nil {
		t.Skipf("no source of the standard library: %v", err)
	}
	if want := fmt.Sprintf("overflowMsg = %q\n", overflowMsg); !strings.Contains(string(src), want) {
		t.Errorf("internal/poll has no %s", want)
	}
}

func TestFDMutexInconsistentPanics(t *testing.T) {
	for _, tt := range []struct {
		name  string
		setup func(*fdMutex)
		call  func(*fdMutex)
		want  string
	}{
		{"decref without reference", func(*fdMutex) {}, func(mu *fdMutex) { mu.decref() }, "state 0x0"},
		{"decref after the last", func(mu *fdMutex) { mu.increfAndClose(); mu.decref() }, func(mu *fdMutex) { mu.decref() }, "state 0x1"},
		{"unlock without read lock", func(mu *fdMutex) { mu.incref() }, func(mu *fdMutex) { mu.rwunlock(true) }, "state 0x8"},
		{"unlock without write lock", func(mu *fdMutex) { mu.incref() }, func(mu *fdMutex) { mu.rwunlock(false) }, "state 0x8"},
		{"unlock of the other side", func(mu *fdMutex) { mu.rwlock(true) }, func(mu *fdMutex) { mu.rwunlock(false) }, "state 0xa"},
		{"unlock without reference", func(mu *fdMutex) { mu.rwlock(true); mu.decref() }, func(mu *fdMutex) { mu.rwunlock(true) }, "state 0x2"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var mu fdMutex
			tt.setup(&mu)
			got := fmt.Sprint(panicOf(func() { tt.call(&mu) }))
			if !strings.HasPrefix(got, "poll: fdMutex") || !strings.HasSuffix(got, tt.want) {
				t.Errorf("panic = %q, want one of poll with %q", got, tt.want)
			}
		})
	}
}

// Many goroutines come and go in every way until one closes: the mutex loses
// nobody, the locks exclude, and exactly one goroutine learns that it was the
// last.
func TestFDMutexUnderStress(t *testing.T) {
	for range rounds(50) {
		var mu fdMutex
		var inside [2]atomic.Int32
		var closed, last atomic.Int32
		var wg sync.WaitGroup
		left := func(isLast bool) {
			if isLast {
				last.Add(1)
			}
		}
		for i := range 8 {
			read := i%2 == 0
			side := &inside[i%2]
			wg.Go(func() {
				for mu.rwlock(read) {
					if n := side.Add(1); n != 1 {
						t.Errorf("%d goroutines hold the %s lock, want 1", n, sideName(read))
					}
					if last.Load() != 0 {
						t.Error("destroyed while in use")
					}
					runtime.Gosched()
					side.Add(-1)
					left(mu.rwunlock(read))
				}
			})
			wg.Go(func() {
				for mu.incref() {
					if last.Load() != 0 {
						t.Error("destroyed while in use")
					}
					runtime.Gosched()
					left(mu.decref())
				}
			})
		}
		for range 3 {
			wg.Go(func() {
				for range 20 {
					runtime.Gosched()
				}
				if mu.increfAndClose() {
					closed.Add(1)
					left(mu.decref())
				}
			})
		}
		within(t, "all leave", wg.Wait)
		if closed.Load() != 1 || last.Load() != 1 {
			t.Fatalf("closed %d times, destroyed %d times, want 1 and 1", closed.Load(), last.Load())
		}
		if got := mu.state.Load(); got != mutexClosed {
			t.Fatalf("state in the end = %#x, want %#x", got, mutexClosed)
		}
	}
}
