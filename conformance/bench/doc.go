// Package bench measures net2 against net, and both against a bare epoll loop.
//
// Its Go benchmarks run one body as impl=net and impl=net2:
//
//	go test -run - -bench . -count 10 ./conformance/bench | benchstat -col /impl -
//
// Its harness, behind go run ./conformance/cmd/bench, puts the measured
// process and its counterpart into processes of their own on loopback. A
// measurement is a cell: one workload on one implementation for a second or
// so. A round has one cell for each of both; the implementations follow each
// other in an order that changes from round to round, so that what drifts on
// the machine hits all alike, and a ratio to net is always one of two cells of
// the same round. What is reported is the median ratio and its spread.
//
// The counterpart is the same program for every implementation: threads in an
// epoll loop that make raw system calls. It keeps time, so it is the measured
// process alone that differs. Only for dialling the roles change: the measured
// process dials and keeps time, the counterpart accepts.
//
// Where the kernel puts the two processes decides much, most of all with one
// connection: side by side on one processor an echo takes a fifth of the time
// that it takes where each wake-up has to wake another processor. With
// [Options.Pin] each has processors of its own.
//
// System calls are counted in cells of their own, because counting costs time.
package bench
