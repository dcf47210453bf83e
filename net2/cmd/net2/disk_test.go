//go:build linux

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// mounted runs a command among mounts of its own, which a script makes first.
// The root of a user namespace may mount, if the kernel lets everybody make
// such a namespace.
func mounted(t *testing.T, dir string, env []string, mounts string, words ...string) (string, error) {
	t.Helper()
	probe := exec.Command("unshare", "-rm", "mount", "-t", "tmpfs", "none", t.TempDir())
	if out, err := probe.CombinedOutput(); err != nil {
		t.Skipf("cannot mount: %v %s", err, out)
	}
	words = append([]string{"-rm", "sh", "-ec", mounts + "\nexec \"$@\"", "sh"}, words...)
	return try(dir, env, "unshare", words...)
}

// readOnly is the script that makes a folder read-only.
func readOnly(dir string) string {
	return "mount --bind " + dir + " " + dir + "\nmount -o remount,bind,ro " + dir + "\n"
}

func TestFullDisk(t *testing.T) {
	f, full := smallModule(t), t.TempDir()
	out, err := mounted(t, f.dir, environment("XDG_CACHE_HOME="+full), "mount -t tmpfs -o size=64k none "+full, theTool(t), "build", ".")
	if err == nil || strings.Count(out, "\n") != 1 || !strings.Contains(out, "XDG_CACHE_HOME") || !strings.Contains(out, "no space left") {
		t.Errorf("%v: %s", err, out)
	}
}

func TestReadOnlyCache(t *testing.T) {
	f, cacheHome := smallModule(t), t.TempDir()
	env := environment("XDG_CACHE_HOME="+cacheHome, "GOCACHE="+goEnv(t, "GOCACHE"))
	out, err := mounted(t, f.dir, env, readOnly(cacheHome), theTool(t), "build", ".")
	if err == nil || strings.Count(out, "\n") != 1 || !strings.Contains(out, "read-only") {
		t.Errorf("without an overlay in it: %v: %s", err, out)
	}
	if !*all {
		t.Skip("builds package net in a place of its own: -args -net2.all")
	}
	command(t, f.dir, env, theTool(t), "overlay")
	program := filepath.Join(f.dir, "program")
	if out, err := mounted(t, f.dir, env, readOnly(cacheHome), theTool(t), "build", "-o", program, "."); err != nil {
		t.Fatalf("with the overlay in it: %v: %s", err, out)
	}
	command(t, f.dir, env, theTool(t), "verify", program)
}

func TestReadOnlyGoroot(t *testing.T) {
	if testing.Short() {
		t.Skip("builds package net")
	}
	f := smallModule(t)
	program := filepath.Join(f.dir, "program")
	if out, err := mounted(t, f.dir, environment(), readOnly(goEnv(t, "GOROOT")), theTool(t), "build", "-o", program, "."); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	command(t, f.dir, environment(), theTool(t), "verify", program)
}

// If somebody has removed a part of the overlay, the tool makes it again.
func TestTornOverlay(t *testing.T) {
	f, env := smallModule(t), environment("XDG_CACHE_HOME="+t.TempDir(), "GOCACHE="+goEnv(t, "GOCACHE"))
	path := strings.TrimSpace(command(t, f.dir, env, theTool(t), "overlay"))
	r, err := readOverlay(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range r.Replace {
		if err := os.Remove(file); err != nil {
			t.Fatal(err)
		}
		break
	}
	if again := strings.TrimSpace(command(t, f.dir, env, theTool(t), "overlay")); again != path {
		t.Errorf("another overlay: %s", again)
	}
	if !r.isWhole() {
		t.Error("the overlay still lacks a file")
	}
}

// The go command ignores an overlay whose keys match nothing.
func TestOverlayWithoutEffect(t *testing.T) {
	f := smallModule(t)
	inv, err := parseArgs("build", []string{"-C", f.dir, "."})
	if err != nil {
		t.Fatal(err)
	}
	p, _, err := prepare(&inv)
	if err != nil {
		t.Fatal(err)
	}
	elsewhere := f.overlayFile(t, map[string]string{"/elsewhere/src/net/zz_net2_net_own_linux.go": filepath.Join(f.dir, "main.go")})
	if err := p.confirm(inv, elsewhere); err == nil || !strings.Contains(err.Error(), "plain net") {
		t.Errorf("confirm: %v", err)
	}
	if testing.Short() {
		t.Skip("builds package net")
	}
	if err := p.tryOut(inv, elsewhere); err == nil || !strings.Contains(err.Error(), "plain net") {
		t.Errorf("tryOut: %v", err)
	}
}

// If the files of a Go have changed under the same version, it gets an overlay
// of its own.
func TestKeyTellsFiles(t *testing.T) {
	goroot := newFolder(t, map[string]string{"src/net/a.go": "package net\n", "src/internal/poll/b.go": "package poll\n"})
	p := plan{toolchain: toolchain{Goroot: goroot.dir, Version: "go1.26.8"}, mode: merged}
	before, err := p.key("overlay")
	if err != nil {
		t.Fatal(err)
	}
	goroot.write(t, "src/internal/poll/b.go", "package poll\n\nvar changed int\n")
	after, err := p.key("overlay")
	if err != nil {
		t.Fatal(err)
	}
	if before == after {
		t.Errorf("both are %s", before)
	}
}
