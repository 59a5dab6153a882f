// Package tool is the catalogue of what can be ordered.
package tool

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"nanoflux.ai/backend/shared/problem"
)

// Tool is one row of the catalogue, as GET /api/tools shows it.
type Tool struct {
	Name        string   `json:"name"`
	Title       string   `json:"title"`
	Description string   `json:"description"`
	Inputs      Inputs   `json:"inputs"`
	Sizes       []string `json:"sizes"` // "1024x1024", the first is the default; empty where the result takes its input's shape
	Price       int64    `json:"price"` // credits
	MadeBy      MadeBy   `json:"made_by"`

	// Models are asked in turn: the first for the first call, the second for the second. None where it is computed.
	Models []Model `json:"-"`
	// Instruction is what the model is told; %s stands for the prompt.
	Instruction string `json:"-"`
}

// Inputs says what an order of the tool must and may hold.
type Inputs struct {
	Prompt Text  `json:"prompt"`
	Images Count `json:"images"`
	Seed   bool  `json:"seed"`
}

// Text bounds a text in characters; a Max of 0 means that it is not taken at all.
type Text struct {
	Required bool `json:"required"`
	Max      int  `json:"max"`
}

// Count bounds the number of images.
type Count struct {
	Min int `json:"min"`
	Max int `json:"max"`
}

// MadeBy names the real model behind a tool; Computed says that no model is asked and how the result comes about.
type MadeBy struct {
	Provider string `json:"provider,omitempty"`
	Model    string `json:"model,omitempty"`
	Computed string `json:"computed,omitempty"`
}

// Model is one model of one provider (the names of package model).
type Model struct{ Provider, Name string }

// MaxSeed is the largest seed; the models take 31 bits.
const MaxSeed = 1<<31 - 1

// FreeCredits is what a new account is granted, once for each Google identity.
const FreeCredits = 50

// Catalogue is every tool, in the order in which a page shows them.
func Catalogue() []Tool {
	flux := Model{"workers-ai", "@cf/black-forest-labs/flux-2-klein-4b"}
	gemini := Model{"gemini", "gemini-2.5-flash-image"}
	made := MadeBy{Provider: flux.Provider, Model: flux.Name}
	sizes := []string{"1024x1024", "1344x768", "768x1344"}
	return []Tool{
		{
			Name: "text-to-image", Title: "Text to image",
			Description: "Draws what you describe.",
			Inputs:      Inputs{Prompt: Text{Required: true, Max: 2000}, Seed: true},
			Sizes:       sizes, Price: 1, MadeBy: made, Models: []Model{flux, gemini}, Instruction: "%s",
		}, {
			Name: "edit", Title: "Edit",
			Description: "Changes your image as you tell it; up to three more images can serve as references.",
			Inputs:      Inputs{Prompt: Text{Required: true, Max: 2000}, Images: Count{1, 4}, Seed: true},
			Sizes:       []string{}, Price: 2, MadeBy: made, Models: []Model{flux, gemini}, Instruction: "%s",
		}, {
			Name: "variation", Title: "Variation",
			Description: "Draws your image again, the same in spirit, different in detail.",
			Inputs:      Inputs{Prompt: Text{Max: 2000}, Images: Count{1, 1}, Seed: true},
			Sizes:       []string{}, Price: 2, MadeBy: made, Models: []Model{flux, gemini},
			Instruction: "A variation of this image: the same subject, style and colours, a new composition. %s",
		}, {
			Name: "upscale", Title: "Upscale",
			Description: "Doubles width and height.",
			Inputs:      Inputs{Images: Count{1, 1}},
			Sizes:       []string{}, Price: 1,
			MadeBy: MadeBy{Computed: "Catmull-Rom resampling; no model is asked and no detail is invented."},
		}, {
			Name: "remove-background", Title: "Remove background",
			Description: "Makes a plain background transparent.",
			Inputs:      Inputs{Images: Count{1, 1}},
			Sizes:       []string{}, Price: 1,
			MadeBy: MadeBy{Computed: "By the colours along the border; no model is asked. It needs a plain background."},
		},
	}
}

// Find the tool of a name.
func Find(name string) (Tool, bool) {
	all := Catalogue()
	i := slices.IndexFunc(all, func(t Tool) bool { return t.Name == name })
	if i < 0 {
		return Tool{}, false
	}
	return all[i], true
}

// Order is what somebody asks of a tool.
type Order struct {
	Tool   string   `json:"tool"`
	Prompt string   `json:"prompt"`
	Size   string   `json:"size"`
	Seed   *int64   `json:"seed"`
	Images []string `json:"images"`
}

// Check finds the order's tool and completes the order (trims the prompt, fills in the size), or says all that is wrong
// with it in one problem.
func (o *Order) Check() (Tool, error) {
	t, ok := Find(o.Tool)
	if !ok {
		return Tool{}, invalid().In("tool", "There is no such tool; GET /api/tools lists them.")
	}
	p := invalid()
	o.Prompt = strings.TrimSpace(o.Prompt)
	switch length := utf8.RuneCountInString(o.Prompt); {
	case t.Inputs.Prompt.Required && length == 0:
		p = p.In("prompt", "Say what you would like to see.")
	case t.Inputs.Prompt.Max == 0 && length > 0:
		p = p.In("prompt", "This tool takes no prompt.")
	case length > t.Inputs.Prompt.Max:
		p = p.In("prompt", fmt.Sprintf("At most %d characters, please.", t.Inputs.Prompt.Max))
	case strings.ContainsRune(o.Prompt, 0):
		p = p.In("prompt", "The prompt holds a NUL character.")
	}
	switch {
	case o.Size == "" && len(t.Sizes) > 0:
		o.Size = t.Sizes[0]
	case o.Size != "" && len(t.Sizes) == 0:
		p = p.In("size", "The result takes the shape of its input; leave the size out.")
	case o.Size != "" && !slices.Contains(t.Sizes, o.Size):
		p = p.In("size", "One of "+strings.Join(t.Sizes, ", ")+", please.")
	}
	switch {
	case o.Seed != nil && !t.Inputs.Seed:
		p = p.In("seed", "This tool takes no seed.")
	case o.Seed != nil && (*o.Seed < 0 || *o.Seed > MaxSeed):
		p = p.In("seed", fmt.Sprintf("A whole number from 0 to %d, please.", MaxSeed))
	}
	switch n, want := len(o.Images), t.Inputs.Images; {
	case n < want.Min:
		p = p.In("images", fmt.Sprintf("This tool needs %d image of your library, by id.", want.Min))
	case n > want.Max:
		p = p.In("images", fmt.Sprintf("This tool takes at most %d images.", want.Max))
	case len(slices.Compact(slices.Sorted(slices.Values(o.Images)))) < n:
		p = p.In("images", "An image is named twice.")
	}
	if p.Fields != nil {
		return Tool{}, p
	}
	return t, nil
}

func invalid() *problem.Problem {
	return problem.New(problem.Unprocessable, "invalid_order", "The order does not fit the tool: see fields.")
}
