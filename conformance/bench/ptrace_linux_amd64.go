package bench

import "golang.org/x/sys/unix"

// regsCall reads a call's number, second argument and result.
var regsCall = func(r *unix.PtraceRegs) (number int, second uint64, result int64) {
	return int(r.Orig_rax), r.Rsi, int64(r.Rax)
}
