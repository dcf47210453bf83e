package model

import "go.parity/conformance/stack"

// The stacks on which a program runs. A test replaces them.
var netStack, net2Stack = *stack.Net, *stack.Net2
