package bench

import (
	"slices"
	"testing"
)

func TestImplementationsAreWellFormed(t *testing.T) {
	names, colors := make(map[string]bool), make(map[string]bool)
	for _, impl := range implementations {
		if impl.name == "" || names[impl.name] {
			t.Errorf("two implementations have the name %q", impl.name)
		}
		if colors[impl.color] {
			t.Errorf("%s has the colour %q of another", impl.name, impl.color)
		}
		names[impl.name], colors[impl.color] = true, true
		if got, ok := lookup(impl.name); !ok || got.name != impl.name {
			t.Errorf("lookup(%q) = %q, %t", impl.name, got.name, ok)
		}
		if !slices.ContainsFunc(Workloads(), impl.serves) {
			t.Errorf("%s serves no workload", impl.name)
		}
	}
	if _, ok := lookup("net3"); ok {
		t.Error("lookup found net3")
	}
	for _, name := range append(Peers(), target) {
		if !names[name] {
			t.Errorf("%s is not in the list", name)
		}
	}
}

func TestImplementationServes(t *testing.T) {
	for _, test := range []struct {
		impl     string
		workload Workload
		want     bool
	}{
		{"net", Workload{Kind: KindHTTP}, true},
		{"floor", Workload{Kind: KindEcho, Deadline: true}, true},
		{"gnet", Workload{Kind: KindEcho}, true},
		{"gnet", Workload{Kind: KindEcho, Deadline: true}, false},
		{"gnet", Workload{Kind: KindHTTP}, false},
		{"nbio", Workload{Kind: KindHTTP}, true},
		{"netpoll", Workload{Kind: KindIdle}, true},
		{"netpoll", Workload{Kind: KindUDP}, false},
	} {
		impl, ok := lookup(test.impl)
		if !ok {
			t.Fatalf("no implementation %s", test.impl)
		}
		if got := impl.serves(test.workload); got != test.want {
			t.Errorf("%s serves %+v: %t, want %t", test.impl, test.workload, got, test.want)
		}
	}
}
