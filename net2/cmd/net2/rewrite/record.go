package rewrite

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

// recordName is the file, beside go.mod, that says how to go back.
const recordName = ".net2-rewrite.json"

// A record is what a swap changed in one module.
type record struct {
	Files []recorded `json:"files"`
}

// A recorded file is a file as it was before the swap.
type recorded struct {
	Path    string   `json:"path"` // from the module's root, with slashes
	Before  []byte   `json:"before"`
	After   string   `json:"after"`             // the SHA-256 of what the swap made of it
	Imports []string `json:"imports,omitempty"` // the specifications that were swapped
	Created bool     `json:"created,omitempty"`
}

func readRecord(root string) (record, error) {
	var r record
	text, err := os.ReadFile(filepath.Join(root, recordName))
	if errors.Is(err, fs.ErrNotExist) {
		return r, nil
	}
	if err != nil {
		return r, err
	}
	if err := json.Unmarshal(text, &r); err != nil {
		return r, fmt.Errorf("%s: %w", recordName, err)
	}
	return r, nil
}

// note adds a change. After several swaps, undo restores what the file was
// before the first, unless somebody changed it in between.
func (r *record) note(root string, c change, imports []string) error {
	rel, err := filepath.Rel(root, c.path)
	if err != nil {
		return err
	}
	entry := recorded{
		Path: filepath.ToSlash(rel), Before: c.before, After: sum(c.after),
		Imports: imports, Created: c.created,
	}
	i := slices.IndexFunc(r.Files, func(f recorded) bool { return f.Path == entry.Path })
	if i < 0 {
		r.Files = append(r.Files, entry)
		return nil
	}
	if old := r.Files[i]; old.After == sum(c.before) {
		entry.Before, entry.Created = old.Before, old.Created
		entry.Imports = append(slices.Clone(old.Imports), imports...)
	}
	r.Files[i] = entry
	return nil
}

// change is the change that writes the record itself.
func (r *record) change(root string) (change, error) {
	path := filepath.Join(root, recordName)
	before, err := os.ReadFile(path)
	created := errors.Is(err, fs.ErrNotExist)
	if err != nil && !created {
		return change{}, err
	}
	after, err := json.MarshalIndent(r, "", "\t")
	return change{path: path, before: before, after: append(after, '\n'), created: created}, err
}

func sum(content []byte) string { return fmt.Sprintf("%x", sha256.Sum256(content)) }

// undo restores a module's files byte for byte. In a file that somebody has
// edited since, it restores only the imports. It returns the names of the
// edited files, and of files that are gone.
func undo(root string) (edited []string, err error) {
	r, err := readRecord(root)
	if err != nil {
		return nil, err
	}
	if len(r.Files) == 0 {
		return nil, fmt.Errorf("nothing to undo: there is no %s in %s", recordName, root)
	}
	var changes []change
	var remove []string
	for _, f := range r.Files {
		path := filepath.Join(root, filepath.FromSlash(f.Path))
		now, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			edited = append(edited, f.Path+" (gone)")
			continue
		}
		if err != nil {
			return nil, err
		}
		untouched := sum(now) == f.After
		switch {
		case bytes.Equal(now, f.Before): // the swap ended before it reached this file
			continue
		case untouched && f.Created:
			remove = append(remove, path)
			continue
		case untouched:
			changes = append(changes, change{path: path, before: now, after: f.Before})
			continue
		}
		edited = append(edited, f.Path)
		back, err := f.withoutSwap(path, now)
		if err != nil {
			return nil, err
		}
		if !bytes.Equal(back, now) {
			changes = append(changes, change{path: path, before: now, after: back})
		}
	}
	if err := writeAll(changes); err != nil {
		return nil, err
	}
	for _, path := range append(remove, filepath.Join(root, recordName)) {
		if err := os.Remove(path); err != nil {
			return edited, err
		}
	}
	return edited, nil
}

// withoutSwap takes the swap out of a file that somebody has edited since.
func (f recorded) withoutSwap(path string, now []byte) ([]byte, error) {
	switch filepath.Base(path) {
	case "go.mod":
		return withoutRequirement(path, f.Before, now)
	case "go.sum":
		return now, nil // one line too many does no harm
	}
	return restoreImports(path, now, f.Imports)
}
