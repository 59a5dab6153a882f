package main

import (
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var event = regexp.MustCompile(`Method: (\w+), Path: (?:"([^"]+)"|([^}\s]+))\}`)

func TestTheContractHasExactlyTheRoutesThatThereAre(t *testing.T) {
	template, err := os.ReadFile("../../template.yaml")
	if err != nil {
		t.Fatal(err)
	}
	have := map[string]bool{}
	for _, found := range event.FindAllStringSubmatch(string(template), -1) {
		have[found[1]+" "+found[2]+found[3]] = true
	}
	for pattern := range routes("", receiptKeys(t), "eu-central-1") {
		if pattern != "/" { // for what has no route
			have[strings.Replace(pattern, "{$}", "", 1)] = true
		}
	}
	said := map[string]bool{}
	for method, pattern := range operations(contract(t)) {
		said[method+" "+pattern] = true
	}
	if got, want := slices.Sorted(maps.Keys(said)), slices.Sorted(maps.Keys(have)); !slices.Equal(got, want) {
		t.Errorf("the contract has\n%s\nand there are\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

var (
	refusal  = regexp.MustCompile(`(?:problem\.New\(\s*(?:problem\.\w+|0),|malformed\(|Refusal\{)\s*"((?:image_)?\w+)"`)
	code     = regexp.MustCompile("`([a-z]+_[a-z_]+)`")
	property = regexp.MustCompile(`(?m)^ +([a-z_]+):`)
)

func TestTheContractHasExactlyTheCodesThatThereAre(t *testing.T) {
	have := map[string]bool{}
	for _, file := range sources(t) {
		for _, found := range refusal.FindAllStringSubmatch(file, -1) {
			have[found[1]] = true
		}
	}
	// Orders fail with it under a name of their own.
	delete(have, "background_not_plain")

	text, said := contract(t), map[string]bool{}
	for _, found := range code.FindAllStringSubmatch(text, -1) {
		said[found[1]] = true
	}
	for _, field := range property.FindAllStringSubmatch(text, -1) {
		delete(said, field[1])
	}
	if got, want := slices.Sorted(maps.Keys(said)), slices.Sorted(maps.Keys(have)); !slices.Equal(got, want) {
		t.Errorf("the contract has\n%s\nand there are\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// eventsOnly are the folders of code that no request reaches.
var eventsOnly = regexp.MustCompile(`/(task|migration|migrate|draw|pack-export|sweep-stalled|sweep-accounts|staff|watch-promises|sweep-payments|sweep-logs|keep-logs|reconcile-stripe|approval)/|/erasure/staff`)

// sources reads all code that answers requests.
func sources(t *testing.T) []string {
	t.Helper()
	var all []string
	for _, folder := range []string{"../../shared", "../../functions"} {
		err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
			if err != nil || filepath.Ext(path) != ".go" || strings.HasSuffix(path, "_test.go") || eventsOnly.MatchString(path) {
				return err
			}
			text, err := os.ReadFile(path)
			all = append(all, string(text))
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return all
}

func contract(t *testing.T) string {
	t.Helper()
	text, err := files.ReadFile("openapi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
