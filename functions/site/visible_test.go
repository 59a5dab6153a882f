package main

import (
	"regexp"
	"strings"
	"testing"

	"nanoflux.ai/backend/shared/schema"
)

// answered says which answer of the API shows its owner what a column holds: "Schema.property" of the contract.
const answered = `
account.id                  Account.id
account.name                Account.name
account.email               Account.email
account.picture             Account.picture
account.created_at          Account.created_at
account.closed_at           Deletion.requested_at
account.corrected           Account.name_corrected
preference.theme            Account.theme
preference.mail_results     Account.results
preference.mail_billing     Account.billing
preference.mail_news        Account.news
session.id                  Session.id
session.browser             Session.browser
session.system              Session.system
session.address             Session.address
session.created_at          Session.created_at
session.last_seen_at        Session.last_seen_at
session.expires_at          Session.expires_at
credit_balance.available    Credits.available
credit_balance.held         Credits.held
credit_balance.debt         Credits.owed
credit_grant.source         CreditLot.source
credit_grant.remaining      CreditLot.credits
credit_grant.expires_at     CreditLot.expires_at
credit_entry.number         CreditEntry.id
credit_entry.at             CreditEntry.at
credit_entry.kind           CreditEntry.kind
credit_entry.reference      CreditEntry.reference
credit_entry.available      CreditEntry.available
credit_entry.held           CreditEntry.held
credit_entry.debt           CreditEntry.owed
credit_entry.available_after CreditEntry.available_after
credit_entry.held_after     CreditEntry.held_after
credit_entry.debt_after     CreditEntry.owed_after
credit_entry.cause          CreditEntry.reason
image.id                    Image.id
image.generation_id         Image.generation_id
image.kind                  Image.kind
image.content_type          Image.content_type
image.width                 Image.width
image.height                Image.height
image.bytes                 Image.bytes
image.tool                  Image.tool
image.prompt                Image.prompt
image.created_at            Image.created_at
upload.id                   Upload.id
upload.expires_at           Upload.expires_at
generation.id               Generation.id
generation.tool             Generation.tool
generation.prompt           Generation.prompt
generation.size             Generation.size
generation.seed             Generation.seed
generation.cost             Generation.cost
generation.status           Generation.status
generation.error_code       Generation.error
generation.created_at       Generation.created_at
generation.started_at       Generation.started_at
generation.finished_at      Generation.finished_at
subscription.offer          Billing.offer
subscription.status         Billing.status
subscription.period_end     Billing.renews_at
subscription.cancel_at      Billing.ends_at
subscription.ended_at       Billing.ends_at
payment.id                  Billing.id
payment.kind                Billing.kind
payment.offer               Billing.offer
payment.amount              Billing.amount
payment.currency            Billing.currency
payment.paid_at             Billing.paid_at
payment.status              Billing.status
payment.returned            Billing.refunded
payment.invoice             Billing.invoices
payment.invoice_number      Billing.number
archive.id                  Export.id
archive.scope               Export.scope
archive.ordered_at          Export.ordered_at
`

// exported says why a column, or every other column of a table, is in the export only.
const exported = `
preference.changed_at    when somebody chose is nothing that a page needs
credit_grant             where a lot came from, and what became of it, the entries of the ledger say
credit_hold              a hold is shown by its entries, under the id of its order
image.sha256             a hash is for who checks a file, and the file is in the export
upload                   an offer that was not used is gone after an hour; one that was used is an image
generation.inputs        pages show what came of an order, and the images that went into it stand in the library
provider_call            who drew is said by the tool; each try is detail
customer                 a number at Stripe, which its portal stands for
subscription             as above, by Stripe's numbers
payment                  numbers at Stripe and of the tax office, which the invoice shows
payment_return           what went back is shown as a sum with its payment
plan_invoice             what an invoice granted, the entries of the ledger say
`

// fields gives the lines of a table as its first word and the rest.
func fields(table string) map[string]string {
	all := map[string]string{}
	for line := range strings.Lines(strings.TrimSpace(table)) {
		name, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		all[name] = strings.TrimSpace(rest)
	}
	return all
}

// says whether a schema of the contract has a property, at any depth.
func says(contract, schema, property string) bool {
	_, block, found := strings.Cut(contract, "\n    "+schema+":\n")
	if next := regexp.MustCompile(`\n    \w`).FindStringIndex(block); next != nil {
		block = block[:next[0]]
	}
	block, _, _ = strings.Cut(block, "\n      example:")
	return found && regexp.MustCompile(`[\s{]`+property+`:(\s|$)`).MatchString(block)
}

// People see what is kept about them: in an answer of the API, or, where that has a reason, in the export.
// policy P6.1: in an answer, or in the export.
func TestEverythingThatIsAboutAPersonIsShownToThem(t *testing.T) {
	text, shown, only := contract(t), fields(answered), fields(exported)
	about, used := 0, map[string]bool{}
	for _, column := range schema.Catalogue() {
		if column.Whose != schema.Person || column.Export == schema.LeftOut {
			continue
		}
		about++
		table, _, _ := strings.Cut(column.Name, ".")
		place, answers := shown[column.Name]
		switch {
		case answers:
			used[column.Name] = true
			if in, property, _ := strings.Cut(place, "."); !says(text, in, property) {
				t.Errorf("%s is to be in %s, which the contract does not have", column.Name, place)
			}
		case only[column.Name] != "":
			used[column.Name] = true
		case only[table] != "":
			used[table] = true
		default:
			t.Errorf("%s (%s) is shown to nobody: add it to an answer, or say above why it is in the export only", column.Name, column.Holds)
		}
	}
	if about < 80 {
		t.Fatalf("only %d columns are about people: the search itself is broken", about)
	}
	for _, table := range []map[string]string{shown, only} {
		for name := range table {
			if !used[name] {
				t.Errorf("%s is listed above and is no such column", name)
			}
		}
	}
}
