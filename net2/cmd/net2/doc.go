// Net2 puts a whole program on net2 without a change of its sources: its own
// packages, net/http, crypto/tls and every dependency that imports net.
//
//	net2 build ./...     in the place of go build ./...
//	net2 test ./...      likewise; also run, vet, install and list
//	net2 verify BINARY   says whether net2 is in a binary
//	net2 overlay         prints the overlay: go build -overlay=$(net2 overlay)
//	net2 rewrite ./...   swaps the imports of your own packages, in the source
//	net2 goroot          makes and prints a GOROOT: export GOROOT=$(net2 goroot)
//
// Leave the command out, and the program is as it was.
//
// # How it works
//
// The go command can take other files in the place of those on disk, by its
// flag -overlay. Net2 makes such files for the toolchain that the go command
// would use in the current folder: a package net that has net2 in it, under
// the path net. So %T, reflection, gob and whoever links into net see what they
// always saw; package merge has the details. The sources of net2 are part of
// this command.
//
// With -poller, given before the packages, net stays as it is, and only what it
// waits with is net2's.
//
// What is generated stands in the user's cache folder under net2, by toolchain
// and content, is made once, and goes when nobody has used it for 30 days.
//
// On its own an overlay does nothing, without a word, as soon as the go command
// switches to another toolchain than it was made for. Net2 therefore keeps the
// toolchain from switching, and asks the go command before every build whether
// it sees net2; if not, that is an error. Who uses net2 overlay or net2 goroot
// in a script checks with net2 verify.
//
// An overlay of the user's own, in -overlay or GOFLAGS, is joined with ours; if
// both replace the same file, that is an error. The go command's flags, and its
// environment, mean what they mean to it. -tags=net2_portable is net2's tag, for
// a Go that refuses what net2 is linked to.
//
// A build for another system than Linux is passed on as it is: net2 is net
// there.
//
// Before the first build with an overlay a small program is tried out: so a Go
// that refuses what net2 is linked to is told in one line, and so is a binary
// without net2.
//
// Whoever works on net2 gives other sources than this command has by
// -sources=FILE, a zip archive of files named by import path, such as
// go.parity/poll/fd.go.
//
// # Rewriting imports
//
// For those who want net2 in their source, net2 rewrite puts go.parity/net2 in
// the place of net in the files that the packages have for any system and any
// tag, tests included, and in go.mod. It first reports, by file and line, what
// that changes besides: type assertions and switches on net's concrete types
// whose value others make, Buffers that leave the packages, and functions and
// fields of others that ask for net's types. It tries whether the result
// compiles, with the tags given by -tags; if not, or if a file cannot be
// written, no file is changed. With -d it prints the diff instead.
//
// What it changed stands in .net2-rewrite.json beside go.mod: net2 rewrite -undo
// gives every file back its bytes. In one that was edited since, it puts back
// the import and leaves the edits.
//
// The report alone is for go vet too: go vet -vettool=$(command -v net2) ./...
//
// # Limits
//
// GO111MODULE=off needs net2 goroot: the go command takes no overlay of the
// standard library's vendor folder then.
//
// The tests of package net itself look at its inside and do not compile; with
// -poller they do. Tools that read the standard library's files from disk, such
// as gopls, staticcheck and coverage of the standard library (-coverpkg=std),
// need net2 goroot.
package main
