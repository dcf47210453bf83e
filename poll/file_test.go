//go:build linux && !net2_portable

package poll

import (
	"testing"

	"golang.org/x/sys/unix"

	"go.parity/socket"
)

// Old programs ask a file of a connection for its descriptor, and then read it
// in blocking mode.
func TestNewFileFdIsInBlockingMode(t *testing.T) {
	fd, peer := unixPair(t)
	dup, _, err := fd.Dup()
	if err != nil {
		t.Fatal(err)
	}
	f := NewFile(dup, "a name")
	defer f.Close()
	if f.Name() != "a name" {
		t.Errorf("Name() = %q, want %q", f.Name(), "a name")
	}
	flags := func(s int) int {
		flags, err := unix.FcntlInt(uintptr(s), unix.F_GETFL, 0)
		if err != nil {
			t.Fatal(err)
		}
		return flags & unix.O_NONBLOCK
	}
	if flags(dup) == 0 {
		t.Error("NewFile puts the socket into blocking mode, want it to be left alone")
	}
	if s := int(f.Fd()); s != dup || flags(s) != 0 {
		t.Errorf("Fd() = %d, O_NONBLOCK %#x, want %d, 0", s, flags(s), dup)
	}
	// Both still read.
	n := 0
	c := start(t, "Read", func() (err error) { n, err = fd.Read(make([]byte, 8)); return err }).waits("syscall", "")
	send(t, peer, "data")
	c.want(nil)
	wantCount(t, "Read", n, 4, nil, nil)
	noErrno(t, "SetNonblock", socket.SetNonblock(dup, true))
}
