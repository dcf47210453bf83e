// Package stdtests judges net2 by the tests that net's own authors wrote.
//
// It reads the standard library of the toolchain that runs it; nothing of it
// is stored here.
//
// # The tests of package net
//
// In a temporary GOROOT, made of links to the real one and of the few
// directories that differ, net2 with what net2 imports stands under src/vendor.
// Every test file of net that builds here moves into the copy of net2, where it
// is one more file of package net2: Dial is then net2's Dial, and an unexported
// name is net2's own where net2 has that name. The package replaces the
// remaining references to net's unexported names, in this order:
//
//   - by our scaffolding in scaffold/, which does the same by public means or
//     through a seam, a function variable that is cut into the copy of a
//     package of ours and never into the package itself;
//   - by net2's own object of that name;
//   - by the one of net, which the temporary GOROOT exports to the tests: the
//     hooks and the configuration of the resolver, which is net's in net2 too.
//
// The result is type-checked. The package takes out each declaration that does
// not compile, and then whatever needs it, until everything compiles. It
// reports a test that it takes out as left out, with the names that the test
// needed. It also leaves out a test that reaches nothing of net2 at all and
// would compare net with net. The edits keep every line where it stands in
// GOROOT. The control is net's own test, unchanged.
//
// # The tests of the packages above net
//
// The command net2 makes a GOROOT whose package net is net2, as it does for
// whole programs, from the sources that are tested. In it the packages that are
// built on net (net/http, crypto/tls, net/rpc, ...) run their tests, unchanged.
// The control is the same package in the real GOROOT.
//
// # Verdicts
//
// A test counts where it passes for net on this machine. It is the same if it
// passes for net2 too, and different if it fails or skips itself.
package stdtests
