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

const sizes = [["GB", 1e9], ["MB", 1e6], ["kB", 1e3]];

// bytes writes a size as people read it, in powers of ten like the file managers of today.
export function bytes(count) {
  const [unit, size] = sizes.find(([, least]) => count >= least) ?? ["bytes", 1];
  return `${new Intl.NumberFormat(undefined, { maximumFractionDigits: count / size < 10 && size > 1 ? 1 : 0 }).format(count / size)} ${unit}`;
}

export const counted = (count, one, many = one + "s") => `${whole(count)} ${count === 1 ? one : many}`;

const signs = new Intl.NumberFormat(undefined, { signDisplay: "exceptZero" });

// signed writes a change of a number of credits with its sign.
export const signed = (change) => signs.format(change).replace("-", "−");

export const every = { month: "a month", year: "a year" };
