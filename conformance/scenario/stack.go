//go:build linux

package scenario

import "go.parity/conformance/stack"

// The scripts are written against a stack's table.
type (
	Stack        = stack.Stack
	Dialer       = stack.Dialer
	ListenConfig = stack.ListenConfig
	TCPConn      = stack.TCPConn
	TCPListener  = stack.TCPListener
	UDPConn      = stack.UDPConn
	IPConn       = stack.IPConn
	UnixConn     = stack.UnixConn
	UnixListener = stack.UnixListener
)

var (
	stackNet  = stack.Net
	stackNet2 = stack.Net2
)
