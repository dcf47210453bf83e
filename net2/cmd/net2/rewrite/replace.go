package rewrite

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// A change is one file's content before and after. A file that does not
// exist has no content.
type change struct {
	path          string
	before, after []byte
	created       bool // the file was not there before
}

// writeAll makes all changes or none: it first writes each new content beside
// its file, and if it cannot put one in its place, it takes back those before
// it.
func writeAll(changes []change) (err error) {
	staged := make([]string, len(changes))
	defer func() {
		for _, name := range staged {
			if name != "" {
				os.Remove(name)
			}
		}
	}()
	for i, c := range changes {
		if staged[i], err = stage(c.path, c.after); err != nil {
			return err
		}
	}
	for i, c := range changes {
		if err := os.Rename(staged[i], target(c.path)); err != nil {
			return errors.Join(err, takeBack(changes[:i]))
		}
		staged[i] = ""
	}
	return nil
}

// stage writes a file's new content beside it, with the file's permissions.
func stage(path string, content []byte) (string, error) {
	path = target(path)
	mode := fs.FileMode(0o644)
	if info, err := os.Stat(path); err == nil {
		mode = info.Mode().Perm()
		if mode&0o200 == 0 {
			return "", &fs.PathError{Op: "write", Path: path, Err: fs.ErrPermission}
		}
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".net2-rewrite-*")
	if err != nil {
		return "", err
	}
	_, err = f.Write(content)
	err = errors.Join(err, f.Chmod(mode), f.Close())
	if err != nil {
		os.Remove(f.Name())
		return "", err
	}
	return f.Name(), nil
}

// target is the file that a link leads to, so that the link stays.
func target(path string) string {
	if resolved, err := filepath.EvalSymlinks(path); err == nil {
		return resolved
	}
	return path
}

// takeBack gives files the content that they had.
func takeBack(changes []change) error {
	var errs []error
	for _, c := range changes {
		if c.created {
			errs = append(errs, os.Remove(c.path))
			continue
		}
		name, err := stage(c.path, c.before)
		if err == nil {
			err = os.Rename(name, target(c.path))
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("%s is left changed: %w", c.path, err))
		}
	}
	return errors.Join(errs...)
}
