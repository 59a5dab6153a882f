import { ceiling, shape, short } from "./chart.js";
import { element } from "./element.js";
import { whole } from "./money.js";

const width = 1000;
const height = 200;

// bars draws columns of stacked parts. series are [{name, look}] from the bottom up; columns [{label, values}] have a value for
// each of them. It gives the nodes of a figure; says is the sentence for those who do not see it.
export function bars({ id, title, says, series, columns }) {
  const sums = columns.map(({ values }) => values.reduce((a, b) => a + b, 0));
  const top = ceiling(Math.max(1, ...sums));
  const step = width / columns.length;
  const gap = Math.min(step * 0.24, 8);
  const y = (value) => height - (value / top) * height;
  const levels = top % 2 ? [top, 0] : [top, top / 2, 0];

  const drawn = columns.map(({ label, values }, i) => {
    let below = 0;
    const parts = values.map((value, k) => {
      below += value;
      return value ? shape("rect", { class: series[k].look, x: (i * step + gap / 2).toFixed(2), y: y(below).toFixed(2), width: (step - gap).toFixed(2), height: ((value / top) * height).toFixed(2) }) : null;
    }).filter(Boolean);
    const told = series.map(({ name }, k) => (values[k] ? `${name} ${whole(values[k])}` : "")).filter(Boolean);
    return shape("g", { class: "column" },
      shape("title", {}, `${label}: ${told.length ? told.join(", ") : "none"}`),
      shape("rect", { class: "reach", x: (i * step).toFixed(2), y: 0, width: step.toFixed(2), height }), ...parts);
  });
  const drawing = shape("svg", { viewBox: `0 0 ${width} ${height}`, preserveAspectRatio: "none", role: "img", "aria-labelledby": `${id}-title ${id}-says` },
    ...levels.map((value) => shape("path", { class: value ? "line" : "line zero", d: `M0 ${y(value)}H${width}` })), ...drawn);
  const scale = element("div", { className: "scale", ariaHidden: "true" }, ...levels.map((value) => {
    const label = element("span", {}, short(value));
    label.style.top = `${(100 * y(value)) / height}%`;
    return label;
  }));
  const dates = element("div", { className: "dates", ariaHidden: "true" }, element("span", {}, columns[0].begins), element("span", {}, columns.at(-1).ends));
  return [
    element("figcaption", {}, element("h3", { id: `${id}-title` }, title), element("p", { className: "note", id: `${id}-says` }, says)),
    element("div", { className: "plot" }, scale, drawing, dates),
    element("ul", { className: "legend", ariaHidden: "true" }, ...series.map(({ name, look }) => element("li", {}, element("i", { className: look }), name))),
  ];
}
