//go:build unix

package stdtests

import (
	"os/exec"
	"syscall"
)

// group makes cmd, once started, the head of a group of processes.
func group(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

// dump ends a Go program with the stacks of its goroutines.
func dump(cmd *exec.Cmd) { _ = syscall.Kill(cmd.Process.Pid, syscall.SIGQUIT) }

// killGroup ends cmd and what it started.
func killGroup(cmd *exec.Cmd) { _ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
