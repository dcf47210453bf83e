//go:build unix

package programs

import (
	"os/exec"
	"syscall"
)

// endGroup has a command that is ended take with it what it started.
func endGroup(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
}
