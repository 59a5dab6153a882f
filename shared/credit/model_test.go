package credit_test

import (
	"cmp"
	"slices"
	"time"
)

// A model is what the ledger of one account should say, in the plainest way to write it.
type model struct {
	at      time.Time
	lots    []lot
	holds   []openHold
	debt    int64
	entries []change
}

type lot struct {
	left, amount, reversed, expired, excused int64
	granted, expires                         time.Time
}

type openHold struct {
	id    string
	parts map[int]int64 // by lot
}

func (h openHold) amount() (sum int64) {
	for _, part := range h.parts {
		sum += part
	}
	return sum
}

// change is an entry of the ledger: what it adds to the credits available, held and owed.
type change [3]int64

func (m *model) book(available, held, owed int64) {
	m.entries = append(m.entries, change{available, held, owed})
	m.debt += owed
}

func (m *model) balance() (sums [3]int64) {
	for _, l := range m.lots {
		sums[0] += l.left
	}
	for _, h := range m.holds {
		sums[1] += h.amount()
	}
	sums[2] = m.debt
	return sums
}

// order is that of spending, of these lots.
func (m *model) order(lots []int) []int {
	slices.SortFunc(lots, func(a, b int) int {
		return cmp.Or(m.lots[a].expires.Compare(m.lots[b].expires), m.lots[a].granted.Compare(m.lots[b].granted))
	})
	return lots
}

// open are the lots with something left, in the order of spending; with ended ones, or without.
func (m *model) open(ended bool) (found []int) {
	for i, l := range m.lots {
		if l.left > 0 && (ended || l.expires.After(m.at)) {
			found = append(found, i)
		}
	}
	return m.order(found)
}

// take gives what an amount takes from which of these lots, and how much of it they do not cover.
func (m *model) take(amount int64, from []int) (parts map[int]int64, missing int64) {
	parts = map[int]int64{}
	for _, i := range from {
		if part := min(amount, m.lots[i].left); part > 0 {
			parts[i], amount = part, amount-part
		}
	}
	return parts, amount
}

func (m *model) grant(amount int64, expires time.Time) {
	repaid := min(m.debt, amount)
	m.lots = append(m.lots, lot{left: amount - repaid, amount: amount, granted: m.at, expires: expires})
	m.book(amount-repaid, 0, -repaid)
}

// hold says whether the spendable credits reach.
func (m *model) hold(id string, amount int64) bool {
	parts, missing := m.take(amount, m.open(false))
	if missing > 0 {
		return false
	}
	for i, part := range parts {
		m.lots[i].left -= part
	}
	m.holds = append(m.holds, openHold{id, parts})
	m.book(-amount, amount, 0)
	return true
}

func (m *model) settle(id string) { m.book(0, -m.close(id).amount(), 0) }

func (m *model) release(id string) {
	h := m.close(id)
	repaid := min(m.debt, h.amount())
	for _, i := range m.order(keys(h.parts)) {
		kept := min(repaid, h.parts[i])
		m.lots[i].left += h.parts[i] - kept
		repaid -= kept
	}
	repaid = min(m.debt, h.amount())
	m.book(h.amount()-repaid, -h.amount(), -repaid)
}

func (m *model) close(id string) openHold {
	i := slices.IndexFunc(m.holds, func(h openHold) bool { return h.id == id })
	h := m.holds[i]
	m.holds = slices.Delete(m.holds, i, i+1)
	return h
}

func keys(parts map[int]int64) (lots []int) {
	for i := range parts {
		lots = append(lots, i)
	}
	return lots
}

func (m *model) expire() {
	for _, i := range m.open(true) {
		if l := &m.lots[i]; !l.expires.After(m.at) {
			m.book(-l.left, 0, 0)
			l.expired, l.left = l.expired+l.left, 0
		}
	}
}

func (m *model) reverse(of int, target int64) {
	l := &m.lots[of]
	if target == l.reversed {
		return
	}
	m.expire()
	if more := target - l.reversed; more > 0 {
		excused := min(more, l.expired-l.excused)
		from := m.open(true)
		if i := slices.Index(from, of); i > 0 {
			from = slices.Insert(slices.Delete(from, i, i+1), 0, of)
		}
		parts, missing := m.take(more-excused, from)
		for i, part := range parts {
			m.lots[i].left -= part
		}
		l.reversed, l.excused = target, l.excused+excused
		if more > excused {
			m.book(missing-(more-excused), 0, missing)
		}
		return
	}
	less := l.reversed - target
	back := min(less, l.reversed-l.excused)
	repaid := min(m.debt, back)
	l.reversed, l.excused, l.left = target, l.excused-(less-back), l.left+back-repaid
	if back > repaid && l.expires.Before(m.at.Add(30*day)) {
		l.expires = m.at.Add(30 * day)
	}
	if back > 0 {
		m.book(back-repaid, 0, -repaid)
	}
}
