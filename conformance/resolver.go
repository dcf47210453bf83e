package conformance

import "net"

// net2 looks names up in pure Go, always. In a program that is built with cgo
// net may ask the C library, whose answers and errors are others. So that the
// two can be compared, net too looks names up in pure Go here.
func init() { net.DefaultResolver.PreferGo = true }
