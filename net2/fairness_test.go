//go:build linux

package net2

import (
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// A connection that always has work must not keep the others from theirs,
// whether they are few or many.
func TestNoisyConnStarvesNobody(t *testing.T) {
	for _, quiet := range []int{16, 400} {
		t.Run(fmt.Sprint(quiet), func(t *testing.T) {
			addr := echoServer(t)
			var stop atomic.Bool
			var wg sync.WaitGroup
			defer wg.Wait()
			defer stop.Store(true)
			noise := dialEcho(t, addr)
			wg.Go(func() {
				buf := make([]byte, 16<<10)
				for !stop.Load() {
					if _, err := noise.Write(buf); err != nil {
						t.Errorf("noisy: %v", err)
						return
					}
				}
				noise.(*TCPConn).CloseWrite()
			})
			wg.Go(func() {
				if _, err := io.Copy(io.Discard, noise); err != nil {
					t.Errorf("noisy: %v", err)
				}
			})
			conns := make([]Conn, quiet)
			for i := range conns {
				conns[i] = dialEcho(t, addr)
			}
			var turns sync.WaitGroup
			for _, c := range conns {
				turns.Go(func() {
					for n := range byte(20) {
						if err := echoTurn(c, n); err != nil {
							t.Errorf("quiet, turn %d: %v", n, err)
							return
						}
					}
				})
			}
			turns.Wait()
		})
	}
}

// echoServer answers on the address that it returns, until the test ends.
func echoServer(t *testing.T) string {
	t.Helper()
	l, err := Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			c, err := l.Accept()
			if errors.Is(err, ErrClosed) {
				return
			}
			if err != nil {
				t.Error(err)
				return
			}
			wg.Go(func() {
				defer c.Close()
				// Not io.Copy, which would leave it to splice(2).
				io.Copy(struct{ io.Writer }{c}, struct{ io.Reader }{c})
			})
		}
	})
	t.Cleanup(func() {
		l.Close()
		wg.Wait()
	})
	return l.Addr().String()
}

func dialEcho(t *testing.T, addr string) Conn {
	t.Helper()
	c, err := Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func echoTurn(c Conn, n byte) error {
	const patience = 30 * time.Second
	if err := c.SetDeadline(time.Now().Add(patience)); err != nil {
		return err
	}
	if _, err := c.Write([]byte{n}); err != nil {
		return err
	}
	var b [1]byte
	if _, err := io.ReadFull(c, b[:]); err != nil {
		return err
	}
	if b[0] != n {
		return fmt.Errorf("read %d, want %d", b[0], n)
	}
	return nil
}
