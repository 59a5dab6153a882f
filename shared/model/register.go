package model

import "time"

// Deadline is by when nothing of a deleted account may be left with anyone.
const Deadline = 30 * 24 * time.Hour

// Party is an outside party that pictures or prompts go to.
type Party struct {
	Name, Host string
	Gets       string        // what it is sent
	Keeps      time.Duration // for how long it keeps that; 0 is not at all
	Source     string        // where it says so
}

// Register names every party that this package can reach. The privacy page says the same.
func Register() []Party { return []Party{workersAI(), gemini()} }

func workersAI() Party {
	return Party{
		Name: "Cloudflare Workers AI", Host: "api.cloudflare.com",
		Gets:   "the prompt, the input pictures without metadata, a seed; no name, no address, no account",
		Keeps:  0,
		Source: "https://developers.cloudflare.com/workers-ai/platform/data-usage/",
	}
}

// gemini keeps prompts, context and output for the detection of abuse; a project may be approved for zero retention.
func gemini() Party {
	return Party{
		Name: "Google Gemini API", Host: "generativelanguage.googleapis.com",
		Gets:   "the prompt, the input pictures without metadata, a seed; no name, no address, no account",
		Keeps:  55 * 24 * time.Hour,
		Source: "https://ai.google.dev/gemini-api/docs/abuse-monitoring",
	}
}
