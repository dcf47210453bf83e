//go:build linux

package poll

import (
	"fmt"
	"sync/atomic"

	"go.parity/runtime_hooks"
)

// fdMutex keeps the lifetime of a descriptor and lets one reader, one writer
// and any number of other operations use it at a time.
//
//	operation           takes              leaves
//	read, accept        rwlock(true)       rwunlock(true)
//	write               rwlock(false)      rwunlock(false)
//	options, deadlines  incref             decref
//	close               increfAndClose     decref
//
// Between the call in the left column and the one beside it, the caller holds a
// reference. The calls on the right tell the caller when it held the last reference
// of a closed descriptor; that caller destroys the descriptor.
type fdMutex struct {
	state atomic.Uint64
	rsema runtimehooks.Sema
	wsema runtimehooks.Sema
}

// fdMutex.state, from the lowest bit:
//
//	 1 bit   closed: no operation may start
//	 1 bit   the read lock is held
//	 1 bit   the write lock is held
//	20 bits  references: readers, writers and others
//	20 bits  goroutines waiting for the read lock
//	20 bits  goroutines waiting for the write lock
const (
	mutexClosed  = 1 << 0
	mutexRLock   = 1 << 1
	mutexWLock   = 1 << 2
	mutexRef     = 1 << 3
	mutexRefMask = (1<<20 - 1) << 3
	mutexRWait   = 1 << 23
	mutexRMask   = (1<<20 - 1) << 23
	mutexWWait   = 1 << 43
	mutexWMask   = (1<<20 - 1) << 43
)

// overflowMsg is the text with which internal/poll panics.
const overflowMsg = "too many concurrent operations on a single file or socket (max 1048575)"

// incref takes a reference. It reports whether the descriptor is open.
//
// std: internal/poll.(*fdMutex).incref
func (mu *fdMutex) incref() bool {
	for {
		old := mu.state.Load()
		if old&mutexClosed != 0 {
			return false
		}
		if mu.state.CompareAndSwap(old, addRef(old)) {
			return true
		}
	}
}

// increfAndClose marks the descriptor closed and takes a reference. It reports
// whether the caller is the one who closed it.
//
// std: internal/poll.(*fdMutex).increfAndClose
func (mu *fdMutex) increfAndClose() bool {
	for {
		old := mu.state.Load()
		if old&mutexClosed != 0 {
			return false
		}
		// Remove those who wait for a lock from the count here; those whom we
		// wake below find the closed bit.
		next := addRef(old|mutexClosed) &^ (mutexRMask | mutexWMask)
		if mu.state.CompareAndSwap(old, next) {
			for ; old&mutexRMask != 0; old -= mutexRWait {
				mu.rsema.Release()
			}
			for ; old&mutexWMask != 0; old -= mutexWWait {
				mu.wsema.Release()
			}
			return true
		}
	}
}

// decref drops a reference. It reports whether the caller must destroy the
// descriptor.
//
// std: internal/poll.(*fdMutex).decref
func (mu *fdMutex) decref() bool {
	for {
		old := mu.state.Load()
		if old&mutexRefMask == 0 {
			panic(fmt.Sprintf("poll: fdMutex without reference: state %#x", old))
		}
		next := old - mutexRef
		if mu.state.CompareAndSwap(old, next) {
			return isLast(next)
		}
	}
}

// rwlock takes a reference and the lock for reading or writing, for which it
// waits. It reports whether the descriptor is open.
//
// std: internal/poll.(*fdMutex).rwlock
func (mu *fdMutex) rwlock(read bool) bool {
	bit, wait, mask, sema := mu.side(read)
	for {
		old := mu.state.Load()
		if old&mutexClosed != 0 {
			return false
		}
		if old&bit == 0 {
			if mu.state.CompareAndSwap(old, addRef(old|bit)) {
				return true
			}
			continue
		}
		next := old + wait
		if next&mask == 0 {
			panic(overflowMsg)
		}
		if mu.state.CompareAndSwap(old, next) {
			sema.Acquire() // whoever wakes us has taken us out of the count
		}
	}
}

// tryRLock is rwlock(true) for a caller that does not wait: locked is false if another holds
// the lock for reading.
func (mu *fdMutex) tryRLock() (locked, open bool) {
	for {
		old := mu.state.Load()
		switch {
		case old&mutexClosed != 0:
			return false, false
		case old&mutexRLock != 0:
			return false, true
		case mu.state.CompareAndSwap(old, addRef(old|mutexRLock)):
			return true, true
		}
	}
}

// rwunlock drops the lock and a reference. It reports whether the caller must
// destroy the descriptor.
//
// std: internal/poll.(*fdMutex).rwunlock
func (mu *fdMutex) rwunlock(read bool) bool {
	bit, wait, mask, sema := mu.side(read)
	for {
		old := mu.state.Load()
		if old&bit == 0 || old&mutexRefMask == 0 {
			panic(fmt.Sprintf("poll: fdMutex not locked: state %#x", old))
		}
		next := old&^bit - mutexRef
		if old&mask != 0 {
			next -= wait
		}
		if mu.state.CompareAndSwap(old, next) {
			if old&mask != 0 {
				sema.Release()
			}
			return isLast(next)
		}
	}
}

// side returns the bits and the semaphore of the readers or of the writers.
func (mu *fdMutex) side(read bool) (bit, wait, mask uint64, sema *runtimehooks.Sema) {
	if read {
		return mutexRLock, mutexRWait, mutexRMask, &mu.rsema
	}
	return mutexWLock, mutexWWait, mutexWMask, &mu.wsema
}

// addRef returns state with one more reference.
func addRef(state uint64) uint64 {
	state += mutexRef
	if state&mutexRefMask == 0 {
		panic(overflowMsg)
	}
	return state
}

// isLast reports whether state says that the descriptor is closed and that nobody
// uses it.
func isLast(state uint64) bool { return state&(mutexClosed|mutexRefMask) == mutexClosed }
