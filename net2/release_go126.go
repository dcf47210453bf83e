//go:build linux && !go1.27

package net2

// unixEOF returns the error of a Unix socket's ReadFrom or ReadMsg that found the
// end: before Go 1.27 it is wrapped as every other one.
func (fd *netFD) unixEOF(err error) error { return fd.opError("read", err) }
