package schema

// Class is a sort of data as people think of it, made of tables.
type Class struct {
	Name     string
	Sentence string // what it is, for the plan of a deletion and for a receipt
	Tables   []string
}

// Classes of everything that belongs to an account. A test fails on a table of accounts that is in none of them.
func Classes() []Class {
	return []Class{
		{"account", "Your name, e-mail address, picture, preferences and the marks that recognise you at sign-in.",
			[]string{"account", "account_lookup", "preference"}},
		{"key", "The key that everything private was encrypted with.", []string{"account_key"}},
		{"sessions", "Signed-in devices, with browser, system and address.", []string{"session"}},
		{"images", "Images, with their prompts, thumbnails and every copy at the edge.", []string{"image"}},
		{"uploads", "Places for uploads, with the files put there.", []string{"upload"}},
		{"orders", "Orders and edits, with their prompts and the calls of providers.", []string{"generation", "provider_call"}},
		{"credits", "Credits and every change of them.",
			[]string{"credit_balance", "credit_grant", "credit_hold", "credit_hold_lot", "credit_entry"}},
		{"plan", "What links you to payments at Stripe: customer, plan and whose a payment is.",
			[]string{"customer", "subscription", "plan_invoice", "payment_owner"}},
		{"exports", "Exports, with their archives.", []string{"archive", "archive_item", "archive_volume", "archive_part"}},
	}
}

// ClassOf says which class a table is of, "other" for none.
func ClassOf(table string) string {
	for _, class := range Classes() {
		for _, name := range class.Tables {
			if name == table {
				return class.Name
			}
		}
	}
	return "other"
}
