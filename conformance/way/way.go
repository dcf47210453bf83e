// Package way lays the way through the network stack beside itself three
// times: as the analysis that this project began with found it in Go 1.10, as
// it is in the standard library of today, and as it is in this module.
//
// The tables are prose about source, which goes stale. A test therefore looks
// for every function of the last two columns in the files named, and another
// holds the system calls against a recording of both stacks.
package way

import "strings"

// A Func is a function, method, type or variable with the file that declares
// it.
type Func struct {
	File string `json:"file"` // below GOROOT/src for the standard library, below the module's root for ours
	Name string `json:"name"` // "socket", "(*netFD).accept"
}

// A Step is one function on the way, three times. A column is empty where the
// way does not pass through a function of its own.
type Step struct {
	Seed Func `json:"seed"` // Go 1.10
	Std  Func `json:"std"`  // today
	Ours Func `json:"ours"`

	// The function in which that of Std or Ours has the work done, where its own
	// text does not show it.
	StdInside  Func `json:"stdInside,omitzero"`
	OursInside Func `json:"oursInside,omitzero"`

	Does  string `json:"does"`            // what it is for
	Since string `json:"since,omitempty"` // what changed between 1.10 and today
	Here  string `json:"here,omitempty"`  // what is different here
	Entry string `json:"entry,omitempty"` // the deviation behind Here, as in conformance.Deviations

	// The system calls seen at this step, each with what is worth telling
	// behind its name. What only our own poller does is called ours, and what
	// goes to the runtime's poller even then, the runtime's.
	StdCalls  []string `json:"stdCalls,omitempty"`
	OursCalls []string `json:"oursCalls,omitempty"`

	// The scenarios that take this step, where the path forks; nil for all.
	Scenarios []string `json:"scenarios,omitempty"`
}

// A Path is the way of one operation.
type Path struct {
	Name  string `json:"name"` // as in parity study
	Title string `json:"title"`
	Intro string `json:"intro"`
	Steps []Step `json:"steps"`
}

// Paths returns all paths, in the order in which a connection goes them, and
// what goes beside it.
func Paths() []Path {
	return []Path{listen, accept, dial, read, write, deadline, closing, udp, unix, sendfile, splice, file}
}

// Lookup returns the path with a name.
func Lookup(name string) (Path, bool) {
	for _, p := range Paths() {
		if p.Name == name {
			return p, true
		}
	}
	return Path{}, false
}

// Syscall returns the name of the system call that an element of StdCalls or
// OursCalls tells of.
func Syscall(call string) string {
	name, _, _ := strings.Cut(call, " ")
	return name
}

// fn writes a Func as "file name".
func fn(s string) Func {
	file, name, _ := strings.Cut(s, " ")
	return Func{File: file, Name: name}
}

// both are system calls that the two stacks make alike.
func both(s Step, calls ...string) Step {
	s.StdCalls, s.OursCalls = calls, calls
	return s
}
