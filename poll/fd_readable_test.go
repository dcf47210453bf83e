//go:build linux

package poll

import (
	"io"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// wantTryRead waits until fd is readable, and wants a TryRead of what.
func wantTryRead(t testing.TB, fd *FD, what string, wantErr error) {
	t.Helper()
	p := make([]byte, 64)
	for {
		ran := make(chan struct{})
		if err := fd.OnReadable(func() { close(ran) }, fd); err != nil {
			t.Fatalf("OnReadable() = %v, want nil", err)
		}
		select {
		case <-ran:
		case <-time.After(patience):
			t.Fatalf("nothing to read after %v, want %q, %v\n%s", patience, what, wantErr, stacks())
		}
		n, err := fd.TryRead(p)
		if err == unix.EAGAIN {
			continue // a function may find nothing
		}
		if string(p[:n]) != what || err != wantErr {
			t.Fatalf("TryRead = %q, %v, want %q, %v", p[:n], err, what, wantErr)
		}
		return
	}
}

// usedTryRead returns a TCP connection of whose server side a short TryRead says that nothing
// is left.
func usedTryRead(t testing.TB) (client, server *FD) {
	client, server = tcpPair(t)
	for range 2 * shortAskAfter {
		send(t, client, "x")
		wantTryRead(t, server, "x", nil)
	}
	if server.drained.short != shortMeansAll {
		t.Fatalf("short = %d, want %d", server.drained.short, shortMeansAll)
	}
	return client, server
}

// The end that came with the data that a TryRead took is seen.
func TestFDTryReadThenTheEnd(t *testing.T) {
	for range rounds(50) {
		client, server := usedTryRead(t)
		send(t, client, "abc")
		wantErr(t, "Close()", client.Close(), nil)
		wantTryRead(t, server, "abc", nil)
		wantTryRead(t, server, "", io.EOF)
		wantTryRead(t, server, "", io.EOF)
	}
}

// A read stops short of urgent data; what stands behind it is seen.
func TestFDTryReadBesideUrgentData(t *testing.T) {
	client, server := usedTryRead(t)
	for range rounds(50) {
		if err := unix.Sendto(client.Sysfd, []byte("ab!"), unix.MSG_OOB, nil); err != nil {
			t.Fatal(err)
		}
		send(t, client, "cd")
		eventually(t, "all has come", func() bool {
			n, err := unix.IoctlGetInt(server.Sysfd, unix.SIOCINQ)
			return err == nil && n >= len("ab")
		})
		wantTryRead(t, server, "ab", nil)
		wantTryRead(t, server, "cd", nil)
	}
}

// A TryRead that filled its buffer has not taken all.
func TestFDTryReadInPieces(t *testing.T) {
	client, server := usedTryRead(t)
	send(t, client, "abc")
	for _, want := range []string{"a", "b", "c"} {
		ran := make(chan struct{})
		wantErr(t, "OnReadable()", server.OnReadable(func() { close(ran) }, server), nil)
		within(t, "OnReadable", func() { <-ran })
		p := make([]byte, 1)
		if n, err := server.TryRead(p); string(p[:n]) != want || err != nil {
			t.Fatalf("TryRead = %q, %v, want %q, nil", p[:n], err, want)
		}
	}
}
