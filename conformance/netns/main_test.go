//go:build linux

package netns

import (
	"errors"
	"flag"
	"os"
	"os/exec"
	"strconv"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"go.parity/conformance/leftover"
)

// patience is how long a script waits for what must happen. Nothing that works
// needs more than a small part of it.
const patience = time.Minute

// againEnv marks the process that has namespaces of its own.
const againEnv = "NETNS_AGAIN"

// lacking is why there can be no hosts of a family.
var lacking = map[*family]error{}

// TestMain runs the tests in a user namespace of their own where the user may
// not make network namespaces else. It fails the run if it ends with more
// descriptors or goroutines than it began with.
func TestMain(m *testing.M) {
	for _, f := range families {
		lacking[f] = tryHost(f)
	}
	if errors.Is(lacking[ipv4], unix.EPERM) && os.Getenv(againEnv) == "" {
		if status, err := again(); err == nil {
			os.Exit(status)
		}
	}
	flag.Parse()
	flag.Set("test.parallel", strconv.Itoa(len(families)*len(scripts))) // they wait more than they compute
	os.Exit(leftover.Run(m, patience, nil))
}

// tryHost returns why this process cannot make a host, or nil.
func tryHost(f *family) error {
	h, err := newHost(f.here, f.bits)
	if err == nil {
		h.close()
	}
	return err
}

// again runs this program in a user namespace, where it is root.
func again() (status int, err error) {
	cmd := exec.Command("/proc/self/exe", os.Args[1:]...)
	cmd.Env = append(os.Environ(), againEnv+"=1")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.SysProcAttr = inUserNamespace()
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	cmd.Wait()
	return cmd.ProcessState.ExitCode(), nil
}
