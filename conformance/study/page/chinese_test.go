package page

import (
	"html"
	"regexp"
	"testing"
	"unicode"

	"go.parity/conformance/trace"
)

var (
	translated = regexp.MustCompile(`(?s)<(?:span|title) data-zh="[^"]*">(.*?)</(?:span|title)>`)
	drawn      = regexp.MustCompile(`<text[^>]*>([^<]*)</text>`)
	labelled   = regexp.MustCompile(`aria-label="([^"]*)"( data-zh-label=)?`)
)

// drawnAlike fits what pictures write alike in both languages: functions,
// states, fields and what a recording says.
var drawnAlike = regexp.MustCompile(`^(goroutine|↻ [0-9]+ × [0-9]+|gopark|goready|netpollblock(: goready)?|netpollunblock(: goready)?|pdNil|pdWait|pdReady|G|epoll|[rw]wait|ref|[RW]|[a-z0-9_]+ (= .*|ADD|DEL|MOD)|epoll_p?wait)$`)

// Every text of the page has its Chinese, but for what is a name in both, and
// nothing is translated that the page does not say.
func TestEveryTextHasItsChinese(t *testing.T) {
	said := map[string]bool{"not at hand": true}
	check := func(english string) {
		said[english] = true
		c, ok := chinese[english]
		switch {
		case !ok:
			t.Errorf("no Chinese for %q", english)
		case !alike.MatchString(english) && !hasHan(c):
			t.Errorf("the Chinese for %q is %q", english, c)
		}
	}
	page := sample(t)
	for _, m := range translated.FindAllStringSubmatch(page, -1) {
		check(html.UnescapeString(m[1]))
	}
	for _, m := range drawn.FindAllStringSubmatch(page, -1) {
		if text := html.UnescapeString(m[1]); !drawnAlike.MatchString(text) && !names.MatchString(text) {
			check(text)
		}
	}
	for _, m := range labelled.FindAllStringSubmatch(page, -1) {
		if m[2] == "" {
			t.Errorf("the label %q has no Chinese", m[1])
		}
		check(html.UnescapeString(m[1]))
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

// alike fits what is written alike in both languages: a system call, or the
// name of a constant.
var alike = regexp.MustCompile(`^([a-z]+\(2\)(: [A-Z]+)?\.|[A-Z_]+\.|Go 1\.10:)$`)

func hasHan(s string) bool {
	for _, r := range s {
		if unicode.Is(unicode.Han, r) {
			return true
		}
	}
	return false
}
