// Package scarcity tests what a stack does when the process has no descriptors
// left (RLIMIT_NOFILE): what it serves already goes on, what needs a descriptor
// fails as net's does and leaves nothing behind, and all works again when
// descriptors come back.
//
// Each test runs one script on net and on net2, each in a child process with a
// low limit, and compares what the two print. The scripts are in the package's
// test files.
package scarcity
