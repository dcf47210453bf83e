// Package rewrite swaps the imports of a program's own packages: net becomes
// go.parity/net2, in the source. All other packages stay on net, so this
// package also reports where the two meet: see [Analyzer].
package rewrite
