// Package retention is the one matrix of what is kept for a time: counted from when, for how long, by whom it is removed.
package retention

import "time"

const day = 24 * time.Hour

// How long each class is kept. Whoever gives something an end, or removes it, takes the period from here.
const (
	SignIn         = 10 * time.Minute // the cookie of the minutes of signing in
	Session        = 30 * day
	Upload         = time.Hour // an upload that is not taken in
	Archive        = 7 * day
	ArchiveLink    = day
	IdempotencyKey = day // as long as Stripe keeps those of its callers
	Address        = 30 * day
	FreeCredits    = 2 * 365 * day // the guard against taking the free credits twice
	StripeEvent    = 60 * day
	Receipt        = 2 * 365 * day

	Grace   = 7 * day  // in which a deletion can be taken back
	Deleted = 30 * day // policy P4.2a: after that nothing is left of an account, not even in backups

	Logs       = 90 * day // policy P4.2b; a day goes when its first record would be older
	CloudWatch = 60 * day // it deletes up to 72 hours late

	// PaymentYears are counted in whole days, UTC: through the seventh anniversary of the day (policy P4.2c). The schema has the
	// same number in app.purge_payments, where no caller can change it.
	PaymentYears = 7
)

// Class is one sort of data with a clock.
type Class struct {
	Name   string
	Holds  string // what it is, in plain words
	Clock  string // what its time is counted from
	Period string // for how long it is kept, in words
	Owner  string // who removes it: a function, by its folder, or CloudWatch; Nobody
	Clause string // of the privacy policy
	Table  string // table of schema app that has it; "" where it is not in the database
	Seen   string // measure of functions/watch-promises that counts what is past its end; "" where nothing can be counted
}

// Owners that are no functions.
const (
	CloudWatchItself = "Amazon CloudWatch"
	Nobody           = "nobody"
)

// Matrix lists every class, those that end soonest first.
func Matrix() []Class {
	return []Class{
		{"sign-in", "The mark that a sign-in began in this browser, in a cookie.", "the click on Sign in", "10 minutes", "login", "P2.4", "", ""},
		{"uploads", "A file on its way in, until it is an image of the library.", "the beginning of the upload", "an hour", "sweep-stalled", "P4.2a", "upload", "uploads_past_end"},
		{"copies", "Copies of pictures at the content network.", "the moment they were last fetched", "an hour; at a deletion they are dropped at once", "sweep-accounts", "P4.2a", "", ""},
		{"idempotency-keys", "The mark by which an order that is sent twice is carried out once.", "the order", "a day", "sweep-stalled", "P2.2", "generation", "idempotency_keys_past_end"},
		{"archives", "The files of an export.", "its being ready", "7 days; a link to one of them a day", "sweep-stalled", "P6.3", "archive", "archives_past_end"},
		{"sessions", "A signed-in browser: kind of browser and system, network address.", "the sign-in", "30 days, or until it signs out", "sweep-stalled", "P2.2", "session", "sessions_past_end"},
		{"addresses", "A keyed fingerprint of the network address at a sign-in.", "the sign-in", "30 days", "sweep-stalled", "P3.4", "account_lookup", "lookups_past_end"},
		{"accounts", "Everything of an account that is deleted: pictures, words, orders, credits, keys, devices.", "the request", "7 days in which it can be taken back; then it goes, at the latest 30 days after the request also from backups", "sweep-accounts", "P4.2a", "erasure", "closed_accounts"},
		{"erasure-ledger", "A keyed fingerprint of who was erased, so that no backup brings anybody back.", "the erasure's promised day", "until no backup is left that has the account, and three days more", "sweep-accounts", "P4.2a", "", "ledger_past_end"},
		{"revocations", "The mark that no link to an account's files works any more.", "the request of its deletion", "until the erasure is complete and every link has ended", "sweep-accounts", "P4.2a", "", "marks_without_erasure"},
		{"log-lines", "The lines that functions print, where they are printed.", "the line", "60 days, and at most 3 more until they are gone", CloudWatchItself, "P4.2b", "", ""},
		{"stripe-events", "The numbers of Stripe's events that were applied; no content.", "the event", "60 days", "reconcile-stripe", "P2.3", "stripe_event", "stripe_events_past_end"},
		{"logs", "A record of each request and job, with a pseudonym and a shortened network address.", "the request", "90 days at most, by whole days", "sweep-logs", "P4.2b", "log_record", "oldest_log"},
		{"holds", "What a court or the law forbids to erase, item by item.", "the hold", "until the date that it names", "sweep-accounts", "P5.2", "legal_hold", "legal_holds_past_end"},
		{"credits", "Credits that were not spent.", "their grant", "365 days the free ones, two years those of a pack, a plan's until the end of the paid time", "sweep-stalled", "P2.1", "credit_grant", "credits_past_end"},
		{"free-credits", "A keyed fingerprint that says that free credits were given.", "their grant", "2 years, beyond the account", "sweep-stalled", "P3.4", "free_grant_guard", "guards_past_end"},
		{"receipts", "The receipt of an erasure; nothing in it says of whom.", "the erasure", "2 years", "sweep-accounts", "P4.2a", "receipt", "receipts_past_end"},
		{"payments", "Amount, currency, date, what for, tax country, Stripe's numbers; no name, no account.", "the payment", "7 years, through the anniversary of the day", "sweep-payments", "P4.2c", "payment", "payments_past_end"},
		{"disclosures", "Which authority was given what, on which ground; the account is a random number in it.", "the disclosure", "as long as the service", Nobody, "P5.2", "disclosure", ""},
		{"staff-actions", "Who of the staff erased, held, disclosed or confirmed something, when and why.", "the action", "as long as the service", Nobody, "P7c", "staff_action", ""},
	}
}
