// Package model runs programs that nobody thought of on net and on net2.
//
// A [Program] is a sequence of operations on a few connections: make a pair,
// write, read, set deadlines, close one side, pass a descriptor through a file,
// cancel a dial. The package runs it on each stack from the beginning and
// compares every result: counts, bytes, errors layer by layer, option values,
// addresses.
//
// Every operation has an outcome that does not depend on time. The machine that
// runs a program keeps account of what each end has sent, read and closed, and
// passes over an operation whose outcome would not be determined: reading from a
// connection that has been reset, say. An operation that the program names ends
// every wait, and it makes no difference whether the wait had begun by then.
//
// The package reduces a program that diverges to the shortest one that it can
// find that still does, and prints it as Go source for a person to run.
package model
