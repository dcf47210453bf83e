//go:build linux && net2_portable

package model

// fileName is the part of a file's name that is compared: nothing, for here net
// chooses the name (deviation portable-file-name).
func fileName(string) string { return "of net's choice" }
