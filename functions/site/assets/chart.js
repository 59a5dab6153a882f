import { element } from "./element.js";
import { day, minute, whole } from "./money.js";
import { credits } from "./account.js";

const width = 1000;
const height = 200;

export function shape(name, attributes, ...children) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  node.append(...children);
  return node;
}

// chart draws the balance over time from rows of the ledger, newest first: what is owed lies below zero. It gives the nodes
// of a figure, or null where there is nothing to compare.
export function chart(rows) {
  const points = rows.map(({ at, available_after, owed_after }) => ({ at: Date.parse(at), value: available_after - owed_after })).reverse();
  if (points.length < 2) return null;
  const from = points[0].at;
  const to = Math.max(Date.now(), points.at(-1).at, from + 1);
  const values = points.map(({ value }) => value);
  const top = ceiling(Math.max(1, ...values));
  const bottom = -ceiling(-Math.min(0, ...values));
  const x = (at) => ((at - from) / (to - from)) * width;
  const y = (value) => ((top - value) / (top - bottom)) * height;

  // A balance stays until it changes, so the line goes in steps.
  const line = points.map(({ at, value }, i) => (i ? `H${x(at).toFixed(1)}V${y(value).toFixed(1)}` : `M0 ${y(value).toFixed(1)}`)).join("") + `H${width}`;
  const levels = [...new Set([top, 0, bottom])];
  const grid = levels.map((value) => shape("path", { class: value ? "line" : "line zero", d: `M0 ${y(value)}H${width}` }));
  const drawing = shape("svg", { viewBox: `0 0 ${width} ${height}`, preserveAspectRatio: "none", role: "img", "aria-labelledby": "chart-says" },
    ...grid, shape("path", { class: "area", d: `${line}V${y(0)}H0Z` }), shape("path", { class: "balance", d: line }));

  const scale = element("div", { className: "scale", ariaHidden: "true" }, ...levels.map((value) => {
    const label = element("span", { className: value < 0 ? "bad" : "" }, short(value));
    label.style.top = `${(100 * y(value)) / height}%`;
    return label;
  }));
  const dates = element("div", { className: "dates", ariaHidden: "true" }, element("span", {}, label(from, to)), element("span", {}, "now"));
  return [element("div", { className: "plot" }, scale, drawing, dates), element("figcaption", { className: "note", id: "chart-says" }, summary(points))];
}

// label names a time, by the minute where all lies within two days.
function label(time, other) {
  return Math.abs(other - time) < 2 * 24 * 60 * 60_000 ? minute(time) : day(time);
}

function summary(points) {
  const values = points.map(({ value }) => value);
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const said = (value) => (value < 0 ? `${credits(-value)} owed` : credits(value));
  const range = low === high ? said(high) : `between ${low < 0 ? said(low) : whole(low)} and ${said(high)}`;
  return `Since ${label(points[0].at, Date.now())}: ${range}.`;
}

// ceiling is the next number that is easy to read.
export function ceiling(value) {
  if (value <= 0) return 0;
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 1.5, 2, 2.5, 3, 4, 5, 7.5, 10].map((step) => step * power).find((step) => step >= value && Number.isInteger(step)) ?? Math.ceil(value);
}

const compact = new Intl.NumberFormat(undefined, { notation: "compact", maximumFractionDigits: 1 });
export const short = (value) => compact.format(value).replace("-", "−");
