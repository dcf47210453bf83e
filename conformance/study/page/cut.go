package page

import (
	"regexp"
	"slices"
	"strings"
	"unicode"

	"go.parity/conformance/trace"
	"go.parity/conformance/way"
)

// A cut says which step made a call of a recording, by its number from 1.
type cut map[*trace.Call]int

// A passage is what one recording is of.
type passage struct {
	scenario string
	own      bool // net2 waited in its own poller
}

// cutUp cuts a recording up by the steps of its path that it takes. Each step takes, in the
// order in which it names them, the first calls of these names and constants
// that no step before took. What is left is asked again of a descriptor, and
// goes to the step that asked first.
func cutUp(p passage, steps []way.Step, calls []*trace.Call, told func(way.Step) []string) cut {
	c := cut{}
	for i, s := range steps {
		if s.Scenarios != nil && !slices.Contains(s.Scenarios, p.scenario) {
			continue
		}
		var taken []*trace.Call
		from, complete := 0, true
		for _, w := range wants(p, told(s)) {
			at := slices.IndexFunc(calls[from:], func(call *trace.Call) bool { return c[call] == 0 && w.fits(call) })
			if at < 0 {
				complete = false
				continue
			}
			taken = append(taken, calls[from+at])
			from += at + 1
		}
		if !complete && closesWhatItMakes(told(s)) {
			continue // a probe that was made earlier in the process
		}
		for _, call := range taken {
			c[call] = i + 1
		}
	}
	c.addRepeated(calls)
	return c
}

func (c cut) addRepeated(calls []*trace.Call) {
	first := map[string]int{}
	for _, call := range calls {
		if key := asked(call); first[key] == 0 {
			first[key] = c[call]
		}
	}
	for _, call := range calls {
		if c[call] == 0 {
			c[call] = first[asked(call)]
		}
	}
}

// asked is what a call asks, without its result and its details.
func asked(call *trace.Call) string {
	n := 1
	if call.Name == "epoll_ctl" {
		n = 3
	}
	return call.Name + " " + strings.Join(call.Args[:min(n, len(call.Args))], " ")
}

// closesWhatItMakes reports whether a step holds a descriptor only as long as
// it lasts.
func closesWhatItMakes(told []string) bool {
	return len(told) > 1 && slices.Contains([]string{"socket", "openat"}, way.Syscall(told[0])) && slices.Contains(told, "close")
}

// A want is a call that a step tells of.
type want struct {
	name      string
	constants []string
	word      string // an argument or the result, "" for any: what it is called on
}

// constant fits a name of the kernel's.
var constant = regexp.MustCompile(`\b[A-Z][A-Z0-9_]+\b`)

// fits reports whether a call is the one wanted. That of epoll_ctl which is
// ADD to a step is EPOLL_CTL_ADD to the recording.
func (w want) fits(call *trace.Call) bool {
	if w.word != "" && call.Result != w.word && !slices.Contains(call.Args, w.word) {
		return false
	}
	has := constant.FindAllString(call.String(), -1)
	return call.Name == w.name && !slices.ContainsFunc(w.constants, func(c string) bool {
		return !slices.Contains(has, c) && !slices.Contains(has, "EPOLL_CTL_"+c)
	})
}

// wants reads what a step tells of its calls. An option is a call of its own.
// What only a poller of net2's own does is in no recording of the default.
func wants(p passage, told []string) []want {
	var all []want
	for _, t := range told {
		name, text := way.Syscall(t), remark(t)
		ours := slices.Contains(strings.FieldsFunc(text, notLetter), "ours")
		if ours && !p.own {
			continue
		}
		constants := constant.FindAllString(text, -1)
		switch name {
		case "setsockopt", "getsockopt", "fcntl":
			if len(constants) > 1 {
				for _, c := range constants {
					all = append(all, want{name: name, constants: []string{c}})
				}
				continue
			}
		}
		all = append(all, want{name, withoutAcronyms(constants), calledOn(p, text, ours)})
	}
	return all
}

// withoutAcronyms leaves out what is no constant: TCP.
func withoutAcronyms(words []string) []string {
	return slices.DeleteFunc(words, func(w string) bool { return w == "TCP" })
}

func notLetter(r rune) bool { return !unicode.IsLetter(r) }

// watchedScenario is the one in which there is the watch, which is made before our own
// poller shows.
const watchedScenario = "read-spared"

// calledOn returns how a recording names what a step says that it calls upon.
func calledOn(p passage, text string, ours bool) string {
	switch {
	case ours && !strings.Contains(text, "into the runtime's"):
		if p.scenario == watchedScenario {
			return "epoll2"
		}
		return "epoll"
	case strings.HasSuffix(text, ", the watch"):
		return "epoll"
	case p.own && strings.Contains(text, "the runtime's"):
		return "runtime-epoll"
	}
	for _, name := range []string{"eventfd", "listener", "file"} {
		if strings.HasSuffix(text, ", the "+name) {
			return name
		}
	}
	return ""
}
