//go:build linux

package net2

import (
	"bytes"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
)

const netnsEnv = "NET2_TEST_NETNS"

// inNetwork runs the test again in a child process that has a network of its own, with
// the loopback device up, and reports whether this is the child. Where the host does not
// allow that, it skips the test.
func inNetwork(t *testing.T) bool {
	t.Helper()
	if os.Getenv(netnsEnv) == t.Name() {
		ip(t, "link", "set", "lo", "up")
		return true
	}
	if os.Getenv(netnsEnv) != "" {
		t.Skip("another test's child")
	}
	if _, err := exec.LookPath("ip"); err != nil {
		t.Skip("a network of the test's own needs the command ip")
	}
	args := []string{"-test.run=^" + strings.ReplaceAll(t.Name(), "/", "$/^") + "$", "-test.v"}
	if *long {
		args = append(args, "-net2.long")
	}
	child := exec.Command(os.Args[0], args...)
	child.Env = append(os.Environ(), netnsEnv+"="+t.Name())
	child.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNET,
		UidMappings: []syscall.SysProcIDMap{{HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{HostID: os.Getgid(), Size: 1}},
	}
	var out bytes.Buffer
	child.Stdout, child.Stderr = &out, &out
	if err := child.Start(); err != nil {
		t.Skipf("this host does not allow the test a network of its own: %v", err)
	}
	err := child.Wait()
	switch {
	case err != nil:
		t.Errorf("in a network of its own: %v\n%s", err, &out)
	case strings.Contains(out.String(), "--- SKIP"):
		t.Skipf("in a network of its own:\n%s", &out)
	}
	return false
}

// ip runs the command ip, or skips the test.
func ip(t *testing.T, args ...string) {
	t.Helper()
	if out, err := exec.Command("ip", args...).CombinedOutput(); err != nil {
		t.Skipf("ip %s: %v, %s", strings.Join(args, " "), err, out)
	}
}

// sysctl writes a setting of the test's network, or skips the test.
func sysctl(t *testing.T, name, value string) {
	t.Helper()
	if err := os.WriteFile("/proc/sys/net/"+name, []byte(value), 0); err != nil {
		t.Skip(err)
	}
}

// blackHole returns an address of which no packet comes back, and which no router
// refuses.
func blackHole(t *testing.T) string {
	t.Helper()
	ip(t, "link", "add", "hole0", "type", "veth", "peer", "name", "hole1")
	ip(t, "addr", "add", "10.77.0.1/24", "dev", "hole0")
	ip(t, "link", "set", "hole0", "up")
	ip(t, "link", "set", "hole1", "up")
	for _, last := range []string{"2", "3", "4"} {
		ip(t, "neigh", "add", "10.77.0."+last, "lladdr", "02:00:00:00:00:0"+last, "dev", "hole0")
	}
	return "10.77.0.2"
}
