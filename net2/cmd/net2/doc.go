// Net2 puts a whole program on net2 without changing its sources: its own
// packages, net/http, crypto/tls and every dependency that imports net.
//
//	net2 build ./...     instead of go build ./...
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
// With its flag -overlay, the go command reads other files in place of those on
// disk. Net2 makes such files for the toolchain that the go command would use
// in the current folder: a package net that has net2 in it, under the path net.
// So %T, reflection, gob and programs that link into net see what they always
// saw; package merge explains the details. The sources of net2 are part of this
// command.
//
// With -poller, which stands before the packages, net stays as it is and only
// its poller is net2's.
//
// Net2 keeps what it generates in the user's cache folder under net2, by
// toolchain and content. It makes each entry once, and removes an entry that
// nobody has used for 30 days.
//
// On its own, an overlay silently does nothing as soon as the go command
// switches to a toolchain that the overlay was not made for. Net2 therefore
// keeps the toolchain from switching, and asks the go command before every
// build whether it sees net2; if it does not, net2 reports an error. Whoever
// uses net2 overlay or net2 goroot in a script should check the result with
// net2 verify.
//
// Net2 joins the user's own overlay, from -overlay or GOFLAGS, with its own; if
// both replace the same file, net2 reports an error. The go command's flags and
// environment keep their meaning. -tags=net2_portable is net2's tag, for a Go
// whose linker refuses net2's links to the runtime.
//
// Net2 passes a build for a system other than Linux on unchanged: there, net2
// is net.
//
// Before the first build with an overlay, net2 builds a small program. So it
// can say in one line that this Go refuses net2's links, or that a binary comes
// out without net2.
//
// Whoever works on net2 can replace the sources in this command with
// -sources=FILE, a zip archive of files named by import path, such as
// go.parity/poll/fd.go.
//
// # Rewriting imports
//
// For those who want net2 in their source, net2 rewrite replaces the import of
// net by go.parity/net2 in all files of the packages, for any system and any
// tag, tests included, and adds net2 to go.mod. It first reports, by file and
// line, what else that changes: type assertions and switches on net's concrete
// types where another package makes the value, Buffers that leave the packages,
// and functions and fields of other packages that ask for net's types. It
// checks that the result compiles, with the tags given by -tags; if it does
// not, or if a file cannot be written, net2 rewrite changes no file. With -d it
// prints the diff instead.
//
// It records what it changed in .net2-rewrite.json beside go.mod; net2 rewrite
// -undo restores every file byte for byte. In a file that somebody has edited
// since, it restores the import and keeps the edits.
//
// Go vet can print the report alone: go vet -vettool=$(command -v net2) ./...
//
// # Limits
//
// With GO111MODULE=off the go command takes no overlay of the standard
// library's vendor folder; use net2 goroot.
//
// The tests of package net itself look at its inside and do not compile; with
// -poller they do. Tools that read the standard library's files from disk, such
// as gopls, staticcheck and coverage of the standard library (-coverpkg=std),
// need net2 goroot.
package main
