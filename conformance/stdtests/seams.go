package stdtests

import (
	"path"
	"strings"
)

// seams are the functions of ours that some test of net replaces, by package.
// One that is not there leaves out the tests that need it.
//
// They are few, for each is a place where the code that is tested is not quite
// the code that is shipped.
var seams = map[string][]string{
	"go.parity/socket": {
		// What package net calls through socketFunc and its like.
		"Socket", "Close", "Connect", "Listen", "Accept4", "GetsockoptInt",
		"Writev",
	},
	"go.parity/poll": {
		"SendFile", "Splice", "FD.SetWriteDeadline",
	},
	"go.parity/net2": {
		"sysDialer.dialTCP", "connOptions", "netFD.setOptions", "inheritance.prepare",
	},
}

// cutSeams cuts the seams into the packages of ours in t.
func cutSeams(t *tree) error {
	for name, src := range t.files {
		pkg := strings.TrimPrefix(path.Dir(name), vendorDir)
		if !strings.HasPrefix(pkg, modulePath) || !strings.HasSuffix(name, ".go") {
			continue
		}
		src, err := reroute(src, seams)
		if err != nil {
			return err
		}
		if t.files[name], err = cut(src, seams[pkg]); err != nil {
			return err
		}
	}
	return nil
}
