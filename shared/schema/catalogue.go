package schema

// Whose a column's content is.
type Whose string

// Persons own what is about them; the service owns what is about itself.
const (
	Person  Whose = "person"
	Service Whose = "service"
)

// Export says how a column's content reaches its owner.
type Export string

// A column is shown as it is, opened if it is sealed, or left out: because it is a key, or says nothing about the person.
const (
	Shown   Export = "shown"
	Opened  Export = "opened"
	LeftOut Export = "left out"
)

// Erase says what ends a column's content.
type Erase string

// With the account's row; with the account's key already, because it is sealed with it; or by its own end date.
const (
	WithAccount Erase = "with the account"
	WithKey     Erase = "with the account's key, then the row"
	AtItsEnd    Erase = "at its end date"
	Never       Erase = "never: it is about nobody"
)

// Column is one row of the data map: what a column holds, whose it is, how it is exported, how it is erased, how long it
// is kept while the account lives.
type Column struct {
	Name   string // table.column
	Holds  string
	Whose  Whose
	Export Export
	Erase  Erase
	Kept   string
}

const (
	life    = "while the account lives"
	lookup  = "until expires_at: an address 30 days, an old e-mail until the change, the others while the account lives"
	session = "30 days from sign-in, or until sign-out"
	guard   = "two years from the grant, beyond the account"
	library = "until its owner deletes the image"
	hour    = "an hour"
	marks   = "a day"
	books   = "seven years from the payment, beyond the account"
	events  = "sixty days"
	exports = "seven days from the order, then from its being ready"
	forever = "as long as the service"
	leaving = "until the erasure is complete"
	receipt = "two years from the erasure"
	held    = "until the hold ends"
	logs    = "ninety days, with the day it belongs to"
)

