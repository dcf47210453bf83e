package stdtests

import (
	"strings"
	"time"
)

// Options say what to run.
type Options struct {
	// Dir is a directory inside the module go.parity, "" for the working
	// directory.
	Dir string

	// Builds are the builds of net2 to test: DefaultBuild, EpollBuild, or a list
	// of build tags separated by commas. An empty list means DefaultBuild.
	Builds []string

	// Packages are the packages of the standard library whose tests run, "net"
	// or some of AbovePackages. An empty list means all.
	Packages []string

	// Short runs the tests with -short.
	Short bool

	// Benchmarks runs each benchmark of net once, too.
	Benchmarks bool

	// Timeout is how long one test may take; 0 means 2 minutes.
	Timeout time.Duration

	// Match selects tests by package and name, nil selects all.
	Match func(pkg, name string) bool

	// Overlay replaces files of the module, by their path in it.
	Overlay map[string][]byte

	// Keep is where the temporary GOROOTs and test binaries stay; "" removes
	// them.
	Keep string

	// Log, if not nil, is called with what goes on.
	Log func(format string, args ...any)

	// Report, if not nil, is called with each test when its last outcome is
	// known.
	Report func(*Test)
}

// Builds of net2 that need no build tag.
const (
	DefaultBuild = "default"
	EpollBuild   = "epoll" // the same binary, run with net2's own poller
)

// AllBuilds are the builds of net2.
var AllBuilds = []string{DefaultBuild, EpollBuild, "net2_portable"}

// tagsOf returns the build tags of a build.
func tagsOf(build string) string {
	if build == DefaultBuild || build == EpollBuild {
		return ""
	}
	return build
}

// environOf returns what the environment of a build's tests has in addition.
func environOf(build string) []string {
	if build == EpollBuild {
		return []string{"NET2_POLLER=epoll"}
	}
	return nil
}

func (o *Options) builds() []string {
	if len(o.Builds) == 0 {
		return []string{DefaultBuild}
	}
	return o.Builds
}

func (o *Options) packages() []string {
	if len(o.Packages) == 0 {
		return append([]string{"net"}, AbovePackages...)
	}
	return o.Packages
}

func (o *Options) log(format string, args ...any) {
	if o.Log != nil {
		o.Log(format, args...)
	}
}

// A Test is one test of the standard library, with what became of it.
type Test struct {
	Package string `json:"package"`
	Name    string `json:"name"`
	File    string `json:"file,omitempty"`

	// LeftOut says why it was not carried over, nil if it was.
	LeftOut *LeftOut `json:"leftOut,omitempty"`

	// Ours says that the test reaches code of net2 itself, and not only what
	// net2 takes from net.
	Ours bool `json:"ours,omitempty"`

	// Via are unexported names of net that the test reaches in net itself.
	Via []string `json:"via,omitempty"`

	Net  Outcome            `json:"net"`
	Net2 map[string]Outcome `json:"net2,omitempty"` // by build
}

// LeftOut is why a test of net was not carried over.
type LeftOut struct {
	// Names are the names that the test needs and for which net2 has no
	// counterpart: unexported names of net, or else what the compiler said.
	Names []string `json:"names"`

	// NetOnly says that the test could run, but reaches nothing of net2: it
	// would compare net with itself.
	NetOnly bool `json:"netOnly,omitempty"`
}

func (l *LeftOut) String() string {
	if l.NetOnly {
		return "it tests nothing but net's own " + strings.Join(l.Names, ", ")
	}
	return "it needs " + strings.Join(l.Names, ", ")
}

// ID is the name of a test with its package.
func (t *Test) ID() string { return t.Package + "." + t.Name }

// A Verdict compares a test's outcome for net2 with that for net.
type Verdict string

// The verdicts on a test.
const (
	VerdictPassed     Verdict = "passed"      // for both
	VerdictFailed     Verdict = "failed"      // it passes for net only
	VerdictSkipped    Verdict = "skipped"     // it skips itself for both
	VerdictLeftOut    Verdict = "left out"    // it was not carried over
	VerdictNotCounted Verdict = "not counted" // it fails for net here
	VerdictNotRun     Verdict = "not run"     // it was not selected
)

// Verdict returns the verdict for a build.
func (t *Test) Verdict(build string) Verdict {
	if t.LeftOut != nil {
		return VerdictLeftOut
	}
	net2, ran := t.Net2[build]
	switch {
	case t.Net.Status == Failed:
		return VerdictNotCounted
	case t.Net.Status == "" || !ran:
		return VerdictNotRun
	case t.Net.Status == Skipped && net2.Status == Skipped:
		return VerdictSkipped
	case net2.Status == Passed:
		return VerdictPassed
	}
	return VerdictFailed
}

// Detail explains the verdict, "" where it needs no explanation.
func (t *Test) Detail(build string) string {
	net2 := t.Net2[build]
	switch t.Verdict(build) {
	case VerdictLeftOut:
		return t.LeftOut.String()
	case VerdictNotCounted:
		return t.Net.Detail
	case VerdictSkipped:
		return net2.Detail
	case VerdictFailed:
		if net2.Status == Skipped {
			return "it skips itself for net2 only: " + net2.Detail
		}
		return net2.Detail
	case VerdictPassed:
		if net2.Unsteady {
			return "it failed at first, and passed when it ran again: " + net2.Detail
		}
	}
	return ""
}

// A Report is the outcome of a run.
type Report struct {
	GoVersion string   `json:"goVersion"`
	Root      bool     `json:"root"` // run as root
	Short     bool     `json:"short"`
	Builds    []string `json:"builds"`
	Tests     []*Test  `json:"tests"`
}
