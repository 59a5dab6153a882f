package page

import (
	"math"
	"net/url"
	"testing"

	"nanoflux.ai/backend/shared/problem"
)

func TestANumberComesBackAsItWas(t *testing.T) {
	for _, n := range []int64{1, 50, math.MaxInt64} {
		p, err := ReadNumbered(url.Values{"cursor": {After(n)}, "limit": {"7"}})
		if err != nil || p != (Numbered{7, n}) {
			t.Error(p, err)
		}
	}
	if p, err := ReadNumbered(url.Values{}); err != nil || p != (Numbered{50, math.MaxInt64}) {
		t.Error(p, err)
	}
}

func TestWhatIsNoNumberOfOursIsRefused(t *testing.T) {
	for _, query := range []url.Values{
		{"cursor": {""}}, {"cursor": {"MQ=="}}, {"cursor": {"MR"}}, {"cursor": {"1"}}, {"cursor": {After(0)}}, {"cursor": {After(-1)}}, {"cursor": {"KzE"}}, {"cursor": {"MDE"}},
		{"cursor": {"OTIyMzM3MjAzNjg1NDc3NTgwOA"}}, {"cursor": {"MQ\n"}},
	} {
		if p, err := ReadNumbered(query); problem.Of(err) == nil || problem.Of(err).Code != "invalid_cursor" {
			t.Errorf("%v: %v, %v", query, p, err)
		}
	}
	if _, err := ReadNumbered(url.Values{"limit": {"0"}}); problem.Of(err) == nil || problem.Of(err).Code != "invalid_limit" {
		t.Error(err)
	}
}
