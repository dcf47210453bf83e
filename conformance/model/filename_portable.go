//go:build linux && net2_portable

package model

// fileName is what is compared of a file's name: nothing, for here it is net's
// choice (deviation portable-file-name).
func fileName(string) string { return "of net's choice" }
