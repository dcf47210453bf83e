// Package peers holds the benchmark's servers on other people's libraries, one
// program a folder. go run ./conformance/cmd/bench -peers builds and measures
// them. They are a module of their own, outside the workspace, so that neither
// the library nor its conformance suite requires what they require.
//
// Each server does what its library's documentation shows first: it answers in
// the callback that the library makes when something has arrived. Where a
// library leaves the number of its event loops to the program, there is one for
// each processor, as in the bare loop that they are measured beside.
package peers
