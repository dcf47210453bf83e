//go:build linux && !go1.27

package socket

// bindDeniedCounts says whether IPv6 counts as there where a policy refuses to
// bind the socket that looks for it: not before Go 1.27 (go.dev/issue/77430).
const bindDeniedCounts = false
