//go:build linux && !net2_portable

package runtimehooks

import _ "unsafe" // for go:linkname

// goyield lets the goroutines that wait for this processor run first. The
// runtime promises not to change it (go.dev/issue/67401).
//
//go:linkname goyield runtime.goyield
func goyield()
