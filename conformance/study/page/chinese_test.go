package page

import (
	"html"
	"regexp"
	"testing"
	"unicode"

	"go.parity/conformance/trace"
)

var translated = regexp.MustCompile(`(?s)<span data-zh="([^"]*)">(.*?)</span>`)

// Every text of the page has its Chinese, but for what is a name in both, and
// nothing is translated that the page does not say.
func TestEveryTextHasItsChinese(t *testing.T) {
	said := map[string]bool{"net": true, "not at hand": true, "with its own poller, NET2_POLLER=epoll": true, "source": true}
	check := func(english string) {
		said[english] = true
		c, ok := chinese[english]
		switch {
		case !ok:
			t.Errorf("no Chinese for %q", english)
		case !isName.MatchString(english) && !hasHan(c):
			t.Errorf("the Chinese for %q is %q", english, c)
		}
	}
	for _, m := range translated.FindAllStringSubmatch(sample(t), -1) {
		check(html.UnescapeString(m[2]))
	}
	for _, s := range trace.Scenarios() {
		check(s.Doc)
	}
	for english := range chinese {
		if len(trace.Scenarios()) > 0 && !said[english] {
			t.Errorf("the page does not say %q", english)
		}
	}
}

// isName fits what is written alike in both languages: a system call, or the
// name of a constant.
var isName = regexp.MustCompile(`^([a-z]+\(2\)(: [A-Z]+)?\.|[A-Z_]+\.|Go 1\.10:)$`)

func hasHan(s string) bool {
	for _, r := range s {
		if unicode.Is(unicode.Han, r) {
			return true
		}
	}
	return false
}
