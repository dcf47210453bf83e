// Package life tests what a connection goes through between its first moment and
// its last: a Close that meets every other call, its descriptor's number that
// somebody else gets at once, deadlines that come by the thousand, the garbage
// collector, child processes, and callbacks that panic.
//
// Every test runs one script on net and on net2. net is the control: what net
// itself does not withstand proves nothing about net2. The tests are in the
// package's test files, and take a few seconds. The flag -life.rounds makes them
// long:
//
//	go test -race -timeout 1h ./conformance/life -args -life.rounds 15000
package life
