package main

import (
	"errors"
	"fmt"
	"os"
	"strings"
)

func main() {
	if vetTool(os.Args[1:]) {
		runVetTool()
	}
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "net2:", oneLine(err))
		os.Exit(1)
	}
}

// oneLine puts an error on one line; those of the go command have several.
func oneLine(err error) string {
	return strings.Join(strings.Fields(err.Error()), " ")
}

const usage = `usage: net2 build|test|run|vet|install|list [-poller] [the go command's flags and packages]
       net2 overlay [-poller]      prints the path of the overlay, for go build -overlay=
       net2 goroot [-poller]       makes and prints a GOROOT with the same sources as files
       net2 verify BINARY|PACKAGE  says whether net2 is in there
       net2 rewrite [packages]     puts net2 into the imports of your own packages`

func run(args []string) error {
	if len(args) == 0 {
		return errors.New(usage)
	}
	verb, args := args[0], args[1:]
	switch verb {
	case "build", "test", "run", "vet", "install", "list":
		return passOn(verb, args)
	case "overlay":
		return printPath(verb, args, plan.overlayFor)
	case "goroot":
		return printPath(verb, args, func(p plan, _ invocation) (string, error) { return p.goroot() })
	case "verify":
		return verify(args)
	case "rewrite":
		return rewriteImports(args)
	case "help", "-h", "-help", "--help":
		fmt.Println(usage)
		return nil
	}
	return fmt.Errorf("unknown command %q", verb)
}

// printPath prints the path of what it generates.
func printPath(verb string, args []string, path func(plan, invocation) (string, error)) error {
	inv, err := parseArgs(verb, args)
	if err != nil {
		return err
	}
	if len(inv.operands) > 0 {
		return fmt.Errorf("%s takes no arguments, got %q", verb, inv.operands[0])
	}
	p, elsewhere, err := prepare(&inv)
	if err != nil {
		return err
	}
	if elsewhere {
		return fmt.Errorf("net2 %s is for Linux only, and GOOS says otherwise", verb)
	}
	made, err := path(p, inv)
	if err != nil {
		return err
	}
	fmt.Println(made)
	return nil
}
