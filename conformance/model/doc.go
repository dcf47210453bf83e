// Package model runs programs that nobody thought of on net and on net2.
//
// A [Program] is a sequence of operations on a few connections: make a pair,
// write, read, set deadlines, close one side, pass a descriptor through a file,
// cancel a dial. It is run on each stack from the beginning, and every result
// is compared: counts, bytes, errors layer by layer, option values, addresses.
//
// Every operation has an outcome that does not depend on time. The machine that
// runs a program keeps account of what each end has sent, read and closed, and
// passes over an operation whose outcome would not be determined: reading from a
// connection that has been reset, say. What waits is always ended by an
// operation that the program names, and then it makes no difference whether the
// waiting had begun.
//
// A program that diverges is reduced to the shortest one that still does, and
// printed as Go source for a person to run.
package model
