package bench

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// A quantile is within a thousandth of the one that sorting finds.
func TestHistogramQuantiles(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	h := newHistogram()
	all := make([]int64, 100_000)
	for i := range all {
		all[i] = int64(math.Exp(random.Float64() * math.Log(float64(maxLatency))))
		h.record(all[i])
	}
	slices.Sort(all)
	for _, q := range []float64{0, 0.001, 0.5, 0.99, 0.999, 1} {
		want := all[max(int(math.Ceil(q*float64(len(all))))-1, 0)]
		got := int64(h.quantile(q))
		if got < want || float64(got) > float64(want)*1.001 {
			t.Errorf("quantile(%v) = %d, want %d to a thousandth", q, got, want)
		}
	}
}

// Each slot holds the latencies after those of the slot before it.
func TestHistogramSlotsFollowEachOther(t *testing.T) {
	for i := range slotOf(int64(maxLatency)) {
		last := highest(i)
		if slotOf(last) != i || slotOf(last+1) != i+1 {
			t.Fatalf("slot %d ends at %d ns, but that is in slot %d and the next in %d", i, last, slotOf(last), slotOf(last+1))
		}
	}
}

func TestHistogramLimits(t *testing.T) {
	if got := newHistogram().quantile(0.5); got != 0 {
		t.Errorf("the median of nothing is %v, want 0", got)
	}
	h := newHistogram()
	h.record(-1)
	if got := h.quantile(1); got != 0 {
		t.Errorf("a latency below zero counts as %v, want 0", got)
	}
	h.record(math.MaxInt64)
	if got := h.quantile(1).Round(100 * time.Millisecond); got != maxLatency {
		t.Errorf("the longest latency counts as %v, want %v", got, maxLatency)
	}
}
