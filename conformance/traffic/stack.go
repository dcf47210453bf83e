package traffic

import "go.parity/conformance/stack"

// net, and what is held against it. The connections are the stack's own,
// unwrapped, so that net/http sees their fast paths.
var std, own = stack.Net, stack.Net2
