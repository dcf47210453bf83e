//go:build linux

package net2

import "flag"

// long makes the tests that repeat do so as often as ci/long wants.
var long = flag.Bool("net2.long", false, "repeat more often")
