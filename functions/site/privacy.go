package main

import (
	"html"
	"strings"
	"unicode"

	"nanoflux.ai/backend/shared/party"
	"nanoflux.ai/backend/shared/policy"
	"nanoflux.ai/backend/shared/retention"
)

// privacy gives the page of the policy. Its words are in pages/privacy.html; who gets what, how long each thing is kept and what
// keeps each clause are filled in from where the code itself has them, so that page and code cannot differ.
func privacy(region string) ([]byte, error) {
	page, err := files.ReadFile("pages/privacy.html")
	if err != nil {
		return nil, err
	}
	clauses, err := policy.Clauses()
	if err != nil {
		return nil, err
	}
	register := party.Register(region)
	pairs := []string{"{parties}", parties(register), "{places}", places(register), "{periods}", periods()}
	for _, c := range clauses {
		pairs = append(pairs, "{"+c.ID+"}", how(c))
	}
	return []byte(strings.NewReplacer(pairs...).Replace(string(page))), nil
}

// how says what of a clause is not built, what keeps the rest, and how anybody would notice that it is not kept.
func how(c policy.Clause) string {
	var b strings.Builder
	if c.Open != "" {
		b.WriteString(`<p class="open"><b>Not built yet.</b> ` + html.EscapeString(c.Open) + `</p>`)
	}
	b.WriteString(`<details class="how"><summary>How ` + c.ID + ` is kept</summary><dl>`)
	if len(c.KeptBy) > 0 {
		b.WriteString(`<dt>Kept by</dt>` + each(c.KeptBy, func(place string) string { return "<code>" + html.EscapeString(place) + "</code>" }))
	}
	if len(c.ProvedBy) > 0 {
		b.WriteString(`<dt>Proved by the tests</dt>` + each(c.ProvedBy, func(name string) string { return html.EscapeString(sentence(name)) }))
	}
	b.WriteString(`<dt>Watched</dt>`)
	if len(c.WatchedBy) > 0 {
		b.WriteString(each(c.WatchedBy, measure))
	} else {
		b.WriteString("<dd>" + html.EscapeString(c.Unwatched) + "</dd>")
	}
	return b.String() + `</dl></details>`
}

// measure leads to what was seen of it; a metric of the template is an operator's, and on no page.
func measure(name string) string {
	if name = html.EscapeString(name); name != strings.ToLower(name) {
		return "<code>" + name + "</code>"
	}
	return `<a href="/promises#` + name + `"><code>` + name + `</code></a>`
}

func each(all []string, show func(string) string) string {
	var b strings.Builder
	for _, one := range all {
		b.WriteString("<dd>" + show(one) + "</dd>")
	}
	return b.String()
}

// sentence reads a test's name: "TestAnImageIsGone" is "An image is gone".
func sentence(name string) string {
	var b strings.Builder
	for i, letter := range strings.TrimPrefix(name, "Test") {
		if i > 0 && unicode.IsUpper(letter) {
			b.WriteByte(' ')
			letter = unicode.ToLower(letter)
		}
		b.WriteRune(letter)
	}
	return b.String()
}

func periods() string {
	var rows []row
	for _, c := range retention.Matrix() {
		name := strings.ToUpper(c.Name[:1]) + strings.ReplaceAll(c.Name[1:], "-", " ")
		rows = append(rows, row{name, c.Clause, c.Holds, []string{c.Clock, c.Period, c.Owner}})
	}
	return table("Periods", []string{"What", "Counted from", "Kept for", "Removed by"}, rows)
}

func parties(register []party.Party) string {
	var rows []row
	for _, p := range register {
		for _, s := range p.Services {
			rows = append(rows, row{p.Name, "", "", []string{s.For, s.Gets, s.Keeps}})
		}
	}
	return table("Outside parties", []string{"Who", "What for", "What it gets", "How long it keeps that"}, rows)
}

func places(register []party.Party) string {
	var rows []row
	for _, p := range register {
		for _, s := range p.Services {
			rows = append(rows, row{p.Name, "", s.For, []string{s.Gets, s.Where}})
		}
	}
	return table("Places", []string{"With whom", "What", "Where"}, rows)
}

// row of a table: what it is about, the clause that it belongs to and a note on it (or none), the rest.
type row struct {
	about, clause, note string
	cells               []string
}

// table makes one whose cells know their column's title, which a telephone shows beside each.
func table(title string, columns []string, rows []row) string {
	var b strings.Builder
	b.WriteString(`<div class="scroll" role="region" aria-label="` + html.EscapeString(title) + `" tabindex="0"><table><thead><tr>`)
	for _, column := range columns {
		b.WriteString(`<th scope="col">` + html.EscapeString(column) + `</th>`)
	}
	b.WriteString(`</tr></thead><tbody>`)
	for _, r := range rows {
		b.WriteString(`<tr data-clause="` + html.EscapeString(r.clause) + `"><th scope="row">` + html.EscapeString(r.about))
		if r.clause != "" {
			b.WriteString(` <a href="#` + html.EscapeString(r.clause) + `">` + html.EscapeString(r.clause) + `</a>`)
		}
		if r.note != "" {
			b.WriteString(`<span class="note">` + html.EscapeString(r.note) + `</span>`)
		}
		b.WriteString(`</th>`)
		for i, cell := range r.cells {
			b.WriteString(`<td data-column="` + html.EscapeString(columns[i+1]) + `">` + html.EscapeString(cell) + `</td>`)
		}
		b.WriteString(`</tr>`)
	}
	return b.String() + `</tbody></table></div>`
}
