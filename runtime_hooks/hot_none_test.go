//go:build linux && (net2_runtime || net2_portable || (race && !amd64 && !arm64))

package runtimehooks

func isHot(*PollDesc) bool { return false }
