package words

import (
	"strings"
	"testing"
)

func TestWords(t *testing.T) {
	for _, tt := range []struct{ name, got, want string }{
		{"one", Plural(1, "check"), "1 check"},
		{"none", Plural(0, "check"), "0 checks"},
		{"first line", FirstLine("\n a\nb"), "a"},
		{"first lines", FirstLines("a\nb\nc", 2), "a\nb"},
		{"first lines of fewer", FirstLines("a", 2), "a"},
		{"one line", OneLine(" a\n\tb "), "a b"},
		{"tail of little", Tail(" a\n"), "a"},
		{"tail of much", Tail(strings.Repeat("a", 5000) + "b"), "…" + strings.Repeat("a", 2999) + "b"},
	} {
		if tt.got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, tt.got, tt.want)
		}
	}
}
