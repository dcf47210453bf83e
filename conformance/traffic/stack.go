package traffic

import "go.parity/conformance/stack"

// net, and the stack that is compared with it. The connections are the stack's
// own, unwrapped, so that net/http sees their fast paths.
var std, own = stack.Net, stack.Net2
