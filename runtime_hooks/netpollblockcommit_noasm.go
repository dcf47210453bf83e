//go:build linux && !net2_portable && !amd64 && !arm64 && !race

package runtimehooks

import "sync/atomic"

// netpollblockcommit is that of netpollblockcommit_asm.go, where there is no
// race detector to keep out.
//
//go:nosplit
func netpollblockcommit(gp guintptr, state *atomic.Uintptr) bool {
	return state.CompareAndSwap(pdWait, uintptr(gp))
}
