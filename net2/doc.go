// Package net2 is Go's net package, rebuilt outside the runtime.
package net2
