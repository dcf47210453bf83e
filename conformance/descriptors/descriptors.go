// Package descriptors lists the open descriptors of this process.
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
		// The descriptor with which ReadDir read the directory is closed by
		// now.
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

// Count returns how many descriptors are open, or 0 if there is no /proc.
func Count() int {
	open, _ := Open()
	return len(open)
}
