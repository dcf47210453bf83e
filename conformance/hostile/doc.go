// Package hostile tests what a stack makes of input that a peer, or the kernel,
// chose badly: names with NULs, names without end, datagrams larger than any
// buffer, control messages that are cut off or no messages at all, packets with
// headers of every length, urgent data, and descriptors of things that are no
// sockets.
//
// Each test runs one script on net and on net2 and compares what the two saw. The
// scripts are in the package's test files. The race detector's build also checks
// every pointer conversion (checkptr).
package hostile
