package credit

import (
	"context"
	"errors"
	"fmt"
	"time"

	"nanoflux.ai/backend/shared/postgres"
)

// ErrNoLot says that an account was never granted what is to be taken back.
var ErrNoLot = errors.New("the account has no such lot of credits")

// Where credits come from.
const (
	Free     = "free"
	Plan     = "plan"
	Pack     = "pack"
	Goodwill = "goodwill"
)

// Lot is what is granted at once: Amount credits, more than none, that end at ExpiresAt. Source and Reference name its cause,
// which grants once only.
type Lot struct {
	Account, Source, Reference string
	Amount                     int64
	ExpiresAt                  time.Time
}

// Grant enters a lot, of which a debt of the account is repaid first; done is false if its cause has granted before, to
// whomever. A lot whose end has passed is entered all the same and expires with the next Expire.
func Grant(ctx context.Context, db postgres.Querier, lot Lot, at time.Time) (done bool, err error) {
	err = db.QueryRow(ctx, `select app.grant_credits($1, $2, $3, $4, $5, $6)`,
		lot.Account, lot.Source, lot.Reference, lot.Amount, at, lot.ExpiresAt).Scan(&done)
	if err != nil {
		return false, fmt.Errorf("granting credits: %w", err)
	}
	return done, nil
}

// Reverse sets how much of a lot is taken back in all, from 0 to its amount; a repetition changes nothing. More than before is
// taken from the lot, then from the account's other lots, then owed; less repays what is owed, then comes back to the lot.
// Credits that have expired unspent are not taken a second time. The delta is how many credits the account has more than
// before, with what it owes counted against them. The cause is the lot's own reference where its payment was returned, or came
// back after all; for a change of plan it is the later invoice. An account without such a lot is ErrNoLot.
func Reverse(ctx context.Context, db postgres.Querier, account, source, reference string, target int64, cause string, at time.Time) (delta int64, err error) {
	err = db.QueryRow(ctx, `select app.reverse_credits($1, $2, $3, $4, $5, $6)`, account, source, reference, target, cause, at).Scan(&delta)
	if postgres.Raised(err, "NF404") {
		return 0, ErrNoLot
	}
	if err != nil {
		return 0, fmt.Errorf("taking credits back: %w", err)
	}
	return delta, nil
}

// Expire ends what is left of the lots whose end has come, about limit of them, the oldest first, and says of how many it was.
func Expire(ctx context.Context, db postgres.Querier, at time.Time, limit int) (n int, err error) {
	if err = db.QueryRow(ctx, `select app.expire_credits($1, $2)`, at, limit).Scan(&n); err != nil {
		return 0, fmt.Errorf("ending credits: %w", err)
	}
	return n, nil
}
