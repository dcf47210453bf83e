//go:build linux

package life

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// workers is how many connections of a kind live at once. Each has a worker that
// closes it and makes the next.
const workers = 8

// generations is how many connections of one worker pass before a token comes
// again.
const generations = 15

// A token is the one byte that goes over one direction of a connection, again
// and again, so that every byte says where it came from, however reads and writes
// cut the stream. No two connections that live at the same time have one in
// common, nor a connection and those that its worker closed last.
type token byte

// tokens returns the token of each direction of a worker's connection.
func tokens(worker, round int) (there, back token) {
	t := token(1 + (worker*generations+round%generations)*2)
	return t, t + 1
}

// bytes returns n bytes of the token.
func (t token) bytes(n int) []byte {
	p := make([]byte, n)
	for i := range p {
		p[i] = byte(t)
	}
	return p
}

// foreign returns an error if p has another byte than the token.
func (t token) foreign(p []byte) error {
	for i, b := range p {
		if b != byte(t) {
			return fmt.Errorf("byte %d of %d is %#x, want the connection's %#x", i, len(p), b, byte(t))
		}
	}
	return nil
}

// file returns a file that holds the token many times. It has no name.
func (t token) file(size int) (*os.File, error) {
	fd, err := unix.MemfdCreate("life", unix.MFD_CLOEXEC)
	if err != nil {
		return nil, err
	}
	f := os.NewFile(uintptr(fd), "token")
	if _, err := f.Write(t.bytes(size)); err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}
