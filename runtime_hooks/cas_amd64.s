//go:build linux && !net2_runtime && !net2_portable

#include "textflag.h"

// func casuintptr(p *atomic.Uintptr, old, new uintptr) (swapped bool)
TEXT ·casuintptr(SB), NOSPLIT, $0-25
	MOVQ	p+0(FP), BX
	MOVQ	old+8(FP), AX
	MOVQ	new+16(FP), CX
	LOCK
	CMPXCHGQ	CX, 0(BX)
	SETEQ	swapped+24(FP)
	RET
