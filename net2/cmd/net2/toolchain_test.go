package main

import (
	"slices"
	"strings"
	"testing"
)

// The go command takes the first of two variables with one name: what the user
// has set must not come before what we set.
func TestEnvironHasEachOnce(t *testing.T) {
	t.Setenv("GOTOOLCHAIN", "go1.27.3")
	t.Setenv("GOROOT", "/elsewhere")
	env := toolchain{Goroot: "/link", linked: true}.environ()
	for name, want := range map[string]string{"GOTOOLCHAIN": "local", "GOROOT": "/link"} {
		var got []string
		for _, kv := range env {
			if v, ok := strings.CutPrefix(kv, name+"="); ok {
				got = append(got, v)
			}
		}
		if !slices.Equal(got, []string{want}) {
			t.Errorf("%s = %q, want %q alone", name, got, want)
		}
	}
	if env := (toolchain{Goroot: "/usr/local/go"}).environ(); !slices.Contains(env, "GOROOT=/elsewhere") {
		t.Error("environ changes the user's GOROOT, want it as it was: there is no link")
	}
}
