package trace

import "golang.org/x/sys/unix"

// callOf reads the number and the arguments of a call that is about to be made.
func callOf(r *unix.PtraceRegs) (nr int, args [6]uint64) {
	return int(r.A7), [6]uint64{r.A0, r.A1, r.A2, r.A3, r.A4, r.A5}
}

// resultOf reads the result of a call that was made.
func resultOf(r *unix.PtraceRegs) int64 { return int64(r.A0) }

// setArg changes an argument of a call that is about to be made.
func setArg(r *unix.PtraceRegs, i int, v uint64) {
	*[...]*uint64{&r.A0, &r.A1, &r.A2, &r.A3, &r.A4, &r.A5}[i] = v
}

// setResult changes the result of a call that was made.
func setResult(r *unix.PtraceRegs, v int64) { r.A0 = uint64(v) }
