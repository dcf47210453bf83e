package api

import (
	"embed"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"sync"

	"go.parity/conformance"
)

// What net2 has and net does not have must stand in one of the files in folder
// beyond, which has a file for each feature. A line is a platform, or "all"; the
// kind of the object; and its name:
//
//	linux method (*TCPConn).TryRead
//	all func StdConn
//
//go:embed beyond/*.txt
var beyondFiles embed.FS

// anyPlatform stands for all platforms in the files.
const anyPlatform = "all"

// A beyondList holds the lines of the files, and whether an object of net2 has
// shown for each.
type beyondList map[string]bool

var readBeyond = sync.OnceValues(func() ([]string, error) {
	var lines []string
	err := fs.WalkDir(beyondFiles, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := fs.ReadFile(beyondFiles, path)
		for line := range strings.Lines(string(text)) {
			if line = strings.TrimSpace(line); line != "" {
				lines = append(lines, line)
			}
		}
		return err
	})
	return lines, err
})

// settleBeyond changes the status of the rows that net lacks and lines list, and
// returns the check that each line stands for an object of net2, and stands once.
func settleBeyond(lines []string, rows []Row) conformance.Check {
	list := make(beyondList)
	var wrong []string
	for _, line := range lines {
		if _, twice := list[line]; twice {
			wrong = append(wrong, line+" is listed twice")
		}
		list[line] = false
	}
	for i := range rows {
		r := &rows[i]
		switch {
		case r.How != Beyond:
		case list.has(r):
			r.Status, r.Detail = conformance.Same, ""
		default:
			r.Detail = fmt.Sprintf("net has no such %s, and no file of conformance/api/beyond lists it", r.Kind)
		}
	}
	for line, shown := range list {
		if !shown {
			wrong = append(wrong, line+" is listed, net2 has none")
		}
	}
	slices.Sort(wrong)
	check := conformance.Check{Name: "list of what is beyond net", Status: conformance.Same}
	if len(wrong) > 0 {
		check.Status, check.Detail = conformance.Differs, strings.Join(wrong, "; ")
	}
	return check
}

// has reports whether the list has the row's object, and notes that it has shown.
func (list beyondList) has(r *Row) bool {
	for _, platform := range []string{r.Platform, anyPlatform} {
		line := fmt.Sprintf("%s %s %s", platform, r.Kind, r.Name)
		if _, ok := list[line]; ok {
			list[line] = true
			return true
		}
	}
	return false
}
