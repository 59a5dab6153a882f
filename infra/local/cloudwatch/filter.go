package cloudwatch

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
)

// filter finds JSON lines in which one of these fields has one of these texts.
type filter []struct{ field, text string }

var comparison = regexp.MustCompile(`^\$\.([A-Za-z_]+) *= *"([^"*]*)"$`)

// parseFilter reads the part of CloudWatch's patterns that comparisons with || between them make, each in brackets or not:
// { ($.msg = "request") || ($.msg = "job") }.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntaxForMetricFilters.html
func parseFilter(pattern string) (f filter, err error) {
	inner, opened := strings.CutPrefix(strings.TrimSpace(pattern), "{")
	inner, closed := strings.CutSuffix(inner, "}")
	for part := range strings.SplitSeq(inner, "||") {
		part = strings.TrimSpace(part)
		if bare, bracket := strings.CutPrefix(part, "("); bracket && strings.HasSuffix(bare, ")") {
			part = strings.TrimSpace(strings.TrimSuffix(bare, ")"))
		}
		found := comparison.FindStringSubmatch(part)
		if !opened || !closed || found == nil {
			return nil, fmt.Errorf(`the local cloud does not understand the filter pattern %s; it knows { ($.field = "text") || … }`, pattern)
		}
		f = append(f, struct{ field, text string }{found[1], found[2]})
	}
	return f, nil
}

func (f filter) matches(line string) bool {
	var fields map[string]json.RawMessage
	if !strings.HasPrefix(line, "{") || json.Unmarshal([]byte(line), &fields) != nil {
		return false
	}
	for _, c := range f {
		var text string
		if json.Unmarshal(fields[c.field], &text) == nil && text == c.text {
			return true
		}
	}
	return false
}
