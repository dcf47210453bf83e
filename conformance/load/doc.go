// Package load tests what many connections, much churn and much time do to a
// stack: nothing is lost, nothing is left, memory does not grow.
//
// Every test runs one script on net and on net2. net is the control: what net
// itself does not withstand proves nothing about net2. The tests are in the
// package's test files, and take a few seconds. Flags make them long:
//
//	go test -run Soak -v -timeout 2h ./conformance/load -args -load.soak 1h
//	go test -run Churn -v -timeout 1h ./conformance/load -args -load.churn 10m -load.idle 9000
//	go test -run Crowd -v -timeout 1h ./conformance/load -args -load.crowd 59820
//
// They print their figures with -v. With -load.stack net2 the control stays out.
package load
