//go:build linux && !go1.27

package socket

// bindDeniedCounts says whether a host counts as one with IPv6 if a policy forbids us to
// bind the socket that looks for it. net does so from Go 1.27 on, not in 1.26 (go.dev/issue/77430).
const bindDeniedCounts = false
