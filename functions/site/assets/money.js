// money writes an amount of minor units in its currency; short leaves ".00" away.
export function money(amount, currency, { short = false } = {}) {
  const format = new Intl.NumberFormat(undefined, { style: "currency", currency, ...(short && { trailingZeroDisplay: "stripIfInteger" }) });
  return format.format(amount / 10 ** format.resolvedOptions().maximumFractionDigits);
}

export const day = (time) => new Date(time).toLocaleDateString(undefined, { dateStyle: "medium" });
export const minute = (time) => new Date(time).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" });

export const whole = new Intl.NumberFormat().format;

const signs = new Intl.NumberFormat(undefined, { signDisplay: "exceptZero" });

// signed writes a change of a number of credits with its sign.
export const signed = (change) => signs.format(change).replace("-", "−");

export const every = { month: "a month", year: "a year" };
