package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// passOn runs the go command with its own words, and the overlay.
func passOn(verb string, args []string) error {
	inv, err := parseArgs(verb, args)
	if err != nil {
		return err
	}
	p, elsewhere, err := prepare(&inv)
	if err != nil {
		return err
	}
	if elsewhere {
		return runGo("go", inv.words(inv.overlay), os.Environ())
	}
	if err := refuseNetsTests(inv); err != nil {
		return err
	}
	overlay, err := p.overlayFor(inv)
	if err != nil {
		return err
	}
	if err := p.confirm(inv, overlay); err != nil {
		return err
	}
	if err := p.refuseCoverage(inv, overlay); err != nil {
		return err
	}
	if err := p.tryOut(inv, overlay); err != nil {
		return err
	}
	return runGo(p.command(), inv.words(overlay), p.environ())
}

// prepare finds the toolchain of an invocation. elsewhere says that the build
// is for a system other than Linux, where net2 is net.
func prepare(inv *invocation) (p plan, elsewhere bool, err error) {
	cwd, err := os.Getwd()
	if err != nil {
		return p, false, err
	}
	tc, err := findToolchain(inv.workdir(cwd))
	if err != nil {
		return p, false, err
	}
	if tc.Goos != "linux" {
		return p, true, nil
	}
	inv.readGoflags(tc.Goflags)
	p, err = newPlan(tc, *inv)
	return p, false, err
}

// overlayFor returns the overlay of an invocation, with the user's own.
func (p plan) overlayFor(inv invocation) (string, error) {
	overlay, err := p.overlay()
	if err != nil || inv.overlay == "" {
		return overlay, err
	}
	cwd, err := os.Getwd()
	if err != nil {
		return "", err
	}
	return p.cache.with(overlay, inv.path(cwd, inv.overlay), inv.workdir(cwd))
}

// confirm makes sure that the go command sees what the overlay has in it: it
// silently ignores an overlay for another toolchain.
func (p plan) confirm(inv invocation, overlay string) error {
	pkg, file := "net", "zz_net2_net_own_linux.go"
	if p.mode == pollerOnly {
		file = "zz_net2_net_hooks_linux.go"
	}
	words := append([]string{"list", "-overlay=" + overlay}, inv.buildFlags...)
	cmd := exec.Command(p.command(), append(words, "-f", `{{range .GoFiles}}{{.}} {{end}}`, pkg)...)
	cmd.Env = p.environ()
	cmd.Dir = inv.dir
	out, err := output(cmd)
	if err != nil {
		return err
	}
	if !slices.Contains(strings.Fields(string(out)), file) {
		return p.plainNet(overlay)
	}
	return nil
}

// refuseNetsTests explains why net's tests would not compile: they look inside
// net.
func refuseNetsTests(inv invocation) error {
	if inv.verb == "test" && !inv.poller && slices.Contains(inv.operands, "net") {
		return errors.New("net's own tests use what is inside net, and do not compile with net2 in its place; with -poller they pass")
	}
	return nil
}

// refuseCoverage explains why such a build would fail: the go command's cover
// reads only files on disk.
func (p plan) refuseCoverage(inv invocation, overlay string) error {
	if inv.coverpkg == "" {
		return nil
	}
	r, err := readOverlay(overlay)
	if err != nil {
		return err
	}
	dirs := make(map[string]bool)
	for file := range r.Replace {
		dirs[filepath.Dir(file)] = true
	}
	words := append([]string{"list", "-overlay=" + overlay}, inv.buildFlags...)
	words = append(append(words, "-f", "{{.Dir}}"), strings.Split(inv.coverpkg, ",")...)
	cmd := exec.Command(p.command(), words...)
	cmd.Env, cmd.Dir = p.environ(), inv.dir
	out, err := output(cmd)
	if err != nil {
		return err
	}
	for dir := range strings.Lines(string(out)) {
		if dir = strings.TrimSpace(dir); dirs[dir] {
			return fmt.Errorf("-coverpkg=%s takes in %s, whose files are not on disk: use net2 goroot for coverage of the standard library", inv.coverpkg, dir)
		}
	}
	return nil
}
