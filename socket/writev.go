//go:build linux

package socket

import "golang.org/x/sys/unix"

// Iovec points to one buffer of Writev.
type Iovec = unix.Iovec

// NewIovec returns an Iovec that points to p, which must not be empty.
func NewIovec(p []byte) Iovec {
	v := Iovec{Base: &p[0]}
	v.SetLen(len(p))
	return v
}
