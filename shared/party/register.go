package party

// Register names every party that a deployment in this AWS region shares data with, and every host that its functions may reach
// (policy P5.1, policy P9). What a party says of itself is from the page named beside it.
func Register(region string) []Party {
	return []Party{amazon(region), supabase(region), cloudflare(), stripe(), google()}
}

func amazon(region string) Party {
	return Party{Name: "Amazon Web Services", Clauses: []string{"P5.1", "P9"}, Services: []Service{
		{
			For:   "runs the functions: API Gateway, Lambda, EventBridge Scheduler",
			Gets:  "each request with the network address it comes from, and each answer, while it is being answered",
			Keeps: "nothing of a request; the number of an order or an account that could not be dealt with, for at most 14 days (SQS)",
			Where: region,
			Hosts: []string{"lambda." + region + ".amazonaws.com"}, // where a function wakes another
		},
		{
			For:   "keeps logs and rings alarms: CloudWatch, SNS",
			Gets:  "one line for each request and job, with a pseudonym and a shortened network address; no words, no pictures, no names",
			Keeps: "less than 90 days",
			Where: region,
		},
		{
			For:   "keeps the service's own keys: Secrets Manager",
			Gets:  "no data of people",
			Keeps: "the keys, until they are replaced",
			Where: region,
		},
	}}
}

// Backups: https://supabase.com/docs/guides/platform/backups, 7 days of them with Pro, 14 with Team; migrate refuses to deploy
// where they would outlast the thirty days.
func supabase(region string) Party {
	return Party{Name: "Supabase", Clauses: []string{"P4.1", "P5.1", "P9"}, Services: []Service{{
		For: "keeps the database",
		Gets: "account, sessions, orders, credits, payments, and logs with shortened network addresses; " +
			"names, e-mail addresses, full network addresses and prompts only encrypted, with keys that it does not have",
		Keeps: "until we delete it, and in backups that end within 30 days of an account's deletion",
		Where: region,
		Hosts: []string{"aws-*-" + region + ".pooler.supabase.com"},
	}}}
}

// https://developers.cloudflare.com/workers-ai/platform/data-usage/ says that content is not used for training, and stored only
// where a storage service is used beside it.
func cloudflare() Party {
	return Party{Name: "Cloudflare", Clauses: []string{"P4.1", "P5.1", "P9"}, Services: []Service{
		{
			For:   "keeps files: R2",
			Gets:  "images, their thumbnails and archives, under random names; the network address that an upload comes from",
			Keeps: "until we delete them",
			Where: "the location that the bucket was made in",
			Hosts: []string{"*.r2.cloudflarestorage.com", "*.eu.r2.cloudflarestorage.com"}, // the second where data stays in the EU
		},
		{
			For:   "brings files to browsers: its CDN, on a domain of ours",
			Gets:  "which file is asked for, with the network address it is asked from, and a copy of it",
			Keeps: "copies for an hour, dropped when we delete the file; of the requests, as its own terms say",
			Where: "worldwide edge",
			Hosts: []string{"api.cloudflare.com"}, // where copies are dropped; browsers alone reach the CDN
		},
		{
			For:   "draws: Workers AI",
			Gets:  "the prompt, the input pictures without metadata, a seed; no name, no address, no account",
			Keeps: "nothing, as its own terms say",
			Where: "worldwide edge",
			Hosts: []string{"api.cloudflare.com"},
		},
	}}
}

// https://docs.stripe.com/privacy/deletion-requests
func stripe() Party {
	return Party{Name: "Stripe", Clauses: []string{"P2.3", "P4.1", "P5.1", "P9"}, Services: []Service{{
		For:   "takes payments",
		Gets:  "what is bought and a number that stands for the account; from the payer, on its own pages: card, name, e-mail, address",
		Keeps: "the customer, until we have it deleted; payments and invoices for as long as the law wants, as its own terms say",
		Where: "the places that its own terms name",
		Hosts: []string{"api.stripe.com"},
	}}}
}

// https://ai.google.dev/gemini-api/docs/abuse-monitoring says 55 days, https://ai.google.dev/gemini-api/docs/zdr how they become none.
func google() Party {
	return Party{Name: "Google", Clauses: []string{"P2.1", "P5.1", "P9"}, Services: []Service{
		{
			For:   "signs people in",
			Gets:  "that somebody signs in here, and when",
			Keeps: "as its own terms say",
			Where: "the places that its own terms name",
			Hosts: []string{"accounts.google.com", "oauth2.googleapis.com", "www.googleapis.com"},
		},
		{
			For:   "draws: Gemini, only where it agreed to keep nothing",
			Gets:  "the prompt, the input pictures without metadata, a seed; no name, no address, no account",
			Keeps: "nothing, by that agreement; without it the prompt would stay for 55 days, so it is not asked",
			Where: "the places that its own terms name",
			Hosts: []string{"generativelanguage.googleapis.com"},
		},
	}}
}
