package api

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.parity/conformance"
)

// docRows are the rows that the list of TestDocList is about.
var docRows = []Row{
	{Platform: "linux", Kind: Type, Name: "Addr", How: Alias},
	{Platform: "linux", Kind: Type, Name: "Dialer", How: Ours},
	{Platform: "linux", Kind: Field, Name: "Dialer.Timeout", How: Ours},
	{Platform: "linux", Kind: Method, Name: "(*Dialer).Dial", How: Ours},
	{Platform: "linux", Kind: Func, Name: "Listen", How: Ours},
	{Platform: "linux", Kind: Func, Name: "Dial", How: Ours},
	{Platform: "linux", Kind: Func, Name: "ParseIP", How: Forward},
	{Platform: "linux", Kind: Const, Name: "FlagUp", How: Alias},
	{Platform: "linux", Kind: Var, Name: "ErrClosed", How: Alias},
	{Platform: "linux", Kind: Var, Name: "IPv4zero", Status: conformance.Missing},
	{Platform: "darwin", Kind: Func, Name: "Listen", How: Forward},
	{Platform: "linux", Kind: Func, Name: "StdConn", How: Beyond},
}

const docText = `Package net2 is net.

# Aliases

Values pass freely.

  - types: Addr
  - constants: FlagUp
  - variables: ErrClosed

# Forwards

  - functions: ParseIP

# Ours

  - types: Dialer
  - functions: Dial,
    [Listen]
  - not a kind: Listen

# Other platforms

  - types: Addr
`

func TestDocCheck(t *testing.T) {
	tests := []struct {
		name     string
		old, new string // what the edit of docText is
		status   conformance.Status
		detail   string
	}{
		{name: "right", status: conformance.Same},
		{
			name: "name missing", old: "Dial,", new: "",
			status: conformance.Differs,
			detail: "func Dial is not on the list, want ours",
		},
		{
			name: "under the wrong heading", old: "functions: ParseIP", new: "functions: ParseIP, Dial",
			status: conformance.Differs,
			detail: "func Dial is listed as forward and ours, want ours",
		},
		{
			name: "wrong kind", old: "types: Dialer", new: "functions: Dialer",
			status: conformance.Differs,
			detail: "func Dialer is listed as ours, net2 has none; type Dialer is not on the list, want ours",
		},
		{
			name: "unknown name", old: "ErrClosed", new: "ErrClosed, IPv4zero",
			status: conformance.Differs,
			detail: "var IPv4zero is listed as alias, net2 has none",
		},
		{
			name: "no list", old: docText, new: "Package net2 is net.",
			status: conformance.Missing,
			detail: "net2's package documentation has no list of aliases, forwards and what is ours",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			doc := strings.Replace(docText, tt.old, tt.new, 1)
			want := conformance.Check{Name: "doc list", Status: tt.status, Detail: tt.detail}
			if diff := cmp.Diff(want, docCheck(doc, docRows)); diff != "" {
				t.Errorf("docCheck (-want +got):\n%s", diff)
			}
		})
	}
}

func TestDocListIsRight(t *testing.T) {
	text := DocList(docRows)
	doc := strings.ReplaceAll(text, "//", "")
	if got := docCheck(doc, docRows); got.Status != conformance.Same {
		t.Errorf("docCheck(DocList(rows), rows) = %+v for\n%s", got, text)
	}
}

func TestDocListText(t *testing.T) {
	const want = `// # Aliases
//
//   - types: Addr
//   - constants: FlagUp
//   - variables: ErrClosed
//
// # Forwards
//
//   - functions: ParseIP
//
// # Ours
//
//   - types: Dialer
//   - functions: Dial, Listen
`
	if diff := cmp.Diff(want, DocList(docRows)); diff != "" {
		t.Errorf("DocList (-want +got):\n%s", diff)
	}
}
