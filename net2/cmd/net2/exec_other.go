//go:build !unix

package main

import (
	"errors"
	"os"
	"os/exec"
)

// runGo runs the go command and ends as it does.
func runGo(command string, words, env []string) error {
	cmd := exec.Command(command, words...)
	cmd.Env = env
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	err := cmd.Run()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		os.Exit(exit.ExitCode())
	}
	return err
}
