//go:build linux

package poll

import (
	"os"
	"os/exec"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// monitorEnv tells the test's own binary that it is the child of
// TestReadThatWaitedWakesMonitor.
const monitorEnv = "POLL_TEST_MONITOR"

// The runtime's monitor, which preempts a goroutine that computes for long,
// sleeps while a process has nothing to do. Only a system call of which the
// scheduler knows wakes it: a raw one in Read would not. In a child whose only
// event is the byte that we send it, the reader computes, and another goroutine
// must get its turn all the same.
func TestReadThatWaitedWakesMonitor(t *testing.T) {
	if os.Getenv(monitorEnv) != "" {
		monitorChild(t)
		return
	}
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	ours, theirs := os.NewFile(uintptr(pair[0]), "ours"), os.NewFile(uintptr(pair[1]), "theirs")
	child := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$", "-test.timeout=1m")
	child.Env = append(os.Environ(), monitorEnv+"=1", "GOMAXPROCS=1")
	child.ExtraFiles = []*os.File{theirs}
	child.Stdout, child.Stderr = os.Stderr, os.Stderr
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	theirs.Close()
	defer func() {
		ours.Close()
		if err := child.Wait(); err != nil {
			t.Error(err)
		}
	}()
	var answer [1]byte
	for range monitorRounds {
		// The whole child falls asleep before each byte.
		time.Sleep(50 * time.Millisecond)
		if _, err := ours.Write([]byte{0}); err != nil {
			t.Fatal(err)
		}
		if _, err := ours.Read(answer[:]); err != nil {
			t.Fatal(err)
		}
		if answer[0] != 1 {
			t.Fatalf("a goroutine had no turn in %v beside a reader that computed", patience)
		}
	}
}

// monitorRounds is more than a new descriptor's first waits.
const monitorRounds = 8

func monitorChild(t *testing.T) {
	const inherited = 3
	if err := unix.SetNonblock(inherited, true); err != nil {
		t.Fatal(err)
	}
	fd := newFD(t, inherited, true)
	var b [1]byte
	for range monitorRounds {
		if _, err := fd.Read(b[:]); err != nil {
			t.Fatal(err)
		}
		var ran atomic.Bool
		go ran.Store(true)
		for limit := time.Now().Add(patience); !ran.Load() && time.Now().Before(limit); {
			continue
		}
		b[0] = 0
		if ran.Load() {
			b[0] = 1
		}
		if _, err := fd.Write(b[:]); err != nil {
			t.Fatal(err)
		}
	}
}
