//go:build linux

package poll

import (
	"net"
	"os"
	"runtime"
	"sync"
	"testing"
	"time"

	"go.parity/runtime_hooks"
)

// compute keeps all processors busy until the test ends.
func compute(t *testing.T) {
	t.Helper()
	done := make(chan struct{})
	var wg sync.WaitGroup
	for range 2 * runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
					for range 1 << 16 {
						continue
					}
				}
			}
		})
	}
	t.Cleanup(func() {
		close(done)
		wg.Wait()
	})
}

// Beside goroutines that compute, a reader may stay runnable instead of
// parking. Its data, a deadline and a close must reach it there too.
func TestReadBesideComputation(t *testing.T) {
	fd, peer := unixPair(t)
	compute(t)
	echoed := make(chan error, 1)
	go func() {
		var b [1]byte
		for {
			if _, err := peer.Read(b[:]); err != nil {
				echoed <- err
				return
			}
			if _, err := peer.Write(b[:]); err != nil {
				echoed <- err
				return
			}
		}
	}()
	var b [1]byte
	turn := func(c byte) {
		if n, err := fd.Write([]byte{c}); n != 1 || err != nil {
			t.Fatalf("Write = %d, %v, want 1, nil", n, err)
		}
		if n, err := fd.Read(b[:]); n != 1 || err != nil || b[0] != c {
			t.Fatalf("Read = %d, %v, got %q, want 1, nil, %q", n, err, b[0], c)
		}
	}
	before := runtimehooks.Stats().Yields
	if runtimehooks.Poller() == "runtime" {
		c := byte(0)
		eventually(t, "readers give way", func() bool {
			turn(c)
			c++
			return runtimehooks.Stats().Yields > before+4
		})
	}
	for c := range byte(5) {
		turn(c)
		if err := fd.SetReadDeadline(time.Now().Add(time.Millisecond)); err != nil {
			t.Fatal(err)
		}
		if n, err := fd.Read(b[:]); n != 0 || err != os.ErrDeadlineExceeded {
			t.Fatalf("Read = %d, %v, want 0, %v", n, err, os.ErrDeadlineExceeded)
		}
		if err := fd.SetReadDeadline(time.Time{}); err != nil {
			t.Fatal(err)
		}
	}
	read := start(t, "Read", func() error {
		_, err := fd.Read(b[:])
		return err
	})
	if err := fd.Close(); err != nil {
		t.Fatalf("Close() = %v, want nil", err)
	}
	read.want(net.ErrClosed)
	if err := peer.Close(); err != nil {
		t.Fatalf("Close() = %v, want nil", err)
	}
	<-echoed
}
