//go:build unix

package main

import (
	"fmt"
	"os/exec"
	"syscall"
)

// runGo becomes the go command, which so gets the signals and sets the exit
// code.
func runGo(command string, words, env []string) error {
	path, err := exec.LookPath(command)
	if err != nil {
		return err
	}
	return fmt.Errorf("%s: %w", path, syscall.Exec(path, append([]string{"go"}, words...), env))
}
