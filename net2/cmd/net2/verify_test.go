package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestFindStamp(t *testing.T) {
	path := filepath.Join(t.TempDir(), "binary")
	stamp := mark + "{merged, v1.2.3, sources abc}"
	for name, content := range map[string]string{
		"at the start":            stamp,
		"at the end of a window":  strings.Repeat("x", 1<<20-20) + stamp,
		"in the second window":    strings.Repeat("x", 1<<20+5) + stamp + "tail",
		"far":                     strings.Repeat("x", 5<<20) + stamp,
		"after a mark that is no": mark + " " + stamp,
	} {
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
		if got, err := findStamp(path); err != nil || got != "merged, v1.2.3, sources abc" {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
	if err := os.WriteFile(path, []byte(strings.Repeat("x", 3<<20)), 0o644); err != nil {
		t.Fatal(err)
	}
	if got, err := findStamp(path); err != nil || got != "" {
		t.Errorf("without a stamp: %q, %v", got, err)
	}
}

func TestOwnBinaryHasNoStamp(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if found, err := findStamp(self); err != nil || found != "" {
		t.Errorf("%q, %v", found, err)
	}
}

func TestVerifyRefuses(t *testing.T) {
	text := filepath.Join(t.TempDir(), "text")
	if err := os.WriteFile(text, []byte("no binary"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{}, {text}} {
		if err := verify(args); err == nil {
			t.Errorf("verify %q: no error", args)
		}
	}
}
