// Package netns holds net2 against net on networks that misbehave: peers that
// vanish, routers that refuse, lose, delay, reorder and double packets, links
// that are cut in the middle of a transfer, paths that take small packets only.
//
// Each script runs on net and on net2, each time between two hosts of its own: a
// network namespace each, joined by a router that the test itself is. The router
// reads what both hosts send from their tun devices, and does with each packet
// what the script wants. So nothing leaves the test, everything can go wrong
// exactly when it should, and no program and no module of the kernel is needed
// beside the tun device. Where the kernel permits no namespaces or no tun device,
// the tests are skipped and say so.
//
// The tests are in the package's test files:
//
//	go test ./conformance/netns
package netns
