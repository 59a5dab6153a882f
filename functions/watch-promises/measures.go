package main

import (
	"fmt"
	"time"

	"nanoflux.ai/backend/shared/erasure"
	"nanoflux.ai/backend/shared/promise"
)

// measure is one thing that is watched, for one clause of the privacy policy.
type measure struct {
	name, clause string
	says         string // what is promised, in plain words
	unit         string
	warn, bound  int64 // from here on it is at risk, from here on broken: between them, an operator has time
	read         func(seen promise.Seen, before promise.Promise, at time.Time) int64
	daily        bool // looked at once a day
	job          bool // when a job last succeeded
}

// inDatabase is everything that the database is asked for, every hour. A sweep that runs every minute has two hours before
// somebody is called, one that runs once a day has until its second firing was missed. Where the bucket must be there too, the
// bound leaves room for it to be away for ten days.
func inDatabase(terms erasure.Terms, paymentYears int) []measure {
	now := time.Time{}
	dates := terms.Dates(now, true)
	gone := int64(dates.EraseBy.Sub(now) / hour)
	return []measure{
		since("oldest_log", "P4.2b", "No log record is older than 90 days.", 89*24, 90*24),
		count("log_days_missing", "P2.4", "Every request leaves its record: there is room for those of the next 14 days.", 3, 14),

		since("closed_accounts", "P4.2a", "Who deletes an account is erased so early that 30 days later no backup has it either.", gone-72, gone),
		since("erasures_near_end", "P6.2", "An erasure is complete by the date that its owner was told; nobody is in the last three days before it.", 1, 72),
		since("erasures_at_a_stage", "P6.2", "An erasure that has begun goes on, step by step.", 24, gone-int64(dates.UndoUntil.Sub(now)/hour)),
		days("closed_without_erasure", "P6.2", "No account is closed without being on its way to erasure.", 1, 6),

		since("sessions_past_end", "P2.2", "Signed-in devices are forgotten when their session ends.", 2, 24),
		since("lookups_past_end", "P3.4", "Fingerprints of network addresses are forgotten at their end date.", 2, 24),
		since("guards_past_end", "P3.4", "The fingerprint that says that free credits were given is forgotten at its end date.", 2, 24),
		since("uploads_past_end", "P4.2a", "An upload that was never finished is forgotten after an hour.", 2, 14*24),
		since("archives_past_end", "P6.3", "An export is removed seven days after it is ready.", 2, 14*24),
		since("receipts_past_end", "P4.2a", "The receipt of an erasure is removed at its end date.", 3, 24),
		since("legal_holds_past_end", "P5.2", "What the law kept from erasure is kept no longer than it must be.", 3, 24),
		since("idempotency_keys_past_end", "P2.2", "The mark against ordering twice is forgotten after a day.", 2, 24),
		since("stripe_events_past_end", "P2.3", "The numbers of what Stripe told us are forgotten after 60 days.", 26, 72),
		since("payments_past_end", "P4.2c", fmt.Sprintf("Payment records are removed after %d years.", paymentYears), 26, 72),
		since("credits_past_end", "P2.1", "Credits that have expired are taken off the balance.", 2, 24),
		since("orders_open", "P3.1", "An order is carried out or its credits come back.", 2, 24),
		since("credits_held_too_long", "P3.1", "Nobody's credits stay held for an order that is over.", 2, 24),
		since("images_half_deleted", "P4.2a", "A deleted image is gone from every place soon.", 2, 20*24),

		days("tables_open", "P4.1", "Every table of the database has row-level security.", 1, 2),
		days("columns_unknown", "P2.1", "Nothing is stored that the data map does not name.", 1, 8),
		days("books_unbalanced", "P2.1", "Every balance is what its entries add up to.", 1, 8),

		idle("sweep_stalled_idle", "P4.2a", "What has come to its end is removed every minute.", 1, 14*24),
		idle("sweep_accounts_idle", "P6.2", "Deleted accounts are carried to erasure every hour.", 3, 14*24),
		idle("sweep_logs_idle", "P4.2b", "Old log records are removed every day.", 26, 48),
		idle("sweep_payments_idle", "P4.2c", "Old payment records are removed every day.", 26, 72),
		idle("reconcile_stripe_idle", "P2.3", "Our books are compared with Stripe's every day.", 26, 14*24),
		idle("watch_promises_idle", "P7d", "These promises are looked at every hour.", 3, 14*24),
	}
}

// inBucket is what a listing of the whole bucket is looked through for, once a day.
func inBucket() []measure {
	all := []measure{
		days("objects_without_rows", "P4.2a", "No image is in storage that no account has.", 1, 6),
		days("rows_without_objects", "P4.2a", "Every image of a library is in storage.", 1, 2),
		since("uploaded_files_past_end", "P4.2a", "No file is left of an upload that is over.", 24, 14*24),
		since("export_files_past_end", "P4.2a", "No file is left of an export that is over.", 1, 14*24),
		since("ledger_past_end", "P4.2a", "What keeps an erased account from coming back with a backup is forgotten once no backup has it.", 1, 14*24),
		days("marks_without_erasure", "P4.2a", "No mark is left in storage of an account that is erased.", 1, 6),
	}
	for i := range all {
		all[i].daily = true
	}
	return all
}

func since(name, clause, says string, warn, bound int64) measure {
	return measure{name: name, clause: clause, says: says, unit: "hours", warn: warn, bound: bound, read: hours}
}

func idle(name, clause, says string, warn, bound int64) measure {
	m := since(name, clause, says, warn, bound)
	m.job = true
	return m
}

func days(name, clause, says string, warn, bound int64) measure {
	return measure{name: name, clause: clause, says: says, unit: "days", warn: warn, bound: bound, read: lasting}
}

func count(name, clause, says string, warn, bound int64) measure {
	return measure{name: name, clause: clause, says: says, unit: "days", warn: warn, bound: bound, read: number}
}
