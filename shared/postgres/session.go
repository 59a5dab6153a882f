package postgres

import "context"

// Session runs story on one connection that is ended afterwards, with whatever was set or locked in it. The address must be the
// direct one: the pooler gives each transaction another connection.
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
	defer session.Conn().Close(context.WithoutCancel(ctx)) //nolint:errcheck // it is gone either way
	return story(told{session})
}
