package merge

import (
	"strings"
	"testing"
)

func parsed(t *testing.T, importPath string, files map[string]string) *pkg {
	t.Helper()
	contents := make(map[string][]byte)
	for name, text := range files {
		contents[name] = []byte(text)
	}
	p, err := parse(importPath, contents)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestRename(t *testing.T) {
	p := parsed(t, "net", map[string]string{"a.go": `package net

import ("io"; "elsewhere")

type Conn struct{ n int }
type both struct{ *Conn; other int }
type writer interface{ write() }

func use(w io.Writer, Dial int) {
	b := both{Conn: &Conn{}}
	_ = b.Conn.n
	if _, ok := w.(writer); ok { Dial++ }
	_ = elsewhere.Conn{Conn: 1}
	elsewhere.Get().Conn()
	{ Conn := 1; _ = Conn }
}

func Dial() *Conn { return new(Conn) }
func (c *Conn) Dial() { Dial() }
`})
	r := renaming{"Conn": "std_Conn", "Dial": "std_Dial", "writer": "std_writer"}
	s := p.sources[0]
	got := string(apply(s.content, r.edits(p, s, nil)))
	want := `package net

import ("io"; "elsewhere")

type std_Conn struct{ n int }
type both struct{ *std_Conn; other int }
type std_writer interface{ write() }

func use(w io.Writer, Dial int) {
	b := both{std_Conn: &std_Conn{}}
	_ = b.std_Conn.n
	if _, ok := w.(std_writer); ok { Dial++ }
	_ = elsewhere.Conn{Conn: 1}
	elsewhere.Get().Conn()
	{ Conn := 1; _ = Conn }
}

func std_Dial() *std_Conn { return new(std_Conn) }
func (c *std_Conn) Dial() { std_Dial() }
`
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestRenameInEveryVariant(t *testing.T) {
	p := parsed(t, "net", map[string]string{
		"a_cgo.go":  "//go:build cgo\n\npackage net\n\nfunc look() { find() }\nfunc find() {}\n",
		"a_none.go": "//go:build !cgo\n\npackage net\n\nfunc look() { find(); find() }\nfunc find() {}\n",
	})
	for _, s := range p.sources {
		got := string(apply(s.content, renaming{"find": "std_find"}.edits(p, s, nil)))
		if strings.Contains(strings.ReplaceAll(got, "std_find", ""), "find") {
			t.Errorf("%s: %s", s.name, got)
		}
	}
}

func TestCrossingsKeepNames(t *testing.T) {
	p := parsed(t, "net", map[string]string{"a.go": `package net
type Dialer struct{}
type Resolver struct{}
func (r *Resolver) dial() { _ = Dialer{} }
func (r *Resolver) other() { _ = Dialer{} }
`})
	s := p.sources[0]
	got := string(apply(s.content, renaming{"Dialer": "std_Dialer"}.edits(p, s, isCrossing)))
	if !strings.Contains(got, "dial() { _ = Dialer{} }") || !strings.Contains(got, "other() { _ = std_Dialer{} }") {
		t.Error(got)
	}
}

// TestNet2File takes a file through every change that merge makes to a file of
// net2.
func TestNet2File(t *testing.T) {
	m := newMerger(Config{})
	m.std = parsed(t, "net", map[string]string{"a.go": `package net
type Addr interface{}
type Dialer struct{}
func socket() {}
func SplitHostPort(s string) string { return s }
var DefaultResolver, errTimeout int
`})
	m.net2 = parsed(t, "go.parity/net2", map[string]string{"a.go": `package net2

import (
	"net"
	"net/netip"

	"go.parity/poll"
	"go.parity/socket"
)

type Addr = net.Addr

var errTimeout = ask(netip.Addr{})

// SplitHostPort forwards.
func SplitHostPort(s string) string { return net.SplitHostPort(s) }

// A Dialer dials.
type Dialer struct{ fd poll.FD; local Addr }

func (d *Dialer) std() net.Dialer { socket.Open(); return net.Dialer{} }

func init() { DefaultResolver.Dial = nil }
`})
	for _, step := range []func() error{m.readAdded, m.reachNet2, m.chooseNames} {
		if err := step(); err != nil {
			t.Fatal(err)
		}
	}
	if got := m.stdRenamed["Dialer"] + " " + m.stdRenamed["socket"]; got != "std_Dialer std_socket" || len(m.stdRenamed) != 2 {
		t.Errorf("renamed in net: %v", m.stdRenamed)
	}
	source := m.net2.sources[0]
	got := string(m.net2File(source))
	for line, text := range strings.Split(got, "\n") {
		if strings.Contains(text, "Dialer dials") && text != strings.Split(string(source.content), "\n")[line] {
			t.Errorf("lines have moved: line %d is %q", line+1, text)
		}
	}
	want := `package net
import (
	poll "net/internal"
	socket "internal/syscall"
)
// A Dialer dials.
type Dialer struct{ fd poll.FD; local Addr }
func (d *Dialer) std() std_Dialer { socket.Open(); return std_Dialer{} }
`
	if got = withoutBlankLines(got); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func withoutBlankLines(text string) string {
	var kept strings.Builder
	for line := range strings.Lines(text) {
		if strings.TrimSpace(line) != "" {
			kept.WriteString(line)
		}
	}
	return kept.String()
}

func TestNetBelowNet(t *testing.T) {
	for text, want := range map[string]string{
		"var err = net.ErrClosed": "var err = stdpoll.ErrNetClosing",
		"var c net.Conn":          "",
	} {
		p := parsed(t, "go.parity/poll", map[string]string{"a.go": "package poll\nimport \"net\"\n" + text + "\n"})
		edits, err := moveLower(p, p.sources[0], nil)
		if want == "" {
			if err == nil {
				t.Errorf("%s: no error", text)
			}
			continue
		}
		if got := string(apply(p.sources[0].content, edits)); err != nil || !strings.Contains(got, want) {
			t.Errorf("%s: %v, %s", text, err, got)
		}
	}
}

func TestNotLinux(t *testing.T) {
	for text, want := range map[string]string{
		"// A\n// b\n// c.\n\npackage net\n":                          "// A\n// b c.\n//go:build !linux\n\npackage net\n",
		"// A\n// b\n// c.\n\n//go:build unix || js\n\npackage net\n": "// A\n// b\n// c.\n\n//go:build (unix || js) && !linux\n\npackage net\n",
		"package net\n": "//go:build !linux\n\npackage net\n",
	} {
		if got := string(notLinux([]byte(text))); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestChangedPollerIsRefused(t *testing.T) {
	if err := sameFunctions([]byte("package poll\nfunc brandNew() {}\n")); err == nil || !strings.Contains(err.Error(), "brandNew") {
		t.Errorf("err = %v", err)
	}
}
