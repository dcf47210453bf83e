//go:build unix

package programs

import (
	"os/exec"
	"syscall"
)

// endGroup makes the end of a command also end what it started.
func endGroup(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
}
