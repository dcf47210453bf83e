//go:build linux

package model

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/google/go-cmp/cmp"

	"go.parity/conformance/host"
)

// An answer is an operation together with its result, for the comparison.
type answer struct {
	Op     string
	Answer string
}

// Diff runs p on both stacks and returns their differences, "" if there are none.
func Diff(p Program) string {
	diff, _, _ := diff(p)
	return diff
}

// diff also returns how many operations worked on net, and what net lacked for
// the others: if an answer shows a lack, on either stack, the host causes it.
func diff(p Program) (diff string, worked int, lack *host.Lack) {
	a := run(&netStack, p)
	if a == nil {
		return "", 0, nil
	}
	lack = host.Explain(strings.Join(a.results, ""))
	b := run(&net2Stack, p)
	if b == nil {
		return "", 0, lack // and its operations do not count
	}
	if slices.Equal(a.results, b.results) {
		return "", a.worked, lack
	}
	// With so few descriptors, which stack gets the last one depends on what
	// else is open.
	if l := host.Explain(strings.Join(b.results, "")); l != nil && l.Need == host.Descriptors {
		return "", 0, l
	}
	return cmp.Diff(answers(p, a.results), answers(p, b.results)), a.worked, lack
}

func answers(p Program, results []string) []answer {
	all := make([]answer, len(results))
	for i, r := range results {
		if i < len(p) {
			all[i].Op = p[i].String()
		}
		all[i].Answer = r
	}
	return all
}

// Generate returns a program of n operations. It begins with a pair, for
// without one there is little to do.
func Generate(r *rand.Rand, n int) Program {
	p := Program{{Kind: Pair, Conn: uint8(r.Uint32())}}
	for len(p) < n {
		p = append(p, Op{Kind: Kind(r.IntN(int(numKinds))), Conn: uint8(r.Uint32()), N: uint16(r.Uint32())})
	}
	return p
}

// Reduce returns the shortest program for which fails holds that it can make
// from p by leaving out operations and making numbers smaller. fails must hold
// for p.
func Reduce(p Program, fails func(Program) bool) Program {
	p = slices.Clone(p)
	for size := len(p) / 2; size > 0; {
		shorter := false
		for i := 0; i+size <= len(p); {
			if q := slices.Delete(slices.Clone(p), i, i+size); fails(q) {
				p, shorter = q, true
			} else {
				i += size
			}
		}
		if size = size / 2; size == 0 && shorter {
			size = 1
		}
	}
	for i := range p {
		for _, smaller := range []Op{{p[i].Kind, 0, 0}, {p[i].Kind, p[i].Conn, 0}, {p[i].Kind, p[i].Conn, p[i].N % 100}} {
			q := slices.Clone(p)
			q[i] = smaller
			if q[i] != p[i] && fails(q) {
				p = q
				break
			}
		}
	}
	return p
}

// A Divergence is a program on which the stacks differ.
type Divergence struct {
	Seed    uint64
	Program Program // reduced
	Diff    string
}

func (d *Divergence) String() string {
	return fmt.Sprintf("seed %d, reduced to %d operations:\n%s\n(-net +net2)\n%s\nAs a test:\n\n%s",
		d.Seed, len(d.Program), d.Program, d.Diff, d.Program.Source())
}

// A Tally sums up what random programs did.
type Tally struct {
	Worked     int        // operations that did something, on each stack
	Lack       *host.Lack // what the host lacks for others, or nil
	Divergence *Divergence
}

// Run runs random programs, numbered from seed. It stops when until, given the
// number of operations that worked, returns true, or when the stacks diverge.
func Run(seed uint64, until func(worked int) bool) Tally {
	var t Tally
	for ; !until(t.Worked); seed++ {
		r := rand.New(rand.NewPCG(seed, 0))
		p := Generate(r, 10+r.IntN(60))
		diff, worked, lack := diff(p)
		t.Worked += worked
		if t.Lack == nil {
			t.Lack = lack
		}
		if diff == "" {
			continue
		}
		// A divergence that does not come again is due to this machine, not to
		// the stacks, but it must not be lost.
		q := p
		if again := Diff(p); again != "" {
			q = Reduce(p, func(p Program) bool { return Diff(p) != "" })
			diff = Diff(q)
		} else {
			diff += "\n(It did not come again.)"
		}
		t.Divergence = &Divergence{Seed: seed, Program: q, Diff: diff}
		break
	}
	return t
}
