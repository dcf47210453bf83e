//go:build linux && !net2_portable

package model

// fileName is the part of a file's name that is compared: all of it.
func fileName(name string) string { return name }
