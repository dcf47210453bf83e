//go:build linux

package datagrams

import (
	"slices"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// A side is one of the ways to do the same work that take turns.
type side struct {
	name string
	run  func(b *testing.B) (operations int)
}

// compare lets the sides take turns, and reports for each the median of its operations a second
// and of the processor time of the process for one, and for all but the first the median of
// the ratios of a round.
func compare(b *testing.B, unit string, sides []side) {
	rates, costs := make([][]float64, len(sides)), make([][]float64, len(sides))
	for round := 0; b.Loop(); round++ {
		for k := range sides {
			i := k
			if round%2 == 1 {
				i = len(sides) - 1 - k
			}
			begin, used := time.Now(), processTime()
			n := float64(sides[i].run(b))
			rates[i] = append(rates[i], n/time.Since(begin).Seconds())
			costs[i] = append(costs[i], float64(processTime()-used)/n)
		}
	}
	b.ReportMetric(0, "ns/op")
	for i, s := range sides {
		b.ReportMetric(median(rates[i]), s.name+":"+unit+"/s")
		b.ReportMetric(median(costs[i]), s.name+":ns/"+unit)
		if i > 0 {
			b.ReportMetric(median(ratios(rates[i], rates[0])), s.name+":times")
			b.ReportMetric(median(ratios(costs[i], costs[0])), s.name+":cpu-times")
		}
	}
}

func ratios(num, den []float64) []float64 {
	r := make([]float64, len(num))
	for i := range num {
		r[i] = num[i] / den[i]
	}
	return r
}

func median(v []float64) float64 {
	v = slices.Sorted(slices.Values(v))
	return v[len(v)/2]
}

// processTime is the processor time that the process has used, in nanoseconds.
func processTime() int64 {
	var ts unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_PROCESS_CPUTIME_ID, &ts); err != nil {
		panic(err)
	}
	return ts.Nano()
}
