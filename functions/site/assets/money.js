// money writes an amount of minor units in its currency; short leaves ".00" away.
export function money(amount, currency, { short = false } = {}) {
  const format = new Intl.NumberFormat(undefined, { style: "currency", currency, ...(short && { trailingZeroDisplay: "stripIfInteger" }) });
  return format.format(amount / 10 ** format.resolvedOptions().maximumFractionDigits);
}

// Dates are written as in the sentences that the service writes. A day is that of UTC, in which plans and credits end, and
// invoices are dated; a minute is the reader's.
export const day = (time) => new Date(time).toLocaleDateString("en-US", { dateStyle: "medium", timeZone: "UTC" });
export const minute = (time) => new Date(time).toLocaleString("en-US", { dateStyle: "medium", timeStyle: "short" });

export const whole = new Intl.NumberFormat().format;

const signs = new Intl.NumberFormat(undefined, { signDisplay: "exceptZero" });

// signed writes a change of a number of credits with its sign.
export const signed = (change) => signs.format(change).replace("-", "−");

export const every = { month: "a month", year: "a year" };
