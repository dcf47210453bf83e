//go:build linux

package runtimehooks

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

func init() {
	children["init without descriptors"] = initWithoutDescriptors
	children["init without watches"] = initWithoutWatches
	children["nothing"] = func() error { return nil }
}

// watched returns what the kernel is asked to tell of fd: one mask for each
// epoll instance of this process that holds it.
func watched(t *testing.T, fd int) (masks []uint32) {
	t.Helper()
	for name, what := range openFiles() {
		if what != "anon_inode:[eventpoll]" {
			continue
		}
		info, err := os.ReadFile("/proc/self/fdinfo/" + name)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(info)) {
			var tfd int
			var mask uint32
			if n, _ := fmt.Sscanf(line, "tfd: %d events: %x", &tfd, &mask); n == 2 && tfd == fd {
				masks = append(masks, mask)
			}
		}
	}
	return masks
}

func TestPollOpenWatchesEdgeTriggered(t *testing.T) {
	const always = unix.EPOLLERR | unix.EPOLLHUP // which the kernel adds
	const in = uint32(unix.EPOLLIN | unix.EPOLLRDHUP | unix.EPOLLET)
	const both = in | unix.EPOLLOUT
	for _, tt := range []struct {
		name string
		open func(a, b *file)
		want uint32
	}{
		{"reader", func(a, b *file) { a.watch() }, in},
		{"reader has waited", func(a, b *file) { b.write("x"); a.watch().wantWait('r', NoError) }, in},
		{"writer has waited", func(a, b *file) { a.watch().wantWait('w', NoError) }, both},
		{"long used", func(a, b *file) { a.longUsed(b) }, in},
		{"on demand", func(a, b *file) { a.watchOnDemand() }, 0},
		{"reader has waited on demand", func(a, b *file) { b.write("x"); a.watchOnDemand().wantWait('r', NoError) }, in},
		{"writer has waited on demand", func(a, b *file) { a.watchOnDemand().wantWait('w', NoError) }, both},
		{"both have waited on demand", func(a, b *file) {
			b.write("x")
			a.watchOnDemand().wantWait('r', NoError)
			a.wantWait('w', NoError)
		}, both},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a, b := socketpair(t)
			if got := watched(t, a.fd); len(got) != 0 {
				t.Fatalf("events watched before PollOpen(%d) = %#x, want none", a.fd, got)
			}
			tt.open(a, b)
			want := tt.want
			if Poller() == "runtime" && want != 0 {
				want = both
			}
			got := watched(t, a.fd)
			switch {
			case want == 0 && len(got) != 0:
				t.Errorf("events watched for %d = %#x, want none", a.fd, got)
			case want != 0 && (len(got) != 1 || got[0]&^always != want):
				t.Errorf("events watched for %d = %#x, want %#x once", a.fd, got, want)
			}
			a.unwatch()
			if got := watched(t, a.fd); len(got) != 0 {
				t.Errorf("events watched after PollClose(%d) = %#x, want none", a.fd, got)
			}
		})
	}
}

// The kernel's answer to the first waiter does not spoil the wait of the next.
func TestPollOnDemandWithoutRoom(t *testing.T) {
	a, b := socketpair(t)
	a.watchOnDemand()
	withoutEpollAdd(t, unix.ENOSPC, func() {
		for _, mode := range "rw" {
			if got := PollWait(a.pd, int(mode)); got != -int(unix.ENOSPC) {
				t.Errorf("PollWait(%d, %c) = %d, want %d", a.fd, mode, got, -int(unix.ENOSPC))
			}
		}
	})
	w := a.wait('r').parked()
	b.write("x")
	w.want(NoError)
}

// Reader and writer may both be the first to wait, and somebody may close.
func TestPollOnDemandAtOnce(t *testing.T) {
	for i := range 300 {
		a, b := socketpair(t)
		a.watchOnDemand()
		r, w := a.wait('r'), a.wait('w')
		if i%3 == 0 {
			a.evict() // the writer may have seen room before
			r.want(ErrClosing)
		} else {
			b.write("x")
			r.want(NoError)
			w.want(NoError)
		}
		a.close()
		b.close()
	}
}

