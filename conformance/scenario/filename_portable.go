//go:build net2_portable

package scenario

import "regexp"

// connFile is the name of a connection's file: network, addresses.
var connFile = regexp.MustCompile(`\b(tcp|udp|ip)[46]?:[^ "]*->[^ ":]*(:#\d+)?`)

// fileNames leaves out the part of the names of connections' files that this
// build cannot tell: deviation portable-file-name.
func fileNames(s string) string { return connFile.ReplaceAllString(s, "$1 file") }
