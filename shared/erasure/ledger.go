package erasure

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"nanoflux.ai/backend/shared/account"
	"nanoflux.ai/backend/shared/bucket"
	"nanoflux.ai/backend/shared/postgres"
	"nanoflux.ai/backend/shared/seal"
)

// Ledger remembers outside the database who asked to be erased, so that a backup that is restored cannot bring them back. An
// entry is an object named by a keyed hash of the account's id: it says nothing to who has not the key, nothing to who has
// the key and not the backup, and it ends when no backup can have the account any more.
type Ledger struct {
	Objects *bucket.Bucket
	Key     []byte // the service's look-up key
	Terms   Terms
}

const ledgerPrefix = "erasures/"

// entry of the ledger.
type entry struct {
	ID          string    `json:"id"`
	RequestedAt time.Time `json:"requested_at"`
	DueAt       time.Time `json:"due_at"`
	EraseBy     time.Time `json:"erase_by"`
}

func (l Ledger) hash(account string) string {
	return hex.EncodeToString(seal.MAC(l.Key, "erasure", account))
}

// key of an entry begins with the day it ends, so that a listing alone shows what has ended. An erasure that is late, because
// of a hold or an outage, is in backups for longer.
func (l Ledger) key(e Erasure, at time.Time) string {
	last := e.EraseBy
	if at.After(last) {
		last = at
	}
	return ledgerPrefix + l.Terms.remembered(last).UTC().Format(time.DateOnly) + "/" + l.hash(e.AccountID)
}

// Record writes an erasure down, until no backup that is taken at a time can have the account; again is no harm.
func (l Ledger) Record(ctx context.Context, e Erasure, at time.Time) error {
	body, err := json.Marshal(entry{e.ID, e.RequestedAt.UTC(), e.DueAt.UTC(), e.EraseBy.UTC()})
	if err != nil {
		return err
	}
	return l.Objects.Put(ctx, l.key(e, at), "application/json", body)
}

// Forget removes every entry of an account whose deletion was taken back: there are two, of two days, where it was asked for
// again before the first was forgotten.
func (l Ledger) Forget(ctx context.Context, e Erasure) error {
	var mine []string
	err := l.Objects.Walk(ctx, ledgerPrefix, func(page []bucket.Object) error {
		for _, object := range page {
			if strings.HasSuffix(object.Key, "/"+l.hash(e.AccountID)) {
				mine = append(mine, object.Key)
			}
		}
		return nil
	})
	if err == nil && len(mine) > 0 {
		_, err = l.Objects.Delete(ctx, mine...)
	}
	return err
}

// Replay closes every account that the ledger says was to be erased and that is open: it came back with a backup. It also
// removes the entries that have ended. It returns how many accounts it closed, with an error for those that it could not.
func (l Ledger) Replay(ctx context.Context, db *postgres.Database, at time.Time) (closed int, err error) {
	keys, err := l.list(ctx, at)
	if err != nil || len(keys) == 0 {
		return 0, err
	}
	after := ""
	for {
		ids, failed := account.IDs(ctx, db, after, 1000)
		if failed != nil || len(ids) == 0 {
			return closed, errors.Join(err, failed)
		}
		for _, id := range ids {
			if key, listed := keys[l.hash(id)]; listed {
				done, failed := l.revive(ctx, db, id, key)
				if err = errors.Join(err, failed); done {
					closed++
				}
			}
		}
		after = ids[len(ids)-1]
	}
}

// list gives the keys of the entries that have not ended, by hash, and removes the others.
func (l Ledger) list(ctx context.Context, at time.Time) (map[string]string, error) {
	keys, today := map[string]string{}, at.UTC().Format(time.DateOnly)
	var over []string
	err := l.Objects.Walk(ctx, ledgerPrefix, func(page []bucket.Object) error {
		for _, object := range page {
			day, hash, _ := strings.Cut(strings.TrimPrefix(object.Key, ledgerPrefix), "/")
			if day < today {
				over = append(over, object.Key)
			} else {
				keys[hash] = object.Key
			}
		}
		return nil
	})
	if err == nil && len(over) > 0 {
		_, err = l.Objects.Delete(ctx, over...)
	}
	return keys, err
}

// revive closes an account again, unless there is an erasure of it, one that was taken back too.
func (l Ledger) revive(ctx context.Context, db *postgres.Database, account, key string) (closed bool, err error) {
	err = db.Transaction(ctx, func(tx postgres.Querier) error {
		var known bool
		if err := tx.QueryRow(ctx, `select exists (select from app.erasure where account_id = $1)`, account).Scan(&known); err != nil || known {
			return wrap("looking up an erasure", err)
		}
		body, err := l.Objects.Get(ctx, key, 4<<10)
		if errors.Is(err, bucket.ErrMissing) { // taken back this moment
			return nil
		}
		if err != nil {
			return err
		}
		var e entry
		if err := json.Unmarshal(body, &e); err != nil {
			return errors.New("an entry of the erasure ledger is damaged")
		}
		closed, err = closeAccount(ctx, tx, account, e.ID, FromRestore, e.RequestedAt, e.DueAt, e.EraseBy)
		return err
	})
	return closed, err
}
