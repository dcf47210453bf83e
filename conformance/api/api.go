package api

import (
	"context"
	"slices"
	"sync"
	"time"

	"go.parity/conformance"
	"go.parity/conformance/host"
	"golang.org/x/sync/errgroup"
)

// A Row is the verdict on one object on one platform.
type Row struct {
	Platform string             `json:"platform"`
	Kind     Kind               `json:"kind"`
	Name     string             `json:"name"`          // "Dial", "(*TCPConn).ReadFrom", "Dialer.Timeout"
	How      How                `json:"how,omitempty"` // empty where net2 lacks it
	Status   conformance.Status `json:"status"`        // same, missing or differs
	Detail   string             `json:"detail,omitempty"`
}

// check returns the row as a check, with a name such as "linux/func Dial". If the
// objects are the same, the detail says how net2 provides its own.
func (r Row) check() conformance.Check {
	detail := r.Detail
	if r.Status == conformance.Same {
		detail = string(r.How)
	}
	c := conformance.Check{
		Name:   r.Platform + "/" + string(r.Kind) + " " + r.Name,
		Status: r.Status,
		Detail: detail,
	}
	c.Record(r)
	return c
}

// Table compares net2 with net on each of [Platforms]. It orders the rows by
// platform and by the objects' names; the objects that only net2 has come last.
func Table(ctx context.Context) ([]Row, error) {
	f, err := find(ctx)
	if err != nil {
		return nil, err
	}
	return f.rows, nil
}

// Totals counts net's objects on a platform, by kind.
func Totals(rows []Row, platform string) map[Kind]int {
	totals := make(map[Kind]int)
	for _, r := range rows {
		if r.Platform == platform && r.How != Beyond {
			totals[r.Kind]++
		}
	}
	return totals
}

// Part returns the API check as evidence.
func Part() conformance.Part { return new(cache).part() }

// A cache keeps the findings from one call to the next.
type cache struct {
	mu sync.Mutex
	f  *findings
}

func (c *cache) part() conformance.Part {
	return conformance.Part{
		Name:  "api",
		Doc:   "every exported object of net exists in net2 with the identical type",
		Names: c.names,
		Run:   c.run,
	}
}

func (c *cache) names(ctx context.Context) ([]string, error) {
	f, err := c.find(ctx)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, check := range f.checks() {
		names = append(names, check.Name)
	}
	return names, nil
}

// run reports with the first check the time that loading took.
func (c *cache) run(ctx context.Context, match func(string) bool, report func(conformance.Check)) error {
	start := time.Now()
	f, err := c.find(ctx)
	if err != nil {
		return err
	}
	for _, check := range f.checks() {
		if match(check.Name) {
			check.Elapsed = time.Since(start)
			report(check)
			start = time.Now()
		}
	}
	return nil
}

func (c *cache) find(ctx context.Context) (*findings, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.f == nil {
		if lack := host.Lacking(host.GoCommand); lack != nil {
			return nil, lack
		}
		f, err := find(ctx)
		if err != nil {
			return nil, err
		}
		c.f = f
	}
	return c.f, nil
}

// findings holds the results of the whole check of net2's API.
type findings struct {
	rows   []Row
	beyond conformance.Check // the list of what is beyond net
	doc    string            // net2's package documentation on Linux
}

func (f *findings) checks() []conformance.Check {
	var checks []conformance.Check
	for _, r := range f.rows {
		checks = append(checks, r.check())
	}
	return append(checks, f.beyond, docCheck(f.doc, f.rows))
}

// find loads and compares for all platforms at once.
func find(ctx context.Context) (*findings, error) {
	var f findings
	tables := make([][]Row, len(Platforms))
	g, ctx := errgroup.WithContext(ctx)
	for i, p := range Platforms {
		g.Go(func() error {
			std, own, err := load(ctx, p, nil)
			if err != nil {
				return err
			}
			tables[i] = compare(p.String(), std, own)
			if p.String() == docPlatform {
				f.doc = packageDoc(own)
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	f.rows = slices.Concat(tables...)
	lines, err := readBeyond()
	if err != nil {
		return nil, err
	}
	f.beyond = settleBeyond(lines, f.rows)
	return &f, nil
}

// compare compares own with std, object by object.
func compare(platform string, std, own *source) []Row {
	var rows []Row
	m := newMapping(std.types, own.types)
	ours := members(own.types)
	rest := make(map[key]member)
	for _, y := range ours {
		rest[y.key()] = y
	}
	for _, x := range members(std.types) {
		row := Row{Platform: platform, Kind: x.kind, Name: x.name(), Status: conformance.Missing}
		if y, ok := rest[x.key()]; ok {
			delete(rest, x.key())
			row.How = own.how(std.types, y)
			row.Status = conformance.Same
			if row.Detail = m.difference(x, y); row.Detail != "" {
				row.Status = conformance.Differs
			}
		}
		rows = append(rows, row)
	}
	for _, y := range ours {
		if _, alone := rest[y.key()]; alone {
			rows = append(rows, Row{
				Platform: platform,
				Kind:     y.kind,
				Name:     y.name(),
				How:      Beyond,
				Status:   conformance.Differs,
				Detail:   "net has no such " + string(y.kind),
			})
		}
	}
	return rows
}
