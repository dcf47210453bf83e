//go:build linux && !net2_portable

#include "textflag.h"

// func netpollblockcommit(gp guintptr, state *atomic.Uintptr) bool
TEXT ·netpollblockcommit(SB), NOSPLIT|NOFRAME, $0-17
	MOVQ	gp+0(FP), CX
	MOVQ	state+8(FP), BX
	MOVQ	$2, AX // pdWait
	LOCK
	CMPXCHGQ	CX, 0(BX)
	SETEQ	ret+16(FP)
	RET
