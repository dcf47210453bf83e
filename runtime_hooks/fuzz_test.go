//go:build linux

package runtimehooks

import (
	"encoding/binary"
	"math"
	"slices"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// FuzzPollEvents feeds arbitrary events to the poller. Each event is 12 bytes
// as the kernel writes them: the bits, the index and the tag. The test makes
// half of the indexes and tags fit, because otherwise almost nothing would
// happen.
//
// Nothing panics. An event of the present use wakes whoever waits on a side
// that it concerns, once, and nobody else.
func FuzzPollEvents(f *testing.F) {
	ownPoller(f)
	event := func(bits uint32, index, tag int32) []byte {
		b := binary.LittleEndian.AppendUint32(nil, bits)
		b = binary.LittleEndian.AppendUint32(b, uint32(index))
		return binary.LittleEndian.AppendUint32(b, uint32(tag))
	}
	const current, last, raw = 0, 2, 3 // what the low bits of a tag choose
	f.Add([]byte{}, uint16(0))
	f.Add(event(unix.EPOLLIN, 0, current), uint16(1))
	f.Add(event(unix.EPOLLERR, 0, current), uint16(3))
	f.Add(event(unix.EPOLLERR, 2, last), uint16(0xffff))
	f.Add(slices.Concat(event(unix.EPOLLHUP, 0, current), event(unix.EPOLLIN, 0, current), event(unix.EPOLLERR, 2, current)), uint16(0xffff))
	f.Add(slices.Concat(event(unix.EPOLLOUT, 4, current), event(unix.EPOLLERR, 4, last), event(math.MaxUint32, 6, raw)), uint16(0x00f0))
	f.Add(slices.Concat(event(unix.EPOLLIN, math.MaxInt32, raw), event(unix.EPOLLIN, -1, 0), event(unix.EPOLLIN, -64<<1|1, 0)), uint16(0xffff))

	const descs = 8
	f.Fuzz(func(t *testing.T, data []byte, waiting uint16) {
		type model struct {
			*file
			waiter   [2]*waiter // of 'r' and 'w'
			state    [2]uintptr // of sides without a waiter
			woken    [2]bool
			eventErr bool
		}
		modes := [2]int{'r', 'w'}
		var ms [descs]*model
		at := make(map[int32]*model)
		for i := range ms {
			m := &model{file: quietDesc(t)}
			ms[i], at[m.pd.own.index] = m, m
			for side, mode := range modes {
				if waiting>>(2*i+side)&1 != 0 {
					m.waiter[side] = m.wait(mode)
				}
			}
		}
		for _, m := range ms {
			for side, mode := range modes {
				if m.waiter[side] != nil {
					eventually(t, "waiters park", func() bool { return m.pd.own.sema(mode).state.Load() > pdWait })
				}
			}
		}

		var events []unix.EpollEvent
		stale, want := 0, 0
		for len(data) >= 12 && len(events) < 2*netpollEvents {
			bits, index, tag := binary.LittleEndian.Uint32(data), int32(binary.LittleEndian.Uint32(data[4:])), int32(binary.LittleEndian.Uint32(data[8:]))
			data = data[12:]
			if index&1 == 0 {
				index = ms[uint32(index)>>1%descs].pd.own.index
				if bits>>24&1 != 0 {
					index = ^index // as before a writer has waited
				}
			}
			m := at[max(index, ^index)]
			if m != nil {
				switch now := int32(m.pd.own.fdseq.Load()); tag & 3 {
				case current, 1:
					tag = now
				case last:
					tag = now - 1
				}
			}
			events = append(events, unix.EpollEvent{Events: bits, Fd: index, Pad: tag})

			if m == nil {
				// Not one of ours: unless it exists and the tag is by chance
				// its own, it is stale. One that is idle may get ready.
				if pd := pollcache.at(max(index, ^index)); pd == nil || pd.fdseq.Load() != uint32(tag) {
					stale++
				}
				continue
			}
			if uint32(tag) != m.pd.own.fdseq.Load() {
				stale++
				continue
			}
			ready := [2]bool{
				bits&(unix.EPOLLIN|unix.EPOLLRDHUP|unix.EPOLLHUP|unix.EPOLLERR) != 0,
				bits&(unix.EPOLLOUT|unix.EPOLLHUP|unix.EPOLLERR) != 0,
			}
			if ready[0] || ready[1] {
				m.eventErr = bits == unix.EPOLLERR && index >= 0
			}
			for side := range modes {
				switch {
				case !ready[side]:
				case m.waiter[side] != nil && !m.woken[side]:
					m.woken[side] = true
					want++
				default:
					m.state[side] = pdReady
				}
			}
		}

		before := Stats()
		toRun := netpollevents(events, nil)
		after := Stats()
		if len(toRun) != want {
			t.Errorf("netpollevents(%v) = %d goroutines, want %d", events, len(toRun), want)
		}
		if got := after.StaleEvents - before.StaleEvents; got != uint64(stale) {
			t.Errorf("netpollevents(%v) dropped %d events, want %d", events, got, stale)
		}
		// The states before anyone runs: a waiter's notification stands there.
		for _, m := range ms {
			for side, mode := range modes {
				got := m.pd.own.sema(mode).state.Load()
				switch {
				case m.waiter[side] == nil && got != m.state[side],
					m.waiter[side] != nil && m.woken[side] && got != pdReady,
					m.waiter[side] != nil && !m.woken[side] && got <= pdWait:
					t.Errorf("netpollevents(%v) left %d in mode %s %s; waiter %t, to wake %t",
						events, m.pd.own.index, modeName(mode), stateName(got), m.waiter[side] != nil, m.woken[side])
				}
			}
			if got := m.pd.own.info()&pollEventErr != 0; got != m.eventErr {
				t.Errorf("netpollevents(%v) left %d eventErr = %t, want %t", events, m.pd.own.index, got, m.eventErr)
			}
		}
		for _, gp := range toRun {
			gp.ready()
		}
		for _, m := range ms {
			for side, mode := range modes {
				switch w := m.waiter[side]; {
				case w == nil:
				case m.woken[side]:
					w.want(NoError)
				case m.pd.own.sema(mode).state.Load() <= pdWait || len(w.code) > 0:
					t.Errorf("netpollevents(%v) woke %s, want it to wait", events, w.op)
				}
			}
		}
	})
}

// The operations of FuzzDeadlineOrder.
const (
	opReadyR = iota
	opReadyW
	opReadyRW
	opReadyErr // a bare error
	opStale    // an event of an earlier use
	opWaitR
	opWaitW
	opResetR
	opResetW
	opPast       // these six take r, w or both from the byte's high bits
	opFar        //
	opOverflow   //
	opClear      //
	opNear       // and wait until it has passed
	opNearLifted // set to pass at once, and moved far away or cleared
	opClose
	opReopen
	numOps
)

// FuzzDeadlineOrder runs a sequence of operations on one descriptor, a byte
// each, and holds the hooks against a model that fits on a page. After each
// operation every waiter has either returned what the model says, or is parked.
func FuzzDeadlineOrder(f *testing.F) {
	ownPoller(f)
	const r, w, rw = 0 << 6, 1 << 6, 2 << 6
	f.Add([]byte{opWaitR, opPast | r, opClear | r, opWaitR, opReadyR})
	f.Add([]byte{opWaitR, opWaitW, opNear | rw, opWaitR, opWaitW, opClear | rw, opWaitR, opWaitW, opReadyRW})
	f.Add([]byte{opFar | rw, opWaitR, opWaitW, opNear | w, opReadyR, opClose, opReopen, opWaitR})
	f.Add([]byte{opReadyRW, opWaitR, opWaitR, opNearLifted | r, opReadyR, opWaitW, opClose})
	f.Add([]byte{opReadyErr, opWaitR, opResetR, opWaitW, opReopen, opWaitR, opClose, opReopen, opWaitR, opStale})
	f.Add([]byte{opWaitR, opNearLifted | rw, opReadyR, opWaitR, opClose, opReopen, opWaitR, opOverflow | rw, opReadyR})
	f.Add([]byte{opOverflow | r, opOverflow | w, opWaitR, opWaitW, opNear | w, opNear | r})

	f.Fuzz(func(t *testing.T, ops []byte) {
		if len(ops) > 100 {
			ops = ops[:100]
		}
		open := Stats().Open
		d := &deadlineModel{file: quietDesc(t)}
		for i, op := range ops {
			mode := []int{'r', 'w', 'r' + 'w', 'r'}[op>>6]
			d.step(int(op&63)%numOps, mode)
			d.settle()
			d.check()
			if t.Failed() {
				t.Fatalf("after operation %d of %v", i, ops)
			}
		}
		d.finish()
		if got := Stats().Open; got != open {
			t.Errorf("Stats().Open = %d, want %d", got, open)
		}
	})
}

// deadlineModel is what the hooks' caller can know of one descriptor.
type deadlineModel struct {
	*file
	closing  bool
	eventErr bool
	side     [2]struct {
		passed   bool // its deadline has
		notified bool // and nobody has taken the notification
		waiter   *waiter
		end      bool // the waiter returns
		code     int  // this
		maybe    bool // or perhaps ErrTimeout
	}
}

var bothModes = [2]int{'r', 'w'}

// sides calls f for each side that mode concerns.
func sides(mode int, f func(side int)) {
	for side, m := range bothModes {
		if mode == m || mode == 'r'+'w' {
			f(side)
		}
	}
}

// code is what a new operation is told.
func (d *deadlineModel) code(side int) int {
	switch {
	case d.closing:
		return ErrClosing
	case d.side[side].passed:
		return ErrTimeout
	case side == 0 && d.eventErr:
		return ErrNotPollable
	}
	return NoError
}

// end says that the waiter of a side returns code.
func (d *deadlineModel) end(side, code int) {
	if s := &d.side[side]; s.waiter != nil {
		s.end, s.code = true, code
	}
}

func (d *deadlineModel) step(op, mode int) {
	switch op {
	case opReadyR, opReadyW, opReadyRW, opReadyErr:
		bits := []uint32{unix.EPOLLIN, unix.EPOLLOUT, unix.EPOLLIN | unix.EPOLLOUT, unix.EPOLLERR}[op]
		d.eventErr = op == opReadyErr
		sides([]int{'r', 'w', 'r' + 'w', 'r' + 'w'}[op], func(side int) {
			if d.side[side].waiter == nil {
				d.side[side].notified = true
			}
			d.end(side, NoError)
		})
		d.deliver(eventOf(d.pd.own, bits))
	case opStale:
		ev := eventOf(d.pd.own, unix.EPOLLERR)
		ev.Pad--
		d.deliver(ev)
	case opWaitR, opWaitW:
		side := op - opWaitR
		s := &d.side[side]
		if s.waiter != nil {
			return
		}
		code := d.code(side)
		s.waiter = d.wait(bothModes[side])
		if code != NoError {
			d.end(side, code)
		} else if s.notified {
			s.notified = false
			d.end(side, NoError)
		}
	case opResetR, opResetW:
		side := op - opResetR
		if d.side[side].waiter != nil {
			return
		}
		want := d.code(side)
		if got := PollReset(d.pd, bothModes[side]); got != want {
			d.t.Errorf("PollReset(%d, %s) = %d, want %d", d.fd, modeName(bothModes[side]), got, want)
		}
		if want == NoError {
			d.side[side].notified = false
		}
	case opPast, opFar, opOverflow, opClear, opNear:
		ns := []int64{-1, int64(time.Hour), math.MaxInt64, 0, 1}[op-opPast]
		PollSetDeadline(d.pd, ns, mode)
		if d.closing {
			return
		}
		sides(mode, func(side int) {
			if op == opNear {
				eventually(d.t, "the deadline passes", func() bool {
					return d.pd.own.info()&[]pollInfo{pollExpiredReadDeadline, pollExpiredWriteDeadline}[side] != 0
				})
			}
			if d.side[side].passed = op == opPast || op == opNear; d.side[side].passed {
				d.end(side, ErrTimeout)
			}
		})
	case opNearLifted:
		PollSetDeadline(d.pd, 1, mode)
		PollSetDeadline(d.pd, []int64{0, int64(time.Hour)}[mode%2], mode)
		if d.closing {
			return
		}
		sides(mode, func(side int) {
			d.side[side].passed = false
			d.side[side].maybe = d.side[side].waiter != nil
		})
	case opClose:
		if d.closing {
			return
		}
		d.evict()
		d.closing = true
		d.end(0, ErrClosing)
		d.end(1, ErrClosing)
	case opReopen:
		if !d.closing || d.side[0].waiter != nil || d.side[1].waiter != nil {
			return
		}
		d.unwatch()
		d.watch()
		*d = deadlineModel{file: d.file}
	}
}

func (d *deadlineModel) deliver(ev unix.EpollEvent) {
	for _, gp := range netpollevents([]unix.EpollEvent{ev}, nil) {
		gp.ready()
	}
}

// settle waits until every waiter has returned or parked, as the model says.
func (d *deadlineModel) settle() {
	d.t.Helper()
	for side, mode := range bothModes {
		s := &d.side[side]
		if s.waiter == nil {
			continue
		}
		if s.maybe && !s.end {
			// A deadline that was lifted at once may have ended the wait.
			eventually(d.t, s.waiter.op+" returns or parks", func() bool {
				return len(s.waiter.code) > 0 || d.pd.own.sema(mode).state.Load() > pdWait
			})
			if len(s.waiter.code) > 0 {
				s.end, s.code = true, ErrTimeout
			}
			s.maybe = false
		}
		if s.end {
			s.waiter.want(s.code)
			s.waiter, s.end = nil, false
			continue
		}
		eventually(d.t, s.waiter.op+" parks", func() bool {
			if len(s.waiter.code) > 0 {
				d.t.Fatalf("%s = %d, want it to wait", s.waiter.op, <-s.waiter.code)
			}
			return d.pd.own.sema(mode).state.Load() > pdWait
		})
	}
}

// check compares what can be seen without changing anything.
func (d *deadlineModel) check() {
	d.t.Helper()
	for side, mode := range bothModes {
		s := &d.side[side]
		if got, want := netpollcheckerr(d.pd.own, mode), d.code(side); got != want {
			d.t.Errorf("netpollcheckerr(%s) = %d, want %d", modeName(mode), got, want)
		}
		if s.waiter != nil {
			continue
		}
		want := pdNil
		if s.notified {
			want = pdReady
		}
		wantState(d.t, d.pd.own, mode, want)
	}
}

// finish closes the descriptor and lets everyone go.
func (d *deadlineModel) finish() {
	d.step(opClose, 0)
	d.settle()
	d.step(opReadyRW, 0)
	d.settle()
	if d.side[0].waiter != nil || d.side[1].waiter != nil {
		d.t.Error("a goroutine waits on a descriptor that is closed and ready")
	}
	d.close()
}
