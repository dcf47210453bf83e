package merge

import (
	"strings"
	"testing"
)

// A unit that nothing needs goes, with those that only it needs; lines stay.
func TestReach(t *testing.T) {
	p := parsed(t, "golang.org/x/sys/unix", map[string]string{"a.go": `package unix

import ("os"; "strings"; _ "unsafe")

const (
	USED = 1
	UNUSED = 2
)

const (
	first = iota
	second
)

// mapper keeps Mmap.
var mapper = newMapper(os.Args)

func newMapper(args []string) *mmapper { return nil }

type mmapper struct{}

func (m *mmapper) Mmap() {}

func Close(fd int) error { return errnoErr(second) }

type Errno int

func (e Errno) text() string { return strings.Repeat("x", USED) }

func errnoErr(n int) error { _ = Errno(n); return nil }

var _ = Errno(0)
`})
	needed := map[string]bool{"Close": true}
	p.reach(needed, func(unit) bool { return false })
	s := p.sources[0]
	dropped, empty := takeOut(s, func(u unit) bool { return !u.stays(needed) })
	if empty {
		t.Error("nothing is left")
	}
	got := string(apply(s.content, append(p.unusedImports(s, dropped), dropped...)))
	if lines, was := strings.Count(got, "\n"), strings.Count(string(s.content), "\n"); lines != was {
		t.Errorf("%d lines, were %d", lines, was)
	}
	want := `package unix
import (; "strings"; _ "unsafe")
const (
	USED = 1
)
const (
	first = iota
	second
)
func Close(fd int) error { return errnoErr(second) }
type Errno int
func (e Errno) text() string { return strings.Repeat("x", USED) }
func errnoErr(n int) error { _ = Errno(n); return nil }
var _ = Errno(0)
`
	if got = withoutBlankLines(got); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}
