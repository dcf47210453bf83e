package page

import (
	_ "embed"
	"html"
	"html/template"
	"regexp"
	"strings"
)

// chineseText has pairs of lines, the English text and the Chinese one, with an
// empty line after each.
//
//go:embed chinese.txt
var chineseText string

var chinese = readPairs(chineseText)

func readPairs(text string) map[string]string {
	pairs := map[string]string{}
	for pair := range strings.SplitSeq(strings.TrimSpace(text), "\n\n") {
		english, translated, _ := strings.Cut(pair, "\n")
		pairs[english] = strings.TrimSpace(translated)
	}
	return pairs
}

// chineseOf returns the Chinese of a text, or the text itself where there is
// none yet.
func chineseOf(english string) string {
	if c, ok := chinese[english]; ok {
		return c
	}
	return english
}

// label is what a screen reader says of an element, in both languages.
func label(english string) template.HTMLAttr {
	return template.HTMLAttr(`aria-label="` + html.EscapeString(english) + `" data-zh-label="` + html.EscapeString(chineseOf(english)) + `"`)
}

// names are what is written alike in every language: constants of C, paths,
// calls of the runtime and what a recording says.
var names = regexp.MustCompile(`^([A-Z0-9_|, ]+|/[a-z/]+|[0-9–]+)$`)

func isName(text string) bool { return names.MatchString(text) }

// remark is what an element of StdCalls or OursCalls says of its call.
func remark(call string) string {
	_, remark, _ := strings.Cut(call, " ")
	return remark
}
