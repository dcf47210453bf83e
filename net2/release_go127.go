//go:build linux && go1.27

package net2

// unixEOF returns the error of a Unix socket's ReadFrom or ReadMsg that found the
// end: from Go 1.27 on it is bare.
func (fd *netFD) unixEOF(err error) error { return err }
