//go:build linux && !net2_portable

package runtimehooks

// notSaturated ends the state of saturation that an earlier test may have left.
func notSaturated() { saturatedUntil.Store(0) }
