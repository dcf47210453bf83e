package conformance

import "net"

// net2 always looks names up in pure Go. In a program built with cgo, net may
// ask the C library, whose answers and errors differ. So that the two can be
// compared, net too looks names up in pure Go here.
func init() { net.DefaultResolver.PreferGo = true }
