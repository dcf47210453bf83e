//go:build linux && !race

package net2

const raceEnabled = false
