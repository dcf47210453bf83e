//go:build linux && !net2_runtime && !net2_portable && (amd64 || arm64)

package runtimehooks

import "sync/atomic"

// casuintptr is a compare-and-swap of which the race detector knows nothing;
// see netpollblockcommit.
//
//go:noescape
func casuintptr(p *atomic.Uintptr, old, new uintptr) (swapped bool)
