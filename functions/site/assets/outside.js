import { element } from "./element.js";

// outside is a link to another site, named beside its words (policy P10): it opens apart, and tells that site nothing of this one.
export function outside(address, site, ...words) {
  return element("a", { className: "outside", href: address, target: "_blank", rel: "noopener noreferrer", referrerPolicy: "no-referrer", title: `Opens at ${site}` },
    ...words, element("span", { className: "unseen" }, `, opens at ${site}`));
}
