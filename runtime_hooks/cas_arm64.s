//go:build linux && !net2_runtime && !net2_portable

#include "textflag.h"

// func casuintptr(p *atomic.Uintptr, old, new uintptr) (swapped bool)
TEXT ·casuintptr(SB), NOSPLIT, $0-25
	MOVD	p+0(FP), R0
	MOVD	old+8(FP), R1
	MOVD	new+16(FP), R2
again:
	LDAXR	(R0), R3
	CMP	R1, R3
	BNE	differs
	STLXR	R2, (R0), R3
	CBNZ	R3, again
	MOVD	$1, R3
	MOVB	R3, swapped+24(FP)
	RET
differs:
	MOVB	ZR, swapped+24(FP)
	RET
