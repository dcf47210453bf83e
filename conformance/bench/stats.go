package bench

import (
	"math"
	"slices"
)

// A Summary describes one value over the rounds of a run.
type Summary struct {
	N      int     `json:"n"` // rounds that measured the value
	Median float64 `json:"median"`
	Q1     float64 `json:"q1"`
	Q3     float64 `json:"q3"`
	Min    float64 `json:"min"`
	Max    float64 `json:"max"`
}

// Summarize describes values. It ignores those that are NaN or infinite.
func Summarize(values []float64) Summary {
	v := make([]float64, 0, len(values))
	for _, x := range values {
		if !math.IsNaN(x) && !math.IsInf(x, 0) {
			v = append(v, x)
		}
	}
	if len(v) == 0 {
		return Summary{}
	}
	slices.Sort(v)
	return Summary{
		N:      len(v),
		Median: quantile(v, 0.5),
		Q1:     quantile(v, 0.25),
		Q3:     quantile(v, 0.75),
		Min:    v[0],
		Max:    v[len(v)-1],
	}
}

// quantile interpolates between the two values nearest to q in sorted.
func quantile(sorted []float64, q float64) float64 {
	at := q * float64(len(sorted)-1)
	i := int(at)
	if i+1 == len(sorted) {
		return sorted[i]
	}
	part := at - float64(i)
	return sorted[i]*(1-part) + sorted[i+1]*part
}

// Ratios divides round by round: the result has num[i]/den[i] for each round i
// in which both were measured and den[i] is not zero. A value that was not
// measured is NaN, and a round that only one side has is left out: a ratio
// never takes its sides from different rounds.
func Ratios(num, den []float64) []float64 {
	var r []float64
	for i := range min(len(num), len(den)) {
		if math.IsNaN(num[i]) || math.IsNaN(den[i]) || den[i] == 0 {
			continue
		}
		r = append(r, num[i]/den[i])
	}
	return r
}

// Order returns the order in which n implementations run in a round.
//
// The rounds form a Williams design: over n rounds (2n where n is odd) each
// implementation stands once (twice) at every place, and follows every other
// one equally often. So neither a drift of the machine nor what one cell leaves
// to the next favours any of them.
func Order(n, round int) []int {
	order := make([]int, n)
	for i := range order {
		step := (i + 1) / 2
		if i%2 == 0 {
			step = n - step
		}
		order[i] = (step + round) % n
	}
	if n%2 == 1 && round/n%2 == 1 {
		slices.Reverse(order)
	}
	return order
}
