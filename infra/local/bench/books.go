package bench

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// customer is the id of a buyer at Stripe. There are two groups of them, so that what ours did can be told from what
// pgbench did.
func customer(group string, number int) string { return fmt.Sprintf("cus_%s%d", group, number) }

const (
	ourGroup   = "ours"
	limitGroup = "limit"
)

// addBuyers makes accounts that are known at Stripe already.
func addBuyers(ctx context.Context, db *pgx.Conn, at time.Time) error {
	var batch pgx.Batch
	for _, group := range []string{ourGroup, limitGroup} {
		for number := 1; number <= buyers; number++ {
			batch.Queue(`
				with a as (
					insert into app.account (id, prefix, name, email, picture, created_at)
					values (gen_random_uuid(), substr(md5($1), 1, 26), '', '', '', $2) returning id
				)
				insert into app.customer (account_id, id, operation, begun_at) select id, $1, gen_random_uuid(), $2 from a`,
				customer(group, number), at)
		}
	}
	return db.SendBatch(ctx, &batch).Close()
}

// check holds the books to what was told: each event once, and nothing that does not balance.
func check(ctx context.Context, db *pgx.Conn, told int, said func(string, ...any)) error {
	var granted, lots, unclaimed, unbalanced int
	err := db.QueryRow(ctx, `
		select coalesce(sum(e.available), 0)::bigint, count(*),
		       (select count(*) from app.unclaimed_payment), (select count(*) from app.unbalanced_books())
		from app.credit_entry e join app.customer c on c.account_id = e.account_id
		where e.kind = 'grant' and c.id like 'cus_`+ourGroup+`%'`).Scan(&granted, &lots, &unclaimed, &unbalanced)
	if err != nil {
		return err
	}
	said("\n  %d different events granted %d lots, %d credits; %d expected; %d payments unclaimed, %d books out of balance",
		told, lots, granted, told*credits, unclaimed, unbalanced)
	if lots != told || granted != told*credits || unclaimed != 0 || unbalanced != 0 {
		return errors.New("the books are wrong")
	}
	return nil
}
