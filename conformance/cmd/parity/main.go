// Command parity holds go.parity/net2 against the standard library's net and
// says whether they are the same.
//
//	go run ./conformance/cmd/parity                     all evidence, with each of net2's pollers
//	go run ./conformance/cmd/parity -poller epoll       with one of them
//	go run ./conformance/cmd/parity traffic nettest     two parts of it
//	go run ./conformance/cmd/parity -v -run 'h2|trace'  what matches, check by check
//	go run ./conformance/cmd/parity -json               for machines
//
// It exits with 0 if nothing differs, also where this host or this user cannot
// check all; with 1 if something does; with 2 if it was called wrongly; and
// with 3 if nothing differs but evidence is lacking that should be there. An
// interrupted run exits with 130.
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