// The first use of the poller may come when the process is out of descriptors.
// The second must not suffer for it.
func TestPollServerInitWithoutDescriptorsReturnsEMFILE(t *testing.T) {
	if Poller() == "runtime" {
		t.Skip("the runtime ends the program when its poller cannot be made")
	}
	runChild(t, "init without descriptors")
}

func initWithoutDescriptors() error {
	// The runtime's poller, which ours needs, throws where it finds no
	// descriptor. It has those that it needs from here on.
	r, w, err := os.Pipe()
	if err != nil {
		return err
	}
	defer r.Close()
	defer w.Close()

	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return err
	}
	next, err := unix.Dup(0) // the lowest free number
	if err != nil {
		return err
	}
	unix.Close(next)
	fds := len(openFiles())
	goroutines := runtime.NumGoroutine()
	none := limit
	none.Cur = uint64(next)
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &none); err != nil {
		return err
	}
	for range 3 {
		if err := PollServerInit(); err != error(unix.EMFILE) {
			return fmt.Errorf("PollServerInit() = %v, want %v", err, unix.EMFILE)
		}
	}
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return err
	}
	if got := len(openFiles()); got != fds {
		return fmt.Errorf("descriptors after PollServerInit() failed = %d, want %d", got, fds)
	}
	if got := runtime.NumGoroutine(); got != goroutines {
		return fmt.Errorf("goroutines after PollServerInit() failed = %d, want %d", got, goroutines)
	}
	return initAndWait()
}

// If the runtime cannot watch our epoll descriptor, there can be no poller.
func TestPollServerInitWithoutWatchesReturnsENOSPC(t *testing.T) {
	if Poller() == "runtime" {
		t.Skip("the runtime ends the program when its poller cannot be made")
	}
	withoutEpollAdd(t, unix.ENOSPC, func() {}) // skips if that is impossible
	runChild(t, "init without watches")
}

func initWithoutWatches() error {
	r, w, err := os.Pipe()
	if err != nil {
		return err
	}
	defer r.Close()
	defer w.Close()

	fds := len(openFiles())
	failed := make(chan error)
	go func() {
		runtime.LockOSThread() // never unlocked; the thread ends with its filter
		err := refuseEpollAdd(unix.ENOSPC)
		if err == nil {
			if got := PollServerInit(); got != error(unix.ENOSPC) {
				err = fmt.Errorf("PollServerInit() = %v, want %v", got, unix.ENOSPC)
			}
		}
		failed <- err
	}()
	if err := <-failed; err != nil {
		return err
	}
	if got := len(openFiles()); got != fds {
		return fmt.Errorf("descriptors after PollServerInit() failed = %d, want %d", got, fds)
	}
	return initAndWait()
}

// initAndWait shows that PollServerInit makes a poller that works.
func initAndWait() error {
	if err := PollServerInit(); err != nil {
		return fmt.Errorf("PollServerInit() = %v, want nil", err)
	}
	var fds [2]int
	if err := unix.Pipe2(fds[:], unix.O_NONBLOCK|unix.O_CLOEXEC); err != nil {
		return err
	}
	pd, errno := openDesc(uintptr(fds[0]))
	if errno != 0 {
		return fmt.Errorf("PollOpen(%d) = %v, want no error", fds[0], unix.Errno(errno))
	}
	code := make(chan int)
	go func() { code <- PollWait(pd, 'r') }()
	if _, err := unix.Write(fds[1], []byte("x")); err != nil {
		return err
	}
	if got := <-code; got != NoError {
		return fmt.Errorf("PollWait(%d, r) = %d, want %d", fds[0], got, NoError)
	}
	PollUnblock(pd)
	PollClose(pd)
	return nil
}