// Catalogue lists every column of schema app. A test fails on a column that is missing here, so that nobody can keep
// something without deciding about it.
func Catalogue() []Column {
	return []Column{
		{"account.id", "random id", Person, Shown, WithAccount, life},
		{"account.prefix", "random prefix of the account's object keys", Service, LeftOut, WithAccount, life},
		{"account.name", "name, from Google", Person, Opened, WithKey, life},
		{"account.email", "e-mail address, from Google", Person, Opened, WithKey, life},
		{"account.picture", "link to the avatar, from Google", Person, Opened, WithKey, life},
		{"account.created_at", "when the account was opened", Person, Shown, WithAccount, life},
		{"account.closed_at", "when its deletion was asked for", Person, Shown, WithAccount, life},

		{"account.corrected", "which of them its owner corrected", Person, Shown, WithAccount, life},

		{"preference.account_id", "account", Service, LeftOut, WithAccount, life},
		{"preference.theme", "light, dark or as the system", Person, Shown, WithAccount, life},
		{"preference.mail_results", "whether finished images are told by e-mail", Person, Shown, WithAccount, life},
		{"preference.mail_billing", "whether plan and payments are told by e-mail", Person, Shown, WithAccount, life},
		{"preference.mail_news", "whether news of the service are told by e-mail", Person, Shown, WithAccount, life},
		{"preference.changed_at", "when it was last changed", Person, Shown, WithAccount, life},

		{"account_key.account_id", "account", Service, LeftOut, WithAccount, life},
		{"account_key.service_key", "name of the service key that wraps", Service, LeftOut, WithAccount, life},
		{"account_key.wrapped", "the account's data key, wrapped", Service, LeftOut, WithAccount, life},
		{"account_key.pseudonym", "random name of the account in log lines", Service, LeftOut, WithAccount, life},

		{"account_lookup.kind", "what is hashed: subject, e-mail or network address", Service, LeftOut, AtItsEnd, lookup},
		{"account_lookup.hash", "keyed hash of it", Person, LeftOut, AtItsEnd, lookup},
		{"account_lookup.account_id", "account", Service, LeftOut, WithAccount, lookup},
		{"account_lookup.expires_at", "end date of the hash", Service, LeftOut, AtItsEnd, lookup},

		{"session.id", "random id", Person, Shown, WithAccount, session},
		{"session.token_hash", "hash of the cookie's token", Service, LeftOut, WithAccount, session},
		{"session.account_id", "account", Service, LeftOut, WithAccount, session},
		{"session.browser", "browser and version", Person, Opened, WithKey, session},
		{"session.system", "operating system and version", Person, Opened, WithKey, session},
		{"session.address", "network address", Person, Opened, WithKey, session},
		{"session.created_at", "when it signed in", Person, Shown, WithAccount, session},
		{"session.last_seen_at", "when it was last used", Person, Shown, WithAccount, session},
		{"session.expires_at", "when it ends", Person, Shown, WithAccount, session},

		{"credit_balance.account_id", "account", Service, LeftOut, WithAccount, life},
		{"credit_balance.available", "credits to spend", Person, Shown, WithAccount, life},
		{"credit_balance.held", "credits held for orders under way", Person, Shown, WithAccount, life},
		{"credit_balance.entries", "how many entries explain it", Service, LeftOut, WithAccount, life},
		{"credit_balance.debt", "credits owed: spent before their payment was taken back", Person, Shown, WithAccount, life},

		{"credit_grant.id", "random id", Person, Shown, WithAccount, life},
		{"credit_grant.account_id", "account", Service, LeftOut, WithAccount, life},
		{"credit_grant.source", "free, plan, pack or goodwill", Person, Shown, WithAccount, life},
		{"credit_grant.reference", "what it was granted for", Person, Shown, WithAccount, life},
		{"credit_grant.amount", "credits granted", Person, Shown, WithAccount, life},
		{"credit_grant.remaining", "credits not yet spent or held", Person, Shown, WithAccount, life},
		{"credit_grant.granted_at", "when", Person, Shown, WithAccount, life},
		{"credit_grant.expires_at", "when the rest expires", Person, Shown, WithAccount, life},
		{"credit_grant.reversed", "credits taken back, because their payment was", Person, Shown, WithAccount, life},
		{"credit_grant.expired", "credits that expired unspent", Person, Shown, WithAccount, life},
		{"credit_grant.excused", "of the reversed ones, those not taken because they had expired", Service, LeftOut, WithAccount, life},

		{"credit_hold.id", "the order's id", Person, Shown, WithAccount, life},
		{"credit_hold.account_id", "account", Service, LeftOut, WithAccount, life},
		{"credit_hold.amount", "credits held", Person, Shown, WithAccount, life},
		{"credit_hold.state", "held, settled or released", Person, Shown, WithAccount, life},
		{"credit_hold.held_at", "when it was held", Person, Shown, WithAccount, life},
		{"credit_hold.closed_at", "when it was settled or released", Person, Shown, WithAccount, life},

		{"credit_hold_lot.hold_id", "hold", Service, LeftOut, WithAccount, life},
		{"credit_hold_lot.grant_id", "lot that it was taken from", Service, LeftOut, WithAccount, life},
		{"credit_hold_lot.amount", "credits of that lot", Service, LeftOut, WithAccount, life},

		{"credit_entry.number", "number of the entry, counted in the account", Person, Shown, WithAccount, life},
		{"credit_entry.account_id", "account", Service, LeftOut, WithAccount, life},
		{"credit_entry.at", "when", Person, Shown, WithAccount, life},
		{"credit_entry.kind", "grant, hold, settle, release, expire, reverse or restore", Person, Shown, WithAccount, life},
		{"credit_entry.reference", "grant or order that it is about", Person, Shown, WithAccount, life},
		{"credit_entry.available", "change of the credits to spend", Person, Shown, WithAccount, life},
		{"credit_entry.held", "change of the credits held", Person, Shown, WithAccount, life},
		{"credit_entry.debt", "change of the credits owed", Person, Shown, WithAccount, life},
		{"credit_entry.available_after", "credits to spend after it", Person, Shown, WithAccount, life},
		{"credit_entry.held_after", "credits held after it", Person, Shown, WithAccount, life},
		{"credit_entry.debt_after", "credits owed after it", Person, Shown, WithAccount, life},
		{"credit_entry.cause", "why credits were taken or given back", Person, Shown, WithAccount, life},

		{"free_grant_guard.hash", "keyed hash of a Google identity that had its free credits", Person, LeftOut, AtItsEnd, guard},
		{"free_grant_guard.expires_at", "end date of the hash", Service, LeftOut, AtItsEnd, guard},

		{"image.id", "random id", Person, Shown, WithAccount, library},
		{"image.account_id", "account", Service, LeftOut, WithAccount, library},
		{"image.generation_id", "order that made it", Person, Shown, WithAccount, library},
		{"image.kind", "upload or result", Person, Shown, WithAccount, library},
		{"image.state", "pending, ready or deleting", Service, LeftOut, WithAccount, library},
		{"image.state_at", "since when", Service, LeftOut, WithAccount, library},
		{"image.key", "object key of the image", Service, LeftOut, WithAccount, library},
		{"image.thumbnail_key", "object key of the thumbnail", Service, LeftOut, WithAccount, library},
		{"image.content_type", "media type", Person, Shown, WithAccount, library},
		{"image.thumbnail_type", "media type of the thumbnail", Service, LeftOut, WithAccount, library},
		{"image.width", "pixels", Person, Shown, WithAccount, library},
		{"image.height", "pixels", Person, Shown, WithAccount, library},
		{"image.bytes", "length of the image", Person, Shown, WithAccount, library},
		{"image.crc32", "checksum of the image, for archives", Service, LeftOut, WithAccount, library},
		{"image.sha256", "hash of the image", Person, Shown, WithAccount, library},
		{"image.thumbnail_bytes", "length of the thumbnail", Service, LeftOut, WithAccount, library},
		{"image.thumbnail_crc32", "checksum of the thumbnail", Service, LeftOut, WithAccount, library},
		{"image.thumbnail_sha256", "hash of the thumbnail", Service, LeftOut, WithAccount, library},
		{"image.tool", "tool that made it", Person, Shown, WithAccount, library},
		{"image.prompt", "prompt that made it", Person, Opened, WithKey, library},
		{"image.created_at", "when it was made", Person, Shown, WithAccount, library},

		{"upload.id", "random id", Person, Shown, WithAccount, hour},
		{"upload.account_id", "account", Service, LeftOut, WithAccount, hour},
		{"upload.key", "object key of the file as it came", Service, LeftOut, WithAccount, hour},
		{"upload.content_type", "announced media type", Person, Shown, WithAccount, hour},
		{"upload.bytes", "announced length", Person, Shown, WithAccount, hour},
		{"upload.created_at", "when it was offered", Person, Shown, WithAccount, hour},
		{"upload.expires_at", "until when the file could be put", Person, Shown, WithAccount, hour},
		{"upload.image_id", "image that it became", Person, Shown, WithAccount, hour},

		{"generation.id", "random id", Person, Shown, WithAccount, life},
		{"generation.account_id", "account", Service, LeftOut, WithAccount, life},
		{"generation.tool", "tool", Person, Shown, WithAccount, life},
		{"generation.prompt", "prompt", Person, Opened, WithKey, life},
		{"generation.size", "size in pixels", Person, Shown, WithAccount, life},
		{"generation.seed", "seed", Person, Shown, WithAccount, life},
		{"generation.inputs", "images that it worked on", Person, Shown, WithAccount, life},
		{"generation.cost", "price in credits", Person, Shown, WithAccount, life},
		{"generation.idempotency_key", "the client's key against repetition", Service, LeftOut, WithAccount, marks},
		{"generation.request_hash", "hash of the request, keyed with the account's key", Service, LeftOut, WithAccount, marks},
		{"generation.status", "queued, running, succeeded or failed", Person, Shown, WithAccount, life},
		{"generation.error_code", "why it failed", Person, Shown, WithAccount, life},
		{"generation.created_at", "when it was ordered", Person, Shown, WithAccount, life},
		{"generation.runnable_at", "from when it may be drawn", Service, LeftOut, WithAccount, life},
		{"generation.started_at", "when drawing began", Person, Shown, WithAccount, life},
		{"generation.finished_at", "when it ended", Person, Shown, WithAccount, life},
		{"generation.lease_until", "until when a worker may draw it", Service, LeftOut, WithAccount, life},
		{"generation.fence", "number of the worker that may write", Service, LeftOut, WithAccount, life},
		{"generation.calls", "provider calls so far", Service, LeftOut, WithAccount, life},

		{"provider_call.id", "number of the call", Service, LeftOut, WithAccount, life},
		{"provider_call.generation_id", "order", Person, Shown, WithAccount, life},
		{"provider_call.provider", "provider that was asked", Person, Shown, WithAccount, life},
		{"provider_call.model", "model that was asked", Person, Shown, WithAccount, life},
		{"provider_call.started_at", "when it was asked", Person, Shown, WithAccount, life},
		{"provider_call.finished_at", "when it answered", Person, Shown, WithAccount, life},
		{"provider_call.outcome", "drawn, refused, deferred or failed", Person, Shown, WithAccount, life},

		{"archive.id", "random id of an export", Person, Shown, WithAccount, exports},
		{"archive.account_id", "account", Service, LeftOut, WithAccount, exports},
		{"archive.scope", "everything, or chosen images", Person, Shown, WithAccount, exports},
		{"archive.images", "images that it was ordered with", Person, LeftOut, WithAccount, exports},
		{"archive.folder", "folder of its objects", Service, LeftOut, WithAccount, exports},
		{"archive.state", "packing, ready, failed or ending", Service, LeftOut, WithAccount, exports},
		{"archive.step", "what its packing has come to", Service, LeftOut, WithAccount, exports},
		{"archive.cursor", "how far that is", Service, LeftOut, WithAccount, exports},
		{"archive.lease_until", "until when a worker may pack it", Service, LeftOut, WithAccount, exports},
		{"archive.fence", "number of the worker that may write", Service, LeftOut, WithAccount, exports},
		{"archive.bytes_total", "bytes to be packed", Service, LeftOut, WithAccount, exports},
		{"archive.bytes_done", "bytes packed", Service, LeftOut, WithAccount, exports},
		{"archive.files", "files in it", Service, LeftOut, WithAccount, exports},
		{"archive.omitted", "files that could not be included", Service, LeftOut, WithAccount, exports},
		{"archive.ordered_at", "when it was ordered", Person, Shown, WithAccount, exports},
		{"archive.ready_at", "when it was ready", Service, LeftOut, WithAccount, exports},
		{"archive.expires_at", "when it is removed", Service, LeftOut, WithAccount, exports},
		{"archive.error_code", "why it failed", Service, LeftOut, WithAccount, exports},

		{"archive_item.archive_id", "export", Service, LeftOut, WithAccount, exports},
		{"archive_item.number", "number of a file in it", Service, LeftOut, WithAccount, exports},
		{"archive_item.path", "name of the file", Service, LeftOut, WithAccount, exports},
		{"archive_item.image_id", "image that it is", Service, LeftOut, WithAccount, exports},
		{"archive_item.key", "object key of its content", Service, LeftOut, WithAccount, exports},
		{"archive_item.bytes", "its length", Service, LeftOut, WithAccount, exports},
		{"archive_item.crc32", "its checksum", Service, LeftOut, WithAccount, exports},
		{"archive_item.sha256", "its hash", Service, LeftOut, WithAccount, exports},
		{"archive_item.volume", "zip file that it goes into", Service, LeftOut, WithAccount, exports},
		{"archive_item.omitted", "why it could not be included", Service, LeftOut, WithAccount, exports},

		{"archive_volume.archive_id", "export", Service, LeftOut, WithAccount, exports},
		{"archive_volume.number", "number of a zip file of it", Service, LeftOut, WithAccount, exports},
		{"archive_volume.filename", "its name", Service, LeftOut, WithAccount, exports},
		{"archive_volume.key", "its object key", Service, LeftOut, WithAccount, exports},
		{"archive_volume.bytes", "its length", Service, LeftOut, WithAccount, exports},
		{"archive_volume.upload_id", "the bucket's id of its upload", Service, LeftOut, WithAccount, exports},
		{"archive_volume.done", "whether it is whole", Service, LeftOut, WithAccount, exports},

		{"archive_part.archive_id", "export", Service, LeftOut, WithAccount, exports},
		{"archive_part.volume", "zip file", Service, LeftOut, WithAccount, exports},
		{"archive_part.number", "number of a part of it", Service, LeftOut, WithAccount, exports},
		{"archive_part.bytes", "its length", Service, LeftOut, WithAccount, exports},
		{"archive_part.etag", "the bucket's mark of the part", Service, LeftOut, WithAccount, exports},
		{"archive_part.crcs", "checksums of the pieces of files in it", Service, LeftOut, WithAccount, exports},

		{"customer.account_id", "account", Service, LeftOut, WithAccount, life},
		{"customer.id", "the account's customer at Stripe", Person, Shown, WithAccount, life},
		{"customer.operation", "idempotency key of its making", Service, LeftOut, WithAccount, life},
		{"customer.begun_at", "when its making began", Service, LeftOut, WithAccount, life},

		{"subscription.id", "Stripe's id", Person, Shown, WithAccount, life},
		{"subscription.account_id", "account", Service, LeftOut, WithAccount, life},
		{"subscription.offer", "plan and interval", Person, Shown, WithAccount, life},
		{"subscription.status", "Stripe's status", Person, Shown, WithAccount, life},
		{"subscription.created_at", "when it began", Person, Shown, WithAccount, life},
		{"subscription.period_end", "until when it is paid", Person, Shown, WithAccount, life},
		{"subscription.cancel_at", "when it is to end", Person, Shown, WithAccount, life},
		{"subscription.ended_at", "when it ended", Person, Shown, WithAccount, life},
		{"subscription.seen_on", "day of the last comparison that found it at Stripe", Service, LeftOut, WithAccount, life},
		{"subscription.version", "number of the last change", Service, LeftOut, WithAccount, life},

		{"payment.id", "Stripe's payment intent", Person, Shown, AtItsEnd, books},
		{"payment.kind", "plan, pack or other", Person, Shown, AtItsEnd, books},
		{"payment.offer", "what was bought", Person, Shown, AtItsEnd, books},
		{"payment.amount", "amount in minor units", Person, Shown, AtItsEnd, books},
		{"payment.currency", "currency", Person, Shown, AtItsEnd, books},
		{"payment.paid_at", "when", Person, Shown, AtItsEnd, books},
		{"payment.charge", "Stripe's charge", Person, Shown, AtItsEnd, books},
		{"payment.invoice", "Stripe's invoice", Person, Shown, AtItsEnd, books},
		{"payment.invoice_number", "number on the invoice", Person, Shown, AtItsEnd, books},
		{"payment.tax_country", "country that tax is owed to", Person, Shown, AtItsEnd, books},
		{"payment.status", "paid, refunded or disputed", Person, Shown, AtItsEnd, books},
		{"payment.returned", "amount that went back", Person, Shown, AtItsEnd, books},
		{"payment.version", "number of the last change", Service, LeftOut, AtItsEnd, books},

		{"payment_return.id", "Stripe's refund, dispute or warning", Person, Shown, AtItsEnd, books},
		{"payment_return.payment_id", "payment", Person, Shown, AtItsEnd, books},
		{"payment_return.kind", "refund, dispute or warning", Person, Shown, AtItsEnd, books},
		{"payment_return.status", "Stripe's status", Person, Shown, AtItsEnd, books},
		{"payment_return.amount", "amount in minor units", Person, Shown, AtItsEnd, books},
		{"payment_return.currency", "currency", Person, Shown, AtItsEnd, books},
		{"payment_return.at", "when", Person, Shown, AtItsEnd, books},
		{"payment_return.counts", "whether the money is gone", Service, LeftOut, AtItsEnd, books},

		{"payment_owner.payment_id", "payment", Service, LeftOut, WithAccount, life},
		{"payment_owner.account_id", "account", Service, LeftOut, WithAccount, life},

		{"unclaimed_payment.payment_id", "payment that nobody got anything for", Service, LeftOut, AtItsEnd, books},
		{"unclaimed_payment.reason", "why", Service, LeftOut, AtItsEnd, books},
		{"unclaimed_payment.since", "since when", Service, LeftOut, AtItsEnd, books},

		{"plan_invoice.id", "Stripe's invoice", Person, Shown, WithAccount, life},
		{"plan_invoice.account_id", "account", Service, LeftOut, WithAccount, life},
		{"plan_invoice.payment_id", "its payment", Person, Shown, WithAccount, life},
		{"plan_invoice.total", "what it cost in minor units", Person, Shown, WithAccount, life},
		{"plan_invoice.credits", "credits granted for it", Person, Shown, WithAccount, life},
		{"plan_invoice.takes", "credits that it took back for unused time", Person, Shown, WithAccount, life},
		{"plan_invoice.takes_from", "invoice that had granted them", Person, Shown, WithAccount, life},
		{"plan_invoice.paid_at", "when it was paid", Person, Shown, WithAccount, life},

		{"stripe_event.id", "Stripe's event", Service, LeftOut, AtItsEnd, events},
		{"stripe_event.type", "its type", Service, LeftOut, AtItsEnd, events},
		{"stripe_event.at", "when it was applied", Service, LeftOut, AtItsEnd, events},

		{"reconciliation.day", "day of a comparison with Stripe", Service, LeftOut, Never, events},
		{"reconciliation.since", "from when on it looks", Service, LeftOut, Never, events},
		{"reconciliation.step", "what is compared", Service, LeftOut, Never, events},
		{"reconciliation.cursor", "Stripe's object that it has come to", Service, LeftOut, Never, events},
		{"reconciliation.checked", "objects compared", Service, LeftOut, Never, events},
		{"reconciliation.repaired", "objects repaired", Service, LeftOut, Never, events},
		{"reconciliation.finished_at", "when it was done", Service, LeftOut, Never, events},

		{"erasure.id", "number of the receipt", Service, LeftOut, AtItsEnd, leaving},
		{"erasure.account_id", "account that is erased", Service, LeftOut, AtItsEnd, leaving},
		{"erasure.prefix", "prefix of its object keys", Service, LeftOut, AtItsEnd, leaving},
		{"erasure.cause", "request, child, staff or restore", Service, LeftOut, AtItsEnd, leaving},
		{"erasure.requested_at", "when it was asked for", Service, LeftOut, AtItsEnd, leaving},
		{"erasure.due_at", "until when it could be taken back", Service, LeftOut, AtItsEnd, leaving},
		{"erasure.erase_by", "the date that was promised", Service, LeftOut, AtItsEnd, leaving},
		{"erasure.stage", "how far it is", Service, LeftOut, AtItsEnd, leaving},
		{"erasure.stage_at", "since when", Service, LeftOut, AtItsEnd, leaving},
		{"erasure.next_at", "when it goes on", Service, LeftOut, AtItsEnd, leaving},
		{"erasure.lease_until", "until when one worker has it", Service, LeftOut, AtItsEnd, leaving},
		{"erasure.fence", "number of the worker that may write", Service, LeftOut, AtItsEnd, leaving},
		{"erasure.failures", "failures of this stage", Service, LeftOut, AtItsEnd, leaving},
		{"erasure.failure", "the last of them, in a word", Service, LeftOut, AtItsEnd, leaving},
		{"erasure.links_dead", "whether the links were ended", Service, LeftOut, AtItsEnd, leaving},
		{"erasure.unbilled", "whether Stripe confirmed that nothing is billed", Service, LeftOut, AtItsEnd, leaving},
		{"erasure.counts", "how much was erased, by class", Service, LeftOut, AtItsEnd, leaving},
		{"erasure.times", "when each stage was done", Service, LeftOut, AtItsEnd, leaving},
		{"erasure.stays", "what outlives the account", Service, LeftOut, AtItsEnd, leaving},

		{"receipt.id", "random number, known to who was erased", Service, LeftOut, AtItsEnd, receipt},
		{"receipt.jws", "signed receipt: counts and times, nobody's data", Service, LeftOut, AtItsEnd, receipt},
		{"receipt.made_at", "when it was written", Service, LeftOut, AtItsEnd, receipt},
		{"receipt.expires_at", "its end date", Service, LeftOut, AtItsEnd, receipt},

		{"legal_hold.id", "random id", Service, LeftOut, AtItsEnd, held},
		{"legal_hold.account_id", "account", Service, LeftOut, AtItsEnd, held},
		{"legal_hold.item", "account, image or order that is not to be erased", Service, LeftOut, AtItsEnd, held},
		{"legal_hold.reason", "why, as staff put it", Service, LeftOut, AtItsEnd, held},
		{"legal_hold.placed_at", "since when", Service, LeftOut, AtItsEnd, held},
		{"legal_hold.ends_at", "its end date", Service, LeftOut, AtItsEnd, held},

		{"staff_action.number", "number of the entry", Service, LeftOut, Never, forever},
		{"staff_action.at", "when", Service, LeftOut, Never, forever},
		{"staff_action.actor", "which member of staff", Service, LeftOut, Never, forever},
		{"staff_action.action", "erase, hold, lift, disclose or confirm", Service, LeftOut, Never, forever},
		{"staff_action.reason", "why, as staff put it", Service, LeftOut, Never, forever},
		{"staff_action.about", "erasure, hold, account or plan", Service, LeftOut, Never, forever},

		{"log_record.at", "when a request or job began", Service, LeftOut, AtItsEnd, logs},
		{"log_record.id", "CloudWatch's number of the record", Service, LeftOut, AtItsEnd, logs},
		{"log_record.kind", "request or job", Service, LeftOut, AtItsEnd, logs},
		{"log_record.function", "which function ran", Service, LeftOut, AtItsEnd, logs},
		{"log_record.route", "pattern of the route, never the path", Service, LeftOut, AtItsEnd, logs},
		{"log_record.method", "HTTP method", Service, LeftOut, AtItsEnd, logs},
		{"log_record.status", "HTTP status", Service, LeftOut, AtItsEnd, logs},
		{"log_record.ms", "how long it took", Service, LeftOut, AtItsEnd, logs},
		{"log_record.cold", "whether its process was new", Service, LeftOut, AtItsEnd, logs},
		{"log_record.ok", "whether a job succeeded", Service, LeftOut, AtItsEnd, logs},
		{"log_record.code", "code of the problem that was answered", Service, LeftOut, AtItsEnd, logs},
		{"log_record.error", "types of an error, never its text", Service, LeftOut, AtItsEnd, logs},
		{"log_record.who", "the account's pseudonym, which means nothing once its key is gone", Person, LeftOut, AtItsEnd, logs},
		{"log_record.browser", "family of the browser, of a closed list", Person, LeftOut, AtItsEnd, logs},
		{"log_record.system", "family of the system, of a closed list", Person, LeftOut, AtItsEnd, logs},
		{"log_record.network", "network of the address, cut to 24 bits or 48", Person, LeftOut, AtItsEnd, logs},
		{"log_record.request_id", "API Gateway's or Lambda's id", Service, LeftOut, AtItsEnd, logs},
		{"log_record.invocation", "Lambda's id", Service, LeftOut, AtItsEnd, logs},

		{"usage_day.day", "day of orders", Service, LeftOut, Never, forever},
		{"usage_day.tool", "tool that was ordered", Service, LeftOut, Never, forever},
		{"usage_day.orders", "how many orders, of everybody together", Service, LeftOut, Never, forever},
		{"usage_day.succeeded", "how many of them succeeded", Service, LeftOut, Never, forever},
		{"usage_day.failed", "how many failed", Service, LeftOut, Never, forever},
		{"usage_day.credits", "credits paid for them", Service, LeftOut, Never, forever},

		{"job_success.job", "a scheduled job", Service, LeftOut, Never, forever},
		{"job_success.at", "when it last came to its end", Service, LeftOut, Never, forever},

		{"promise.measure", "one thing that is watched", Service, LeftOut, Never, forever},
		{"promise.clause", "of the privacy policy", Service, LeftOut, Never, forever},
		{"promise.says", "what is promised", Service, LeftOut, Never, forever},
		{"promise.unit", "hours or days", Service, LeftOut, Never, forever},
		{"promise.value", "how late the latest is", Service, LeftOut, Never, forever},
		{"promise.warn", "from when on it is at risk", Service, LeftOut, Never, forever},
		{"promise.bound", "from when on it is broken", Service, LeftOut, Never, forever},
		{"promise.state", "kept, at risk or broken", Service, LeftOut, Never, forever},
		{"promise.seen_at", "when it could last be looked at", Service, LeftOut, Never, forever},
		{"promise.since", "since when it has been kept, or not", Service, LeftOut, Never, forever},

		{"sweep_plan.digest", "digest of what a sweep would take", Service, LeftOut, Never, forever},
		{"sweep_plan.job", "the sweep", Service, LeftOut, Never, forever},
		{"sweep_plan.cut", "moment whose end it takes for granted", Service, LeftOut, Never, forever},
		{"sweep_plan.rows", "rows that would go", Service, LeftOut, Never, forever},
		{"sweep_plan.of_all", "rows that there are", Service, LeftOut, Never, forever},
		{"sweep_plan.asked_at", "when it asked", Service, LeftOut, Never, forever},
		{"sweep_plan.confirmed_at", "when staff confirmed it", Service, LeftOut, Never, forever},
		{"sweep_plan.done_at", "when it was carried out", Service, LeftOut, Never, forever},

		{"disclosure.number", "number of an entry", Service, LeftOut, Never, forever},
		{"disclosure.at", "when something was given to an authority", Service, LeftOut, Never, forever},
		{"disclosure.actor", "who of staff gave it", Service, LeftOut, Never, forever},
		{"disclosure.authority", "to which authority", Service, LeftOut, Never, forever},
		{"disclosure.ground", "on what ground", Service, LeftOut, Never, forever},
		{"disclosure.given", "which classes of data", Service, LeftOut, Never, forever},
		{"disclosure.told", "whether the person was told", Service, LeftOut, Never, forever},
		{"disclosure.about", "random id of the account, which means nothing once it is erased", Service, LeftOut, Never, forever},

		{"schema_version.id", "number of the entry", Service, LeftOut, Never, forever},
		{"schema_version.version_id", "number of a migration", Service, LeftOut, Never, forever},
		{"schema_version.is_applied", "whether it is applied", Service, LeftOut, Never, forever},
		{"schema_version.tstamp", "when it was applied", Service, LeftOut, Never, forever},
	}
}
