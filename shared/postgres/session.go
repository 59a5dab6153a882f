package postgres

import "context"

// Session runs story on one connection, which forgets afterwards what was set or locked in it, or ends. The address must be the
// direct one: behind the pooler each transaction has another connection.
func (d *Database) Session(ctx context.Context, story func(session Querier) error) error {
	pool, err := d.pool()
	if err != nil {
		return err
	}
	session, err := pool.Acquire(ctx)
	if err != nil {
		return outage(err)
	}
	defer session.Release()
	defer func() {
		if _, err := session.Exec(ctx, "discard all"); err != nil {
			_ = session.Conn().Close(context.WithoutCancel(ctx))
		}
	}()
	return story(told{session})
}
