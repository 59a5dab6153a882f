package payment

import "time"

// Payment is one payment intent with all that happened to it.
type Payment struct {
	ID, Status string // "pi_…"; Stripe's word: succeeded, processing, requires_payment_method, canceled …
	Customer   string
	Account    string // of the metadata that our Checkout wrote for a pack; "" for a plan's
	Offer      string // likewise
	Amount     int64  // what was received, in minor units of Currency
	Currency   string // ISO 4217, lower case
	PaidAt     time.Time
	Charge     string   // the charge that took the money; "" while none did
	TaxCountry string   // ISO 3166 alpha-2 of the payer's billing address, otherwise of the card; "" where neither is known
	Invoice    *Invoice // of a plan; nil for a pack
	Returns    []Return
}

// The kinds of Return.
const (
	Refund  = "refund"
	Dispute = "dispute"
	Warning = "warning"
)

// Return is money that goes back, or may: a refund, a dispute, or a card network's early fraud warning.
type Return struct {
	ID       string
	Payment  string // the payment intent, "" where there is none
	Kind     string
	Status   string // Stripe's word; of a warning "actionable" or "closed"
	Amount   int64  // of a warning the whole payment
	Currency string
	At       time.Time
	Counts   bool // the money is gone, or may be; of a warning: while no dispute is there
}

// Invoice is one bill of a plan.
type Invoice struct {
	ID, Number, Status     string
	Customer, Subscription string
	PaymentIntent          string // "" where nothing was to be paid
	Account                string // of the subscription's metadata
	TaxCountry             string // ISO 3166 alpha-2 of the customer's address, or ""
	Total, AmountPaid      int64  // minor units of Currency; Total is negative where credit is left over
	Currency               string
	CreatedAt, PaidAt      time.Time
	Lines                  []Line
	HostedURL              string // Stripe's page of it, "" while a draft
}

// Line is one line of an invoice.
type Line struct {
	Price      string
	UnitAmount int64  // the price of one; two at once are twice the amount, and the credits
	Amount     int64  // what the line costs; negative: credit for time that is not used
	Credited   string // the invoice that the credit is about, or ""
	Ends       time.Time
}

// Subscription is one plan of one customer. A zero time says that there is none.
type Subscription struct {
	ID, Customer      string
	Account           string // of the metadata that our Checkout wrote
	Price, Status     string // Stripe's word: active, trialing, past_due, unpaid, canceled, incomplete …
	CreatedAt         time.Time
	Invoice           string // the latest one
	PeriodEnd         time.Time
	CancelAt, EndedAt time.Time
	TrialEnd          time.Time
	PauseUntil        time.Time // until when its bills are paused; zero with Paused: until somebody resumes them
	CancelAtPeriodEnd bool
	Paused            bool
}

// Session is one visit to Stripe's Checkout page.
type Session struct {
	ID, URL       string // URL is "" once it is over
	Customer      string
	Account       string // of the metadata that Checkout wrote
	Offer         string // likewise
	Mode          string // "payment" or "subscription"
	Status        string // open, complete or expired
	PaymentStatus string // paid, unpaid or no_payment_required
	Payment       string // the payment intent of a pack, once there is one
	Subscription  string // of a plan, once there is one
	Invoice       string // of a plan's first payment, once there is one
	Amount        int64
	Currency      string
	CreatedAt     time.Time
}
