package bench

import "golang.org/x/sys/unix"

// regsCall reads a call's number, second argument and result.
var regsCall = func(r *unix.PtraceRegs) (number int, second uint64, result int64) {
	return int(r.Regs[8]), r.Regs[1], int64(r.Regs[0])
}
