//go:build linux && net2_portable

package runtimehooks

func notSaturated() {}
