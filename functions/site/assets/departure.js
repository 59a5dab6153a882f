import { element } from "./element.js";
import { titled } from "./image.js";
import { day, minute, whole } from "./money.js";

// Words for what goes and what stays when an account is erased; deletion and its receipt say them alike.
const names = {
  account: "Profile", key: "Encryption key", sessions: "Signed-in devices", images: "Pictures", uploads: "Uploads", orders: "Orders",
  credits: "Changes of credits", plan: "Plan and payments' owner", exports: "Exports", objects: "Files in storage",
  payments: "Payments, without your name", free_credits_guard: "That free credits were given", logs: "Log lines",
};
export const inOrder = (a, b) => Object.keys(names).indexOf(a) - Object.keys(names).indexOf(b);
export const nameOf = (word) => names[word] ?? titled(word.replaceAll("_", "-"));

// stages of an erasure: the title, what happens while it is under way, what the receipt says of it.
export const stages = {
  closing: ["Closed", "Signed out everywhere; links and plan are being ended.", "Signed out everywhere; links and plan were ended."],
  grace: ["Days to take it back", "Nothing is erased yet.", "They were over, or not wanted."],
  record: ["Written down", "An entry outside the database keeps backups from bringing the account back.", "An entry outside the database keeps backups from bringing the account back."],
  stripe: ["Stripe", "The customer at Stripe is deleted.", "The customer at Stripe was deleted, if there was one."],
  objects: ["Files", "Pictures, thumbnails, uploads and exports are deleted from storage.", "Pictures, thumbnails, uploads and exports were deleted from storage."],
  edge: ["Copies", "The content network forgets its copies.", "The content network forgot its copies."],
  key: ["Key", "The key is destroyed that everything private was encrypted with.", "The key was destroyed that everything private was encrypted with."],
  rows: ["Records", "Every row of the account is deleted from the database.", "Every row of the account was deleted from the database."],
  verify: ["Looked for", "We look once more, by another way, whether anything is left.", "Another way of looking found nothing left."],
  held: ["Kept by law", "Something must be kept for now; everything else is erased.", "Something had to be kept for a time, and is erased too."],
};

export const pair = (name, value, className = "") => element("div", { className }, element("dt", {}, name), element("dd", {}, value));

export function datesList({ undo_until, erased_by, backups_until, requested_at }) {
  const canTakeBack = undo_until && undo_until !== requested_at;
  return [
    canTakeBack ? pair("Can be taken back until", minute(undo_until)) : null,
    pair("Erased by", minute(erased_by)),
    backups_until ? pair("Out of the last backup by", day(backups_until)) : null,
  ].filter(Boolean);
}

// table lays its cells below each other on a telephone, unless it has another look.
export function table(caption, heads, rows, look = "stacking") {
  return element("table", { className: look },
    element("caption", { className: "unseen" }, caption),
    element("thead", {}, element("tr", {}, ...heads.map(([head, className = ""]) => element("th", { scope: "col", className }, head)))),
    element("tbody", {}, ...rows));
}

export function classesTable(classes, state) {
  const isAtOnce = (name) => state === "none" && name === "sessions";
  return table("What goes", [["What"], ["How many", "number"], ["Erasing begins"]], classes.map(({ class: name, count, goes, sentence }) => element("tr", { "data-testid": "class", "data-class": name },
    element("th", { scope: "row" }, nameOf(name), element("span", { className: "note" }, sentence)),
    element("td", { className: "number" }, whole(count)),
    element("td", { className: "date", "data-label": isAtOnce(name) ? "" : "from" }, isAtOnce(name) ? "at once" : minute(goes)))));
}

export function staysTable(stays, held = []) {
  const rows = stays.map(({ what, count, until, why }) => element("tr", { "data-testid": "stay", "data-what": what },
    element("th", { scope: "row" }, nameOf(what), count > 1 ? ` (${whole(count)})` : "", element("span", { className: "note" }, why)),
    element("td", { className: "date", "data-label": "until" }, day(until))));
  const kept = held.map(({ until }) => element("tr", {},
    element("th", { scope: "row" }, "Something the law keeps", element("span", { className: "note" }, "It is erased when that ends; everything else goes as planned.")),
    element("td", { className: "date", "data-label": "until" }, day(until))));
  return stays.length + held.length ? table("What stays", [["What, and why"], ["Until"]], [...rows, ...kept]) : element("p", {}, "Nothing stays.");
}
