// Usage comes as rows of days on which something was ordered, oldest first; days are dates of UTC, such as 2026-11-23.

const dayLong = 86_400_000;
const format = (options) => (time) => new Date(time).toLocaleDateString("en-US", { timeZone: "UTC", ...options });
export const dateOf = format({ dateStyle: "medium" });
const brief = format({ day: "numeric", month: "short" });

const add = (sum, row) => ({
  orders: sum.orders + row.orders, succeeded: sum.succeeded + row.succeeded, failed: sum.failed + row.failed, credits: sum.credits + row.credits,
});

export const totalOf = (rows) => rows.reduce(add, { orders: 0, succeeded: 0, failed: 0, credits: 0 });

// byTool adds up the rows of each tool.
export const byTool = (rows) => [...Map.groupBy(rows, ({ tool }) => tool)].map(([tool, its]) => ({ tool, ...totalOf(its) }));

// columnsOf gives a column for every day from the first to the last, or for every week where the days would be too many to tell
// apart, with the values of one field for each tool.
export function columnsOf({ from, to, days }, tools, field) {
  const [first, last] = [Date.parse(from), Date.parse(to)];
  const all = Math.round((last - first) / dayLong) + 1;
  const long = all > 120 ? 7 : 1;
  const columns = Array.from({ length: Math.ceil(all / long) }, (_, i) => {
    const begin = first + i * long * dayLong;
    const end = Math.min(begin + (long - 1) * dayLong, last);
    return { label: begin === end ? dateOf(begin) : `${brief(begin)} to ${dateOf(end)}`, begins: brief(begin), ends: brief(end), values: tools.map(() => 0) };
  });
  for (const row of days) {
    const column = columns[Math.floor((Date.parse(row.day) - first) / dayLong / long)];
    if (column) column.values[tools.indexOf(row.tool)] += row[field];
  }
  return columns;
}
