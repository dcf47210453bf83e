//go:build linux && !net2_portable

package runtimehooks

import _ "unsafe" // for go:linkname

// nanotime is the clock that deadlines are kept in: the monotonic one, in real
// time everywhere. The runtime promises not to change it (go.dev/issue/67401).
//
//go:linkname nanotime runtime.nanotime
func nanotime() int64
