//go:build linux && !net2_portable

#include "textflag.h"

// func netpollblockcommit(gp guintptr, state *atomic.Uintptr) bool
TEXT ·netpollblockcommit(SB), NOSPLIT, $0-17
	MOVD	gp+0(FP), R2
	MOVD	state+8(FP), R0
again:
	LDAXR	(R0), R3
	CMP	$2, R3 // pdWait
	BNE	differs
	STLXR	R2, (R0), R3
	CBNZ	R3, again
	MOVD	$1, R3
	MOVB	R3, ret+16(FP)
	RET
differs:
	MOVB	ZR, ret+16(FP)
	RET
