//go:build linux && !net2_runtime && !net2_portable && !amd64 && !arm64 && !race

package runtimehooks

import "sync/atomic"

//go:nosplit
func casuintptr(p *atomic.Uintptr, old, new uintptr) (swapped bool) {
	return p.CompareAndSwap(old, new)
}
