package journey

import "time"

// What the API says about money, field by field as in the contract.

type catalogue struct {
	Plans []struct {
		ID, Name, Unused string
		Credits          int64
		Prices           []struct {
			ID, Interval, Currency string
			Amount, Credits        int64
		}
	}
	Packs []struct {
		ID, Name, Currency, Unused string
		Amount, Credits            int64
	}
}

type checkout struct{ ID, URL, Kind string }

type progress struct {
	ID, Status, Offer string
	Credits           int64
	Granted           bool
}

type billing struct {
	Plan struct {
		ID, Name, Status, Cancel  string
		Offer, Interval, Currency *string
		Amount                    *int64
		RenewsAt                  *time.Time `json:"renews_at"`
		EndsAt                    *time.Time `json:"ends_at"`
	}
	Credits  credits
	Payments []struct {
		ID, Kind, Description, Currency, Status string
		Offer                                   *string
		Amount, Refunded                        int64
		PaidAt                                  time.Time `json:"paid_at"`
	}
	Invoices []struct {
		ID, Number, Currency, Status, URL string
		Amount                            int64
		CreatedAt                         time.Time `json:"created_at"`
	}
}

type entry struct {
	ID                              int64
	At                              time.Time
	Kind, Source, Reason, Reference string
	Available, Held, Owed           int64
	AvailableAfter                  int64 `json:"available_after"`
	HeldAfter                       int64 `json:"held_after"`
	OwedAfter                       int64 `json:"owed_after"`
}

type lot struct {
	Source    string
	Credits   int64
	ExpiresAt *time.Time `json:"expires_at"`
}

type history struct {
	Lots       []lot
	Entries    []entry
	NextCursor *string `json:"next_cursor"`
}
