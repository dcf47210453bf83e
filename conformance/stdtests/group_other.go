//go:build !unix

package stdtests

import "os/exec"

func group(*exec.Cmd) {}

func dump(cmd *exec.Cmd) { _ = cmd.Process.Kill() }

func killGroup(cmd *exec.Cmd) { _ = cmd.Process.Kill() }
