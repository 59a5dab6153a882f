package main

import (
	"iter"
	"slices"
	"strings"
)

// methods lists, sorted, what the contract takes at a path; none where there is no such path.
func methods(contract, path string) []string {
	var found []string
	for method, pattern := range operations(contract) {
		if matches(pattern, path) && !slices.Contains(found, method) {
			found = append(found, method)
		}
	}
	slices.Sort(found)
	return found
}

// operations reads method and path of every operation from the lines of the contract, which indents paths by two spaces
// and methods by four: a YAML library would cost more than all the rest of this function.
func operations(contract string) iter.Seq2[string, string] {
	return func(yield func(method, pattern string) bool) {
		_, paths, _ := strings.Cut(contract, "\npaths:\n")
		paths, _, _ = strings.Cut(paths, "\ncomponents:\n")
		pattern := ""
		for line := range strings.Lines(paths) {
			key, ok := strings.CutSuffix(strings.TrimRight(line, "\n"), ":")
			name := strings.TrimLeft(key, " ")
			switch indent := len(key) - len(name); {
			case ok && indent == 2:
				pattern = name
			case ok && indent == 4 && !yield(strings.ToUpper(name), pattern):
				return
			}
		}
	}
}

// matches says whether a path fits a pattern in which {id} stands for one segment.
func matches(pattern, path string) bool {
	want, got := strings.Split(pattern, "/"), strings.Split(path, "/")
	return slices.EqualFunc(want, got, func(want, got string) bool {
		return want == got || strings.HasPrefix(want, "{") && got != ""
	})
}
