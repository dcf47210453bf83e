// Package rewrite swaps the imports of a program's own packages: net becomes
// go.parity/net2, in the source. What is not the program's own stays on net, so
// the package also says where the two meet: see [Analyzer].
package rewrite
