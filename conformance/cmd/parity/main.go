// Command parity holds go.parity/net2 against the standard library's net and
// says whether they are the same.
//
//	go run ./conformance/cmd/parity                     all evidence, with each of net2's pollers
//	go run ./conformance/cmd/parity -poller epoll       with one of them
//	go run ./conformance/cmd/parity traffic nettest     two parts of it
//	go run ./conformance/cmd/parity -v -run 'h2|trace'  what matches, check by check
//	go run ./conformance/cmd/parity -json               for machines
//
// "parity help" lists the parts, the flags and the exit codes; see
// conformance.ExitCodes.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"go.parity/conformance/nettest"
)

func main() {
	nettest.Child()
	child(sources())
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// The first interrupt ends the run and prints what there is; a second one
	// ends the process.
	context.AfterFunc(ctx, stop)
	c := command{
		stdout:  os.Stdout,
		stderr:  os.Stderr,
		sources: sources(),
		host:    thisHost(),
		env:     os.Getenv,
	}
	os.Exit(c.run(ctx, os.Args[1:]))
}
