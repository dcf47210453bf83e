package main

import (
	"bytes"
	"debug/buildinfo"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
)

// verify is net2 verify: it says of each binary whether net2 is in it, and of
// packages whether a build would have it.
func verify(args []string) error {
	inv, err := parseArgs("verify", args)
	if err != nil {
		return err
	}
	if len(inv.operands) == 0 {
		return errors.New("verify needs a binary, or packages")
	}
	var packages, without []string
	for _, name := range inv.operands {
		if !isFile(name) {
			packages = append(packages, name)
			continue
		}
		found, err := verifyBinary(name)
		if err != nil {
			return err
		}
		if found == "" {
			without = append(without, name)
			continue
		}
		fmt.Printf("%s: %s\n", name, found)
	}
	if len(packages) > 0 {
		plain, err := verifyPackages(inv, packages)
		if err != nil {
			return err
		}
		without = append(without, plain...)
	}
	if len(without) > 0 {
		return fmt.Errorf("net2 is not in %s", strings.Join(without, ", "))
	}
	return nil
}

func isFile(name string) bool {
	info, err := os.Stat(name)
	return err == nil && info.Mode().IsRegular()
}

// verifyBinary says how net2 is in a binary, "" if it is not. A library for C
// may be an archive, which has no build information.
func verifyBinary(name string) (string, error) {
	found, err := findStamp(name)
	if err != nil {
		return "", err
	}
	info, err := buildinfo.ReadFile(name)
	switch {
	case err != nil && found == "":
		return "", fmt.Errorf("%s is not a Go binary: %w", name, err)
	case err != nil:
		return fmt.Sprintf("net2 (%s)", found), nil
	case found != "":
		return fmt.Sprintf("net2 (%s), %s", found, info.GoVersion), nil
	}
	for _, m := range info.Deps {
		if m.Path == "go.parity" {
			return fmt.Sprintf("net2 by its own import path (go.parity %s), beside plain net, %s", m.Version, info.GoVersion), nil
		}
	}
	return "", nil
}

// findStamp returns what the stamp in a file says, "" if there is none.
func findStamp(name string) (string, error) {
	f, err := os.Open(name)
	if err != nil {
		return "", err
	}
	defer f.Close()
	start := []byte(mark + "{")
	const window = 1 << 20
	buf := make([]byte, 0, window)
	for {
		n, err := f.Read(buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+n]
		if i := bytes.Index(buf, start); i >= 0 {
			if says, _, ok := bytes.Cut(buf[i+len(start):], []byte("}")); ok {
				return string(says), nil
			}
		}
		if err == io.EOF {
			return "", nil
		}
		if err != nil {
			return "", err
		}
		// A stamp may lie across the end of what was read.
		if keep := 1 << 10; len(buf) == cap(buf) {
			buf = append(buf[:0], buf[len(buf)-keep:]...)
		}
	}
}

// verifyPackages prints which packages have net2 when built, and returns the
// others.
func verifyPackages(inv invocation, packages []string) (without []string, err error) {
	p, elsewhere, err := prepare(&inv)
	if err != nil {
		return nil, err
	}
	if elsewhere {
		return nil, errors.New("net2 is plain net on every system but Linux, and GOOS names another")
	}
	overlay, err := p.overlayFor(inv)
	if err != nil {
		return nil, err
	}
	if err := p.confirm(inv, overlay); err != nil {
		return nil, err
	}
	words := append([]string{"list", "-overlay=" + overlay}, inv.buildFlags...)
	words = append(words, "-f", `{{.ImportPath}} {{range .Deps}} {{.}}{{end}}`)
	cmd := exec.Command(p.command(), append(words, packages...)...)
	cmd.Env, cmd.Dir = p.environ(), inv.dir
	out, err := output(cmd)
	if err != nil {
		return nil, err
	}
	swapped := "net/internal"
	if p.mode == pollerOnly {
		swapped = "internal/runtime"
	}
	for line := range strings.Lines(string(out)) {
		fields := strings.Fields(line)
		if !slices.Contains(fields[1:], swapped) {
			without = append(without, fields[0]+" (it does not use net)")
			continue
		}
		fmt.Printf("%s: net2 (%s, %s), %s\n", fields[0], p.mode, version(), p.Version)
	}
	return without, nil
}
