package main

import (
	"reflect"
	"strings"
	"testing"
)

func TestParseArgs(t *testing.T) {
	words := strings.Fields
	for _, test := range []struct {
		verb, line string
		want       invocation
	}{
		{"build", "", invocation{}},
		{"build", "./...", invocation{args: words("./..."), operands: words("./...")}},
		{"build", "-poller -o x -tags net2_portable ./a ./b", invocation{
			poller:     true,
			args:       words("-o x -tags net2_portable ./a ./b"),
			buildFlags: words("-tags net2_portable"),
			operands:   words("./a ./b"),
		}},
		{"build", "-C dir --overlay=mine.json -race -trimpath .", invocation{
			dir: "dir", overlay: "mine.json", trimpath: true,
			args:       words("-race -trimpath ."),
			buildFlags: words("-race -trimpath"),
			operands:   words("."),
		}},
		{"build", "-overlay mine.json -trimpath=false", invocation{
			overlay:    "mine.json",
			args:       words("-trimpath=false"),
			buildFlags: words("-trimpath=false"),
		}},
		{"goroot", "-sources mine.zip", invocation{sources: "mine.zip"}},
		// What follows the package belongs to the program.
		{"run", ". -poller -C x", invocation{args: words(". -poller -C x"), operands: words(". -poller -C x")}},
		// The value of a flag is not a flag.
		{"test", "-run -poller -count 1 net/http -v", invocation{
			args:     words("-run -poller -count 1 net/http -v"),
			operands: words("net/http -v"),
		}},
		{"test", "-test.run X -args -overlay=y", invocation{
			args:     words("-test.run X -args -overlay=y"),
			operands: words("-args -overlay=y"),
		}},
	} {
		t.Run(test.verb+" "+test.line, func(t *testing.T) {
			got, err := parseArgs(test.verb, words(test.line))
			if err != nil {
				t.Fatal(err)
			}
			test.want.verb = test.verb
			if len(got.args) == 0 {
				got.args = nil
			}
			if len(got.operands) == 0 {
				got.operands = nil
			}
			if !reflect.DeepEqual(got, test.want) {
				t.Errorf("got  %+v\nwant %+v", got, test.want)
			}
		})
	}
	if _, err := parseArgs("build", words("-v -overlay")); err == nil {
		t.Error("parseArgs accepts a flag without its value")
	}
}

func TestWords(t *testing.T) {
	inv, err := parseArgs("test", strings.Fields("-poller -race -C dir ./..."))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := strings.Join(inv.words("o.json"), " "), "test -C dir -overlay=o.json -race ./..."; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestReadGoflags(t *testing.T) {
	inv := invocation{}
	inv.readGoflags(` -tags=x  '-overlay=my file.json' "-trimpath" `)
	if inv.overlay != "my file.json" || !inv.trimpath {
		t.Errorf("got %+v", inv)
	}
	inv = invocation{overlay: "words.json"}
	inv.readGoflags("-overlay=flags.json")
	if inv.overlay != "words.json" {
		t.Errorf("GOFLAGS overrides the words: %+v", inv)
	}
}
