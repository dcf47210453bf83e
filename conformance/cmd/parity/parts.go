package main

import (
	"go.parity/conformance/api"
	"go.parity/conformance/around"
	"go.parity/conformance/fault"
	"go.parity/conformance/model"
	"go.parity/conformance/nettest"
	"go.parity/conformance/report"
	"go.parity/conformance/scenario"
	"go.parity/conformance/stdtests"
	"go.parity/conformance/trace"
	"go.parity/conformance/traffic"
)

// sources returns all the evidence, the quickest first.
func sources() []report.Source {
	const mend = "net is right by definition: mend net2 until both do the same."
	return []report.Source{
		{Part: api.Part(), Advice: "Give net2 the object, under net's name and with its identical type, on the platforms named."},
		{Part: nettest.Part(), Advice: mend, Partial: true, Polls: true}, // in places x/net knows only net's own types
		{Part: scenario.Part(), Advice: mend, Polls: true},
		{Part: trace.Part(), Polls: true, Advice: "Make the system calls that net makes; or, where no program can see the difference, enter it in conformance/deviations.go."},
		{Part: fault.Part(), Advice: mend, Polls: true},
		{Part: model.Part(), Polls: true, Advice: "Mend net2, and make the program that is printed a scenario."},
		{Part: traffic.Part(), Advice: mend, Polls: true},
		{Part: around.Part(), Advice: mend, Polls: true},
	}
}

// stdtestsSource returns the standard library's own tests, which take longer
// than all the rest and run only with -stdtests.
func stdtestsSource() report.Source {
	return report.Source{Part: stdtests.FullPart(), Advice: "A test that passes for net must pass for net2: mend net2, not the test."}
}
