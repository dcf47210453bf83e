//go:build linux && !net2_portable && (!race || amd64 || arm64)

package runtimehooks

import (
	"sync/atomic"
	_ "unsafe" // for go:linkname
)

// The runtime promises not to change these (go.dev/issue/67401). Their
// *g and unsafe.Pointer parameters are declared by the types that we pass,
// which travel in the same registers.

// gopark stops the goroutine, and then parks it if unlockf, which runs on the
// scheduling stack, returns true; else the goroutine goes on.
//
//go:linkname gopark runtime.gopark
func gopark(unlockf func(gp guintptr, state *atomic.Uintptr) bool, state *atomic.Uintptr, reason, traceReason uint8, traceskip int)

// goready makes a parked goroutine runnable.
//
//go:linkname goready runtime.goready
func goready(gp guintptr, traceskip int)
