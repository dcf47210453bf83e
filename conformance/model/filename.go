//go:build linux && !net2_portable

package model

// fileName is what is compared of a file's name: all of it.
func fileName(name string) string { return name }
