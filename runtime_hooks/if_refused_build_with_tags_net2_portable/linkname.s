//go:build linux

// Functions without a body, which linked_unsafe.go links to others, are allowed
// only in a package that has assembly.
