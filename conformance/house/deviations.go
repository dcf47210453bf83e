package house

import (
	"fmt"
	"regexp"

	"go.parity/conformance"
)

// deviationName is what a comment can refer to.
var deviationName = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)

// Deviations says what is wrong with the form of the list: names that occur
// twice or that no comment could refer to, and empty fields.
func Deviations(list []conformance.Deviation) []string {
	var wrong []string
	seen := make(map[string]bool)
	for i, d := range list {
		if !deviationName.MatchString(d.Name) {
			wrong = append(wrong, fmt.Sprintf("deviation %d: bad name %q", i, d.Name))
		}
		if seen[d.Name] {
			wrong = append(wrong, fmt.Sprintf("deviation %d: %q is there twice", i, d.Name))
		}
		seen[d.Name] = true
		for _, f := range []struct{ name, text string }{
			{"Step", d.Step},
			{"Net", d.Net},
			{"Net2", d.Net2},
			{"Unseen", d.Unseen},
			{"Evidence", d.Evidence},
		} {
			if f.text == "" {
				wrong = append(wrong, fmt.Sprintf("deviation %d: %q has no %s", i, d.Name, f.name))
			}
		}
	}
	return wrong
}
