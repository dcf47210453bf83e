// Package api checks that every exported object of net exists in net2 with
// the identical type, on every platform of [Platforms], and says how net2
// provides it: as an alias, by a forward, or rebuilt.
//
// Both packages are type-checked from source, net's from the user's GOROOT.
// What counts as one object:
//
//   - each function, type, variable and constant of the package scope;
//   - each method in the method set of *T, or of T where T is an interface,
//     promoted methods included;
//   - each field of a struct type that a program can select.
//
// Two types are identical if a program that knows net2 alone sees no difference:
// where net says *net.TCPConn, net2 must say *net2.TCPConn, which may be an alias
// or a type of its own.
package api
