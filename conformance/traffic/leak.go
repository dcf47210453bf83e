package traffic

import (
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"time"
)

// A stock is what the process holds.
type stock struct {
	descriptors []string // each with what it refers to
	goroutines  int
}

// A leftover is what a run did not give back.
type leftover struct {
	descriptors, goroutines int
	detail                  string
}

func (l leftover) String() string {
	return fmt.Sprintf("%d descriptors, %d goroutines\n%s", l.descriptors, l.goroutines, l.detail)
}

func takeStock() stock {
	return stock{descriptors(), runtime.NumGoroutine()}
}

// settle waits until the process holds no more than before, and returns what
// is still too much after a while: closing a connection wakes goroutines that
// need a moment to end.
func (before stock) settle(patience time.Duration) leftover {
	deadline := time.Now().Add(patience)
	for pause := time.Microsecond * 50; ; pause = min(2*pause, 20*time.Millisecond) {
		now := takeStock()
		left := leftover{
			descriptors: max(0, len(now.descriptors)-len(before.descriptors)),
			goroutines:  max(0, now.goroutines-before.goroutines),
		}
		if left == (leftover{}) {
			return left
		}
		if time.Now().After(deadline) {
			if left.descriptors > 0 {
				left.detail += strings.Join(slices.DeleteFunc(now.descriptors, func(d string) bool {
					return slices.Contains(before.descriptors, d)
				}), "\n") + "\n"
			}
			if left.goroutines > 0 {
				left.detail += stacks("")
			}
			return left
		}
		time.Sleep(pause)
	}
}

// descriptors lists the open descriptors of this process as "number target".
// It is empty where the host has no /proc.
func descriptors() []string {
	dir, err := os.Open("/proc/self/fd")
	if err != nil {
		return nil
	}
	names, _ := dir.Readdirnames(-1)
	own := fmt.Sprint(dir.Fd())
	dir.Close()
	var list []string
	for _, name := range names {
		if name == own {
			continue
		}
		target, err := os.Readlink("/proc/self/fd/" + name)
		if err == nil {
			list = append(list, name+" "+target)
		}
	}
	return list
}

// stacks returns the stacks of the goroutines that mention word, shortened to
// what a person will read.
func stacks(word string) string {
	buf := make([]byte, 1<<20)
	buf = buf[:runtime.Stack(buf, true)]
	var kept []string
	for g := range strings.SplitSeq(string(buf), "\n\n") {
		if strings.Contains(g, word) && !strings.Contains(g, "traffic.stacks") {
			kept = append(kept, g)
		}
	}
	const most = 8
	if extra := len(kept) - most; extra > 0 {
		kept = append(kept[:most], fmt.Sprintf("and %d more goroutines", extra))
	}
	return strings.Join(kept, "\n\n")
}
