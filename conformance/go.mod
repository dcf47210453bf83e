module go.parity/conformance

go 1.26.0

require (
	github.com/google/go-cmp v0.7.0
	go.parity v0.0.0
	golang.org/x/mod v0.42.0
	golang.org/x/net v0.62.0
	golang.org/x/sync v0.24.0
	golang.org/x/sys v0.50.0
	golang.org/x/tools v0.52.0
	pgregory.net/rapid v1.3.0
)

require go.uber.org/goleak v1.3.0

replace go.parity => ../
