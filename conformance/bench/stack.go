package bench

import "go.parity/conformance/stack"

// A Stack is an implementation of net, and a UDPConn is its *UDPConn.
type (
	Stack   = stack.Stack
	UDPConn = stack.UDPConn
)

// Stacks returns net and net2.
func Stacks() []Stack { return []Stack{*stack.Net, *stack.Net2} }
