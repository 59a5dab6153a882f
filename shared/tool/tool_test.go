package tool_test

import (
	"slices"
	"strings"
	"testing"

	"nanoflux.ai/backend/shared/problem"
	"nanoflux.ai/backend/shared/tool"
)

func seed(n int64) *int64 { return &n }

func TestCheckSaysAllThatIsWrongWithAnOrder(t *testing.T) {
	t.Parallel()
	one, five := []string{"a"}, []string{"a", "b", "c", "d", "e"}
	for what, c := range map[string]struct {
		o      tool.Order
		fields string
	}{
		"no tool":                    {tool.Order{}, "tool"},
		"an unknown tool":            {tool.Order{Tool: "Edit", Prompt: "x"}, "tool"},
		"no prompt":                  {tool.Order{Tool: "text-to-image"}, "prompt"},
		"only spaces":                {tool.Order{Tool: "text-to-image", Prompt: " \n\t\u00a0 "}, "prompt"},
		"a prompt of 2001":           {tool.Order{Tool: "text-to-image", Prompt: strings.Repeat("ü", 2001)}, "prompt"},
		"a prompt with NUL":          {tool.Order{Tool: "text-to-image", Prompt: "a\x00b"}, "prompt"},
		"a prompt it does not take":  {tool.Order{Tool: "upscale", Prompt: "x", Images: one}, "prompt"},
		"a size of another shape":    {tool.Order{Tool: "text-to-image", Prompt: "x", Size: "1x1"}, "size"},
		"a size it does not take":    {tool.Order{Tool: "edit", Prompt: "x", Size: "1024x1024", Images: one}, "size"},
		"a seed below 0":             {tool.Order{Tool: "text-to-image", Prompt: "x", Seed: seed(-1)}, "seed"},
		"a seed of 32 bits":          {tool.Order{Tool: "text-to-image", Prompt: "x", Seed: seed(tool.MaxSeed + 1)}, "seed"},
		"a seed it does not take":    {tool.Order{Tool: "remove-background", Images: one, Seed: seed(1)}, "seed"},
		"an image it does not take":  {tool.Order{Tool: "text-to-image", Prompt: "x", Images: one}, "images"},
		"no image":                   {tool.Order{Tool: "edit", Prompt: "x"}, "images"},
		"too many images":            {tool.Order{Tool: "edit", Prompt: "x", Images: five}, "images"},
		"an image twice":             {tool.Order{Tool: "edit", Prompt: "x", Images: []string{"a", "b", "a"}}, "images"},
		"two images for a variation": {tool.Order{Tool: "variation", Images: five[:2]}, "images"},
		"everything at once": {tool.Order{Tool: "upscale", Prompt: "x", Size: "1x1", Seed: seed(1)},
			"images prompt seed size"},
	} {
		_, err := c.o.Check()
		p := problem.Of(err)
		if p == nil || p.Kind != problem.Unprocessable || p.Code != "invalid_order" {
			t.Errorf("%s: %v", what, err)
			continue
		}
		var fields []string
		for field, sentence := range p.Fields {
			fields = append(fields, field)
			if !strings.HasSuffix(sentence, ".") {
				t.Errorf("%s: %q is no sentence", what, sentence)
			}
		}
		if slices.Sort(fields); strings.Join(fields, " ") != c.fields {
			t.Errorf("%s: %v, want %s", what, p.Fields, c.fields)
		}
	}
}

func TestCheckCompletesAGoodOrder(t *testing.T) {
	t.Parallel()
	for what, c := range map[string]struct{ given, wanted tool.Order }{
		"the least": {tool.Order{Tool: "text-to-image", Prompt: "  a mill\n"}, tool.Order{Tool: "text-to-image", Prompt: "a mill", Size: "1024x1024"}},
		"the most": {
			tool.Order{Tool: "text-to-image", Prompt: strings.Repeat("ü", 2000), Size: "768x1344", Seed: seed(tool.MaxSeed)},
			tool.Order{Tool: "text-to-image", Prompt: strings.Repeat("ü", 2000), Size: "768x1344", Seed: seed(tool.MaxSeed)},
		},
		"seed 0":              {tool.Order{Tool: "variation", Images: []string{"a"}, Seed: seed(0)}, tool.Order{Tool: "variation"}},
		"four images":         {tool.Order{Tool: "edit", Prompt: "x", Images: []string{"d", "a", "c", "b"}}, tool.Order{Tool: "edit", Prompt: "x"}},
		"an image and no say": {tool.Order{Tool: "remove-background", Images: []string{"a"}}, tool.Order{Tool: "remove-background"}},
	} {
		images := slices.Clone(c.given.Images)
		found, err := c.given.Check()
		if err != nil || found.Name != c.wanted.Tool || c.given.Prompt != c.wanted.Prompt || c.given.Size != c.wanted.Size {
			t.Errorf("%s: %+v, %v; want %+v", what, c.given, err, c.wanted)
		}
		if !slices.Equal(c.given.Images, images) {
			t.Errorf("%s: the images were put into another order: %v", what, c.given.Images)
		}
	}
}

func TestEveryToolOfTheCatalogueHoldsTogether(t *testing.T) {
	t.Parallel()
	names := map[string]bool{}
	for _, entry := range tool.Catalogue() {
		what := entry.Name
		if found, ok := tool.Find(what); !ok || found.Title != entry.Title || names[what] {
			t.Errorf("%s is not found, or twice", what)
		}
		names[what] = true
		if entry.Title == "" || !strings.HasSuffix(entry.Description, ".") || entry.Sizes == nil {
			t.Errorf("%s: the page shows %+v", what, entry)
		}
		if entry.Price < 1 || entry.Price > tool.FreeCredits {
			t.Errorf("%s costs %d credits", what, entry.Price)
		}
		if entry.Inputs.Images.Min > entry.Inputs.Images.Max || entry.Inputs.Prompt.Required && entry.Inputs.Prompt.Max == 0 {
			t.Errorf("%s: nobody can fulfil %+v", what, entry.Inputs)
		}
		if drawn := len(entry.Sizes) > 0; drawn == (entry.Inputs.Images.Max > 0) {
			t.Errorf("%s: its result takes a size or its input's shape, one of the two", what)
		}
		if computed := entry.MadeBy.Computed != ""; computed != (len(entry.Models) == 0) || computed != (entry.MadeBy.Model == "") || computed != (entry.Instruction == "") {
			t.Errorf("%s is computed or made by a model, one of the two: %+v", what, entry)
		}
		if len(entry.Models) > 0 {
			if first := entry.Models[0]; first.Provider != entry.MadeBy.Provider || first.Name != entry.MadeBy.Model {
				t.Errorf("%s is said to be made by %+v and made by %+v", what, entry.MadeBy, first)
			}
			if strings.Count(entry.Instruction, "%") != 1 || strings.Count(entry.Instruction, "%s") != 1 {
				t.Errorf("%s: the instruction %q has no one place for the prompt", what, entry.Instruction)
			}
		}
	}
	if len(names) != 5 {
		t.Errorf("%d tools", len(names))
	}
	if _, ok := tool.Find(""); ok {
		t.Error("a tool without a name was found")
	}
}
