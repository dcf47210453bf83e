package page

import (
	_ "embed"
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
