// Package bench measures net2 against net, and both against a bare epoll loop.
//
// Its Go benchmarks run one body as impl=net and impl=net2:
//
//	go test -run - -bench . -count 10 ./conformance/bench | benchstat -col /impl -
//
// Its harness, behind go run ./conformance/cmd/bench, starts two processes that
// talk over loopback: the measured process and its counterpart. A measurement
// is a cell: one workload on one implementation for a second or so. A round has
// one cell for each pair of workload and implementation. The order of the
// implementations changes from round to round, so that a drift of the machine
// hits all alike. A ratio to net always compares two cells of the same round.
// The harness reports the median ratio and its spread.
//
// Servers on other people's libraries, the peers, are programs of their own in
// the module below this one. [Serve] makes them answer the harness with the
// code of every other measured process, so that all measure themselves alike.
//
// The counterpart is the same program for every implementation: threads in an
// epoll loop that make raw system calls. It keeps time, so that only the
// measured process differs. Only dialling swaps the roles: the measured process
// dials and keeps time, and the counterpart accepts.
//
// It matters much where the kernel puts the two processes, most of all with one
// connection: if both share one processor, an echo takes a fifth of the time
// that it takes if each wake-up has to wake another processor. With
// [Options.Pin] each process has its own processors.
//
// Cells that count system calls are separate from timed cells, because counting
// costs time.
package bench
