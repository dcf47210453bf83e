//go:build linux && !net2_portable

package runtimehooks

import _ "unsafe" // for go:linkname

// The semaphores of sync.Mutex, which the runtime promises not to change
// (go.dev/issue/67401).

//go:linkname semacquire sync.runtime_Semacquire
func semacquire(count *uint32)

//go:linkname semrelease sync.runtime_Semrelease
func semrelease(count *uint32, handoff bool, skipframes int)
