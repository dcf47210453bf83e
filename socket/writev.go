//go:build linux

package socket

import "golang.org/x/sys/unix"

// Iovec names one buffer of Writev.
type Iovec = unix.Iovec

// NewIovec returns an Iovec of p, which is not empty.
func NewIovec(p []byte) Iovec {
	v := Iovec{Base: &p[0]}
	v.SetLen(len(p))
	return v
}
