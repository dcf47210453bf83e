package bench

import (
	"math"
	"math/bits"
	"time"
)

// maxLatency is the longest latency that a histogram tells from longer ones.
const maxLatency = 20 * time.Second

// slotBits is how many leading bits of a latency decide its slot.
const slotBits = 11

// A histogram counts latencies in slots. The slots are exact up to 2,048 ns,
// and above that a thousandth of the latency wide. So a quantile of millions of
// latencies takes no sorting and little memory.
type histogram struct {
	slots []uint64
	total uint64
}

func newHistogram() *histogram {
	return &histogram{slots: make([]uint64, slotOf(int64(maxLatency))+1)}
}

// slotOf returns the slot of a latency in nanoseconds. Every power of two from
// 1<<slotBits on has the same number of slots.
func slotOf(ns int64) int {
	shift := max(bits.Len64(uint64(ns))-slotBits, 0)
	return shift<<(slotBits-1) + int(ns>>shift)
}

// highest returns the longest latency that slot i counts.
func highest(i int) int64 {
	shift := max(i>>(slotBits-1)-1, 0)
	leading := int64(i - shift<<(slotBits-1))
	return (leading+1)<<shift - 1
}

// record counts a latency in nanoseconds. A latency below zero counts as zero,
// and one above maxLatency as maxLatency.
func (h *histogram) record(ns int64) {
	h.slots[slotOf(min(max(ns, 0), int64(maxLatency)))]++
	h.total++
}

// quantile returns the latency that the share q of all latencies do not exceed,
// or 0 if the histogram is empty.
func (h *histogram) quantile(q float64) time.Duration {
	rank := max(uint64(math.Ceil(q*float64(h.total))), 1)
	var below uint64
	for i, n := range h.slots {
		if below += n; below >= rank {
			return time.Duration(highest(i))
		}
	}
	return 0
}
