// Package descriptors looks at what this process has open.
package descriptors

import (
	"os"
	"path/filepath"
	"strconv"
)

// Open returns the open descriptors, by number, each with what it refers to. It
// needs /proc.
func Open() (map[int]string, error) {
	const dir = "/proc/self/fd"
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	open := make(map[int]string)
	for _, e := range entries {
		// The descriptor that read the directory is gone by now.
		target, err := os.Readlink(filepath.Join(dir, e.Name()))
		if err != nil {
			continue
		}
		if fd, err := strconv.Atoi(e.Name()); err == nil {
			open[fd] = target
		}
	}
	return open, nil
}

// Count is how many are open, or 0 where there is no /proc.
func Count() int {
	open, _ := Open()
	return len(open)
}
