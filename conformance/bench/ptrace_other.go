//go:build linux && !amd64 && !arm64

package bench

import "golang.org/x/sys/unix"

// regsCall reads a call's number, second argument and result: not here.
var regsCall func(r *unix.PtraceRegs) (number int, second uint64, result int64)
