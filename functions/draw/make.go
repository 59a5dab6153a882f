package main

import (
	"context"
	"errors"
	"fmt"
	stdimage "image"
	"math"
	"slices"
	"strings"
	"time"

	"nanoflux.ai/backend/shared/generation"
	"nanoflux.ai/backend/shared/model"
	"nanoflux.ai/backend/shared/picture"
	"nanoflux.ai/backend/shared/setting"
	"nanoflux.ai/backend/shared/task"
	"nanoflux.ai/backend/shared/tool"
)

// patience with one provider call; two of them fit into the function's time.
const patience = 60 * time.Second

// longestWait before an order that was put off is tried again, whatever the provider says.
const longestWait = 5 * time.Minute

// inputSide is the longest side, in pixels, of an image that is given to a model: FLUX.2 takes no larger ones.
const inputSide = 512

// input is an image that an order names, with what its file said of its origin.
type input struct {
	image  stdimage.Image
	source picture.DigitalSource
}

// made is a finished image and where it comes from (IPTC digital source type).
type made struct {
	image  stdimage.Image
	source picture.DigitalSource
}

// provider is an image provider that this deployment uses.
type provider struct {
	name   string
	artist model.Artist
}

// parseProviders reads the names of the providers, in the order in which they are asked.
func parseProviders(names string) ([]provider, error) {
	var providers []provider
	for name := range strings.SplitSeq(names, ",") {
		switch name = strings.TrimSpace(name); name {
		case "workers-ai":
			providers = append(providers, provider{name, model.NewWorkersAI(setting.URL("WORKERS_AI_URL"), setting.Required("WORKERS_AI_TOKEN"))})
		case "gemini":
			gemini, err := model.NewGemini(setting.URL("GEMINI_URL"), setting.Required("GEMINI_API_KEY"), setting.Required("GEMINI_ZERO_RETENTION"))
			if err != nil {
				return nil, err
			}
			providers = append(providers, provider{name, gemini})
		default:
			return nil, errors.New("it lists workers-ai or gemini, or both with a comma between")
		}
	}
	return providers, nil
}

// compute does what no model is asked for.
func compute(ordered tool.Tool, inputs []input) (made, error) {
	in := inputs[0]
	m := made{source: picture.Enhanced}
	if in.source != picture.None {
		m.source = in.source // an image that a model made stays one
	}
	switch ordered.Name {
	case "upscale":
		m.image = picture.Upscale(in.image, 2)
		if m.image.Bounds().Dx() < 2*in.image.Bounds().Dx() {
			return made{}, &failed{generation.TooLarge}
		}
	case "remove-background":
		cut, err := picture.RemoveBackground(in.image)
		if errors.Is(err, picture.ErrNoPlainBackground) {
			return made{}, &failed{generation.NoPlainBackground}
		}
		if err != nil {
			return made{}, err
		}
		m.image = cut
	default:
		return made{}, &failed{generation.Unavailable}
	}
	return m, nil
}

// ask calls providers until one draws: at most two calls of an order count. No image and no error: the order was put off.
func (d draw) ask(ctx context.Context, clock task.Clock, order generation.Claimed, ordered tool.Tool, inputs []input) (made, error) {
	wanted, err := describe(order, ordered, inputs)
	if err != nil {
		return made{}, err
	}
	models, later, wait := d.models(ordered), false, longestWait
	for order.Calls < generation.MaxCalls && len(models) > 0 {
		turn := order.Calls % len(models)
		asked := models[turn]
		call, err := order.BeginCall(ctx, d.db, asked.provider.name, asked.model, clock.Now())
		if err != nil {
			return made{}, err
		}
		drawn, failure := asked.draw(ctx, wanted)
		if failure == nil {
			if err := generation.EndCall(ctx, d.db, call, "drawn", clock.Now()); err != nil {
				task.Count(ctx, "call_not_recorded", 1) // the image is worth more than the note about it
			}
			return made{drawn, sourceOf(inputs)}, nil
		}
		task.Count(ctx, asked.provider.name+":"+strings.ReplaceAll(failure.Detail, " ", "_"), 1)
		switch failure.Reason {
		case model.Refused:
			return made{}, errors.Join(&failed{generation.Refused}, generation.EndCall(ctx, d.db, call, "refused", clock.Now()))
		case model.Broken:
			err, order.Calls = generation.EndCall(ctx, d.db, call, "failed", clock.Now()), order.Calls+1
		default: // it drew nothing, so the call does not count; another provider may have room
			err, models = order.TurnedAway(ctx, d.db, call, clock.Now()), slices.Delete(models, turn, turn+1)
			if failure.Reason == model.Later {
				later, wait = true, min(wait, failure.After)
			}
		}
		if err != nil {
			return made{}, err
		}
	}
	switch {
	case order.Calls >= generation.MaxCalls:
		return made{}, &failed{generation.ProviderFailed}
	case later:
		return made{}, order.Defer(ctx, d.db, clock.Now().Add(wait))
	}
	return made{}, &failed{generation.Unavailable}
}

// sourceOf what a model drew: from words alone, or from somebody's images.
func sourceOf(inputs []input) picture.DigitalSource {
	if len(inputs) > 0 {
		return picture.Edited
	}
	return picture.Generated
}

// chosen is a model at a provider that is in use.
type chosen struct {
	provider provider
	model    string
}

// models of a tool at the providers in use, in the order of the providers.
func (d draw) models(ordered tool.Tool) []chosen {
	var all []chosen
	for _, p := range d.providers {
		for _, m := range ordered.Models {
			if m.Provider == p.name {
				all = append(all, chosen{p, m.Name})
			}
		}
	}
	return all
}

// draw makes one call and decodes what came back; anything that is no image is a broken provider.
func (c chosen) draw(ctx context.Context, wanted model.Order) (stdimage.Image, *model.Failure) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	wanted.Model = c.model
	file, err := c.provider.artist.Draw(ctx, wanted)
	if err == nil {
		var pixels stdimage.Image
		if pixels, _, err = picture.Decode(file); err == nil {
			return pixels, nil
		}
	}
	if failure := (*model.Failure)(nil); errors.As(err, &failure) {
		return nil, failure
	}
	return nil, &model.Failure{Reason: model.Broken, Detail: "no image that can be opened"}
}

// describe puts the order into a model's terms.
func describe(order generation.Claimed, ordered tool.Tool, inputs []input) (model.Order, error) {
	wanted := model.Order{Prompt: strings.TrimSpace(fmt.Sprintf(ordered.Instruction, order.Prompt)), Seed: order.Seed}
	if _, err := fmt.Sscanf(order.Size, "%dx%d", &wanted.Width, &wanted.Height); err != nil && len(inputs) > 0 {
		wanted.Width, wanted.Height = shape(inputs[0].image)
	}
	for _, in := range inputs {
		small, err := picture.Encode(picture.Fit(in.image, inputSide), picture.None)
		if err != nil {
			return model.Order{}, err
		}
		wanted.Images = append(wanted.Images, small.Bytes)
	}
	return wanted, nil
}

// shape is the input's shape with about a megapixel, in steps of 32 pixels, at most 2:1.
func shape(in stdimage.Image) (width, height int) {
	ratio := float64(in.Bounds().Dx()) / float64(in.Bounds().Dy())
	ratio = min(max(ratio, 0.5), 2)
	round := func(side float64) int { return int(math.Round(side/32)) * 32 }
	return round(1024 * math.Sqrt(ratio)), round(1024 / math.Sqrt(ratio))
}
