package main

import (
	"errors"
	"fmt"
	"os"
	"strings"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "net2:", oneLine(err))
		os.Exit(1)
	}
}

// oneLine is an error on one line; what the go command says has several.
func oneLine(err error) string {
	return strings.Join(strings.Fields(err.Error()), " ")
}

const usage = `usage: net2 build|test|run|vet|install|list [-poller] [the go command's flags and packages]
       net2 overlay [-poller]      prints the path of the overlay, for go build -overlay=
       net2 verify BINARY|PACKAGE  says whether net2 is in there`

func run(args []string) error {
	if len(args) == 0 {
		return errors.New(usage)
	}
	verb, args := args[0], args[1:]
	switch verb {
	case "build", "test", "run", "vet", "install", "list":
		return passOn(verb, args)
	case "overlay":
		return printOverlay(args)
	}
	return fmt.Errorf("unknown command %q", verb)
}

// printOverlay is net2 overlay.
func printOverlay(args []string) error {
	inv, err := parseArgs("overlay", args)
	if err != nil {
		return err
	}
	p, elsewhere, err := prepare(&inv)
	if err != nil {
		return err
	}
	if elsewhere {
		return errors.New("there is no overlay but for Linux: GOOS says otherwise")
	}
	path, err := p.overlayFor(inv)
	if err != nil {
		return err
	}
	fmt.Println(path)
	return nil
}
