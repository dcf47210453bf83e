//go:build unix

package main

import (
	"fmt"
	"os/exec"
	"syscall"
)

// runGo becomes the go command: signals and the exit code are its own.
func runGo(command string, words, env []string) error {
	path, err := exec.LookPath(command)
	if err != nil {
		return err
	}
	return fmt.Errorf("%s: %w", path, syscall.Exec(path, append([]string{"go"}, words...), env))
}
