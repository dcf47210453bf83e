package api

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.parity/conformance"
)

func TestSettleBeyond(t *testing.T) {
	beyond := func(platform, name string) Row {
		return Row{Platform: platform, Kind: Func, Name: name, How: Beyond, Status: conformance.Differs}
	}
	const unlisted = "net has no such func, and no file of conformance/api/beyond lists it"
	for _, tt := range []struct {
		name   string
		lines  []string
		row    Row
		status conformance.Status // of the row
		detail string             // of the row
		wrong  string             // the detail of the check
	}{
		{"listed", []string{"linux func Extra"}, beyond("linux", "Extra"), conformance.Same, "", ""},
		{"listed for all", []string{"all func Extra"}, beyond("darwin", "Extra"), conformance.Same, "", ""},
		{"not listed", nil, beyond("linux", "Extra"), conformance.Differs, unlisted, ""},
		{
			"listed for another platform", []string{"linux func Extra"}, beyond("darwin", "Extra"),
			conformance.Differs, unlisted, "linux func Extra is listed, net2 has none",
		},
		{
			"listed as another kind", []string{"linux type Extra"}, beyond("linux", "Extra"),
			conformance.Differs, unlisted, "linux type Extra is listed, net2 has none",
		},
		{
			"listed twice", []string{"linux func Extra", "linux func Extra"}, beyond("linux", "Extra"),
			conformance.Same, "", "linux func Extra is listed twice",
		},
		{
			"an object of net", []string{"linux func Dial"},
			Row{Platform: "linux", Kind: Func, Name: "Dial", How: Ours, Status: conformance.Differs, Detail: "another type"},
			conformance.Differs, "another type", "linux func Dial is listed, net2 has none",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			rows := []Row{tt.row}
			check := settleBeyond(tt.lines, rows)
			if rows[0].Status != tt.status || rows[0].Detail != tt.detail {
				t.Errorf("the row is %q, %q, want %q, %q", rows[0].Status, rows[0].Detail, tt.status, tt.detail)
			}
			want := conformance.Check{Name: "list of what is beyond net", Status: conformance.Same}
			if tt.wrong != "" {
				want.Status, want.Detail = conformance.Differs, tt.wrong
			}
			if diff := cmp.Diff(want, check); diff != "" {
				t.Errorf("settleBeyond (-want +got):\n%s", diff)
			}
		})
	}
}
