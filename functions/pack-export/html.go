package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"html"
	"strings"
	"time"

	"nanoflux.ai/backend/shared/archive"
)

// style of all pages. They are read from a disk, so nothing is fetched and nothing runs.
const style = `body{font:16px/1.5 system-ui,sans-serif;max-width:72rem;margin:2rem auto;padding:0 1rem;color:#1b1b1f;background:#fff}
table{border-collapse:collapse;font-size:.85rem}td,th{border:1px solid #c9c9d1;padding:.3rem .5rem;text-align:left;vertical-align:top}
th{background:#f1f1f5}.wide{overflow-x:auto}ul.pictures{list-style:none;padding:0;display:grid;gap:1rem;grid-template-columns:repeat(auto-fill,minmax(14rem,1fr))}
ul.pictures img{width:100%;height:14rem;object-fit:contain;background:#f1f1f5}ul.pictures p{margin:.2rem 0;font-size:.85rem;overflow-wrap:anywhere}
@media(prefers-color-scheme:dark){body{color:#eee;background:#16161a}th,ul.pictures img{background:#26262c}a{color:#9ab4ff}}`

// document is a page with a title; body is HTML.
func document(title, body string) []byte {
	return fmt.Appendf(nil, `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src 'self' file:; style-src 'unsafe-inline'">
<title>%[1]s</title>
<style>%[2]s</style>
<h1>%[1]s</h1>
%[3]s
</html>
`, html.EscapeString(title), style, body)
}

// words of a name with underscores.
func words(name string) string { return strings.ReplaceAll(name, "_", " ") }

// plain is a JSON value as a person reads it.
func plain(value json.RawMessage) string {
	var text string
	if json.Unmarshal(value, &text) == nil {
		return text // null, too, which is empty
	}
	return string(value)
}

// rowsHTML shows a page of a table's rows.
func rowsHTML(t table, page int, rows [][]json.RawMessage, more bool) []byte {
	var b bytes.Buffer
	b.WriteString(`<p><a href="../index.html">All of your data</a></p>` + "\n")
	if len(rows) == 0 {
		b.WriteString("<p>There is nothing here.</p>")
		return document(title(t.Table), b.String())
	}
	b.WriteString("<div class=\"wide\"><table>\n<tr>")
	for _, c := range t.columns {
		fmt.Fprintf(&b, `<th title="%s">%s</th>`, html.EscapeString(heading(c)), html.EscapeString(words(field(c))))
	}
	b.WriteString("</tr>\n")
	for _, row := range rows {
		b.WriteString("<tr>")
		for _, value := range row {
			fmt.Fprintf(&b, "<td>%s</td>", html.EscapeString(plain(value)))
		}
		b.WriteString("</tr>\n")
	}
	b.WriteString("</table></div>\n")
	if more {
		fmt.Fprintf(&b, `<p><a href="%s-%d.html">Next page</a></p>`, t.Name, page+1)
	}
	return document(fmt.Sprintf("%s, page %d", title(t.Table), page), b.String())
}

// libraryHTML shows a page of images.
func libraryHTML(page int, pictures []shown) []byte {
	var b bytes.Buffer
	b.WriteString(`<p><a href="../index.html">All of your data</a></p>` + "\n<ul class=\"pictures\">\n")
	for _, p := range pictures {
		b.WriteString("<li>")
		if p.item.Name == "" || p.item.Omitted != nil {
			fmt.Fprintf(&b, "<p>Not included: %s.</p>", html.EscapeString(because(p.item.Omitted)))
		} else {
			name := html.EscapeString(p.item.Name)
			fmt.Fprintf(&b, `<a href="../%s"><img loading="lazy" src="../%s" width="%s" height="%s" alt="%s"></a>`, name, name,
				html.EscapeString(p.values["width"]), html.EscapeString(p.values["height"]), html.EscapeString(p.values["prompt"]))
		}
		fmt.Fprintf(&b, "<p>%s</p><p>%s %s</p></li>\n", html.EscapeString(p.values["prompt"]),
			html.EscapeString(p.values["created_at"]), html.EscapeString(p.values["tool"]))
	}
	b.WriteString("</ul>\n")
	return document(fmt.Sprintf("Library, page %d", page), b.String())
}

// because says in words why something is not included.
func because(reason *string) string {
	if reason == nil {
		return "it was made after this export was ordered"
	}
	return map[string]string{
		archive.Deleted: "deleted during the export", archive.Missing: "missing from our storage",
		archive.Damaged: "damaged in our storage",
	}[*reason]
}

// frontHTML is the page to begin with.
func frontHTML(at time.Time, tables []table, names []string, library sheet, volumes int) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "<p>This is everything that your account at Nanoflux held on %s. The files of data are in JSON, each with a schema"+
		" beside it; manifest.json lists every file with its SHA-256, and what could not be included.</p>\n", at.Format("2 January 2006, 15:04 MST"))
	if volumes > 1 {
		fmt.Fprintf(&b, "<p>It came in %d archives. Unpack all of them in one place: they share this folder.</p>\n", volumes)
	}
	fmt.Fprintf(&b, "<h2>Images</h2>\n<p>%d images.</p>\n<ul>\n", library.Rows)
	for page := 1; page <= library.Page; page++ {
		fmt.Fprintf(&b, `<li><a href="library/%d.html">Library, page %d</a></li>`+"\n", page, page)
	}
	b.WriteString("</ul>\n<h2>Data</h2>\n<ul>\n")
	for _, t := range tables {
		fmt.Fprintf(&b, "<li>%s:", html.EscapeString(title(t.Table)))
		for _, name := range names {
			if page, its := strings.CutPrefix(name, "data/"+t.Name+"-"); its {
				fmt.Fprintf(&b, ` <a href="%s">%s</a>`, html.EscapeString(name), html.EscapeString(strings.TrimSuffix(page, ".html")))
			}
		}
		b.WriteString("</li>\n")
	}
	b.WriteString("</ul>\n")
	return document("Your data", b.String())
}

// readme says the same without a browser.
func readme(at time.Time, volumes int) []byte {
	return fmt.Appendf(nil, `Your data at Nanoflux, as of %s

Open index.html in a browser to look at all of it; it needs no connection.
Volumes: %d. Unpack all of them in one place: they share this folder.

data/       what is kept about you, as JSON; <name>.schema.json describes <name>-1.json, <name>-2.json and so on (JSON Schema 2020-12)
images/     your images as they are stored
library/    pages that show them
manifest.json lists every file with its length and SHA-256, and everything that could not be included, with the reason.

Columns that are not in here are keys, hashes and notes of the service itself, or say nothing about you.
`, at.Format("2 January 2006, 15:04:05 MST"), volumes)
}
