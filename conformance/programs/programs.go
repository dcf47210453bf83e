// Package programs holds net2 against programs that others wrote: the tests of
// well-known modules, and well-known servers with their own clients. Each runs
// on plain net, built as a whole with net2, and with its imports swapped.
//
// What fails on plain net does not count. Everything is pinned: modules by
// version and checksum in this package, their dependencies by their own go.sum,
// and servers by the go.mod and go.sum of a folder in testdata/servers.
package programs

// A Module is a module whose own tests run.
type Module struct {
	Path, Version string
	Sum           string   // as in go.sum
	Packages      []string // nil for all
	Args          []string // further arguments for go test
	Quick         bool     // belongs to the selection that runs with every change
}

// Modules are all modules that are tried.
var Modules = []Module{
	{Path: "github.com/miekg/dns", Version: "v1.1.73", Sum: "h1:uhT8nJxmTrPJYClxVxTCX+CVn6qnzSiybRk72Z6DgrE=", Quick: true, Packages: []string{"."}},
	{Path: "github.com/gorilla/websocket", Version: "v1.5.3", Sum: "h1:saDtZ6Pbx/0u+bgYQ3q96pZgCzfhKXGPqt7kZ72aNNg=", Quick: true},
	{Path: "github.com/soheilhy/cmux", Version: "v0.1.5", Sum: "h1:jjzc5WVemNEDTLwv9tlmemhC73tI08BNOIGwBOo10Js=", Quick: true},
	{Path: "github.com/coder/websocket", Version: "v1.8.15", Sum: "h1:6B2JPeOGlpff2Uz6vOEH1Vzpi0iUz20A+lPVhPHtNUA=", Quick: true, Packages: []string{"."}},
	{Path: "github.com/jlaffaye/ftp", Version: "v0.2.4", Sum: "h1:JqI85DdkfZj8ntaHk8W9U2SC3jNfiPUU70+wtIWmlfE=", Quick: true},
	{Path: "github.com/libp2p/go-reuseport", Version: "v0.4.0", Sum: "h1:nR5KU7hD0WxXCJbmw7r2rhRYruNRl2koHw8fQscQm2s=", Quick: true},
	{Path: "github.com/hashicorp/go-sockaddr", Version: "v1.0.7", Sum: "h1:G+pTkSO01HpR5qCxg7lxfsFEZaG+C0VssTy/9dbT+Fw=", Quick: true},
	{Path: "golang.org/x/net", Version: "v0.62.0", Sum: "h1:18ELalfM5+XNRwzM2nYqXsZQ9ByS1uhj2O/U7+5jqRY=", Quick: true, Packages: []string{"./nettest", "./ipv4", "./ipv6", "./proxy", "./netutil"}},
	{Path: "golang.org/x/net", Version: "v0.62.0", Sum: "h1:18ELalfM5+XNRwzM2nYqXsZQ9ByS1uhj2O/U7+5jqRY=", Packages: []string{"./http2", "./icmp", "./dns/...", "./internal/..."}},
	{Path: "golang.org/x/net", Version: "v0.62.0", Sum: "h1:18ELalfM5+XNRwzM2nYqXsZQ9ByS1uhj2O/U7+5jqRY=", Packages: []string{"./websocket"}},
	{Path: "github.com/hashicorp/yamux", Version: "v0.1.2", Sum: "h1:XtB8kyFOyHXYVFnwT5C3+Bdo8gArse7j2AQ0DA0Uey8="},
	{Path: "github.com/xtaci/smux", Version: "v1.5.58", Sum: "h1:Vdw+LT24TJb+HJX+D8zIY5imm71DoAO/DKOVJUmknG4="},
	{Path: "github.com/valyala/fasthttp", Version: "v1.78.0", Sum: "h1:tKfLdx7cD8HZOTP1wc2OpbQMbgO1HP12J0y/XMdyW6Q="},
	{Path: "github.com/quic-go/quic-go", Version: "v0.65.0", Sum: "h1:BJQSjdTvLPLmWtaCupUphRbgxgpZhdO/GMpr9Eoe3B4="},
	{Path: "github.com/nats-io/nats.go", Version: "v1.55.0", Sum: "h1:Ng8QKHdvdHIWoaiq0+d/aH1BWkxvcJxWJ0Y/9BPKx3M=", Packages: []string{".", "./jetstream", "./micro"}},
	{Path: "golang.org/x/crypto", Version: "v0.59.0", Sum: "h1:xS2jhqYbzNrpvkWP2YTDf4TJwBy3ykR03i8vFDxEc7c=", Packages: []string{"./ssh/..."}},
	{Path: "google.golang.org/grpc", Version: "v1.85.0", Sum: "h1:BPBCfuVRQ1qvBhKDOq9uvQllMvO59rKsYhXpp7Dd8vw=", Packages: []string{"./internal/transport", "./internal/resolver/...", "./credentials/..."}},
}

// A Server is a folder of testdata/servers: a go.mod that pins the server, and
// a program that starts it, is its client, and prints what came back.
type Server struct {
	Name    string // of the folder
	Program string // the server's package
	Quick   bool
}

// Servers are all servers that are tried.
var Servers = []Server{
	{Name: "nats", Program: "github.com/nats-io/nats-server/v2", Quick: true},
	{Name: "etcd", Program: "go.etcd.io/etcd/server/v3"},
	{Name: "caddy", Program: "github.com/caddyserver/caddy/v2/cmd/caddy"},
}

// The ways in which a program gets its network.
const (
	Plain     = "net"          // as it is
	Whole     = "net2 command" // built with the net2 command
	Rewritten = "net2 rewrite" // the imports of its own packages swapped
)
