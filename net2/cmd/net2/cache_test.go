package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestEntryIsWrittenOnce(t *testing.T) {
	c := cache{filepath.Join(t.TempDir(), "net2")}
	written := 0
	for range 2 {
		dir, err := c.entry("e", func(dir string) error {
			written++
			return writeFile(filepath.Join(dir, "deep", "file"), []byte("x"), 0o644)
		})
		if err != nil {
			t.Fatal(err)
		}
		if content, err := os.ReadFile(filepath.Join(dir, "deep", "file")); err != nil || string(content) != "x" {
			t.Errorf("%q, %v", content, err)
		}
	}
	if written != 1 {
		t.Errorf("written %d times", written)
	}
}

func TestEntryOfManyAtOnce(t *testing.T) {
	c := cache{filepath.Join(t.TempDir(), "net2")}
	var all, everyoneWrites sync.WaitGroup
	const writers = 8
	everyoneWrites.Add(writers)
	for range writers {
		all.Go(func() {
			dir, err := c.entry("e", func(dir string) error {
				everyoneWrites.Done()
				everyoneWrites.Wait() // so that nobody comes first
				return writeFile(filepath.Join(dir, "file"), []byte("whole"), 0o644)
			})
			if err != nil {
				t.Error(err)
				return
			}
			if content, err := os.ReadFile(filepath.Join(dir, "file")); err != nil || string(content) != "whole" {
				t.Errorf("%q, %v", content, err)
			}
		})
	}
	all.Wait()
	left, err := os.ReadDir(c.dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(left) != 1 {
		t.Errorf("left behind: %v", left)
	}
}

func TestEntryThatFailsLeavesNothing(t *testing.T) {
	c := cache{t.TempDir()}
	failure := errors.New("failure")
	if _, err := c.entry("e", func(dir string) error {
		if err := writeFile(filepath.Join(dir, "half"), nil, 0o644); err != nil {
			return err
		}
		return failure
	}); !errors.Is(err, failure) {
		t.Errorf("err = %v", err)
	}
	if left, err := os.ReadDir(c.dir); err != nil || len(left) != 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func TestCacheThatCannotBeWritten(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	_, err := cache{filepath.Join(file, "net2")}.entry("e", func(string) error { return nil })
	if err == nil || !strings.Contains(err.Error(), "XDG_CACHE_HOME") || strings.Contains(err.Error(), "\n") {
		t.Errorf("err = %v", err)
	}
	var path *fs.PathError
	if !errors.As(err, &path) {
		t.Errorf("the cause is lost: %v", err)
	}
}

func TestClean(t *testing.T) {
	c := cache{t.TempDir()}
	old := time.Now().Add(-2 * kept)
	for _, name := range []string{"old", "new", "tmp-1", "go1.26.8-goroot-merged-1"} {
		if err := os.Mkdir(c.path(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if name != "new" {
			if err := os.Chtimes(c.path(name), old, old); err != nil {
				t.Fatal(err)
			}
		}
	}
	names := func() string {
		entries, err := os.ReadDir(c.dir)
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, entry := range entries {
			names = append(names, entry.Name())
		}
		return strings.Join(names, " ")
	}
	nothing := func(string) error { return nil }
	if _, err := c.entry("new", nothing); err != nil {
		t.Fatal(err)
	}
	if got := names(); got != "go1.26.8-goroot-merged-1 new old tmp-1" {
		t.Errorf("after an entry that was there: %s", got)
	}
	if _, err := c.entry("other", nothing); err != nil {
		t.Fatal(err)
	}
	if got := names(); got != "go1.26.8-goroot-merged-1 new other" {
		t.Errorf("after a new entry: %s", got)
	}
	if _, err := c.entry("go1.26.8-goroot-merged-2", nothing); err != nil {
		t.Fatal(err)
	}
	if got := names(); got != "go1.26.8-goroot-merged-2 new other" {
		t.Errorf("after a new GOROOT: %s", got)
	}
}
