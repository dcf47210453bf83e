//go:build linux

// Functions without a body, which link_*_unsafe.go links to the runtime's, are
// allowed only in a package that has assembly.
