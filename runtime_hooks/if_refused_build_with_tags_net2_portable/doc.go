//go:build linux

// Package linked has the functions of the runtime, and of packages that the
// runtime serves, to which net2 is linked.
//
// A release of Go may take one of them back. The linker then refuses to build
// whatever has net2 in it, with a line that names the package which refers to
// the function: this one. So the path of this package says what to do.
//
// They are variables, for a function would be named by the package that calls
// it, and a wrapper would stand in every stack. There are none in a build with
// the tag.
package linked
