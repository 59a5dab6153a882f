import { api, show } from "./api.js";
import { credits, enter } from "./account.js";
import { chart } from "./chart.js";
import { byId, element } from "./element.js";
import { day, minute, signed, whole } from "./money.js";

const rows = []; // newest first, as they are read
const origins = { free: "free of charge", plan: "from your plan", pack: "from a pack", goodwill: "given by us" };
let cursor = "";

byId("more").addEventListener("click", () => more().catch((problem) => show(byId("trouble"), problem)));
try {
  byId("entries").append(...Array.from({ length: 4 }, () => element("li", { className: "waiting" })));
  const [account] = await Promise.all([enter(), more()]);
  showBalance(account.credits);
} catch (problem) {
  show(byId("problem"), problem);
} finally {
  byId("entries").querySelectorAll(".waiting").forEach((place) => place.remove());
  for (const id of ["entries", "balance"]) byId(id).setAttribute("aria-busy", "false");
}

async function more() {
  const button = byId("more");
  button.disabled = true;
  try {
    const page = await api("GET", "/api/account/credits?limit=50" + (cursor && `&cursor=${encodeURIComponent(cursor)}`));
    const later = rows.length > 0;
    cursor = page.next_cursor;
    rows.push(...page.entries);
    byId("trouble").replaceChildren();
    showLots(page.lots);
    byId("entries").querySelectorAll(".waiting").forEach((place) => place.remove());
    const fresh = page.entries.map(row);
    byId("entries").append(...fresh);
    button.hidden = cursor === null;
    byId("empty").hidden = rows.length > 0;
    if (later) {
      byId("said").textContent = `${page.entries.length} earlier changes are shown.`;
      if (button.hidden) fresh[0]?.focus();
    }
    draw();
  } finally {
    button.disabled = false;
  }
}

function row(entry) {
  const worth = entry.available - entry.owed; // what settles or makes a debt comes or goes like the rest
  const change = worth || entry.held;
  const of = worth ? "" : " held";
  const look = worth > 0 ? "plus" : worth < 0 ? "" : "inner";
  return element("li", { tabIndex: -1, "data-testid": "entry" },
    element("div", { className: "what" }, element("b", {}, entry.reason), element("time", { className: "note", dateTime: entry.at }, minute(entry.at))),
    element("div", { className: "sum" }, element("b", { className: look }, signed(change), of), after(entry)));
}

// after says the balance that an entry left; what is held or owed only where there is some.
function after({ available_after, held_after, owed_after }) {
  return element("span", { className: "note" }, `${whole(available_after)} left`,
    held_after ? element("span", { className: "aside" }, ` · ${whole(held_after)} held`) : "",
    owed_after ? ` · ${whole(owed_after)} owed` : "");
}

function showBalance({ available, held, owed = rows[0]?.owed_after ?? 0 }) {
  byId("available").textContent = credits(available);
  byId("held").textContent = held ? `${credits(held)} held for orders under way; they come back if no picture comes of it.` : "";
  byId("owed").replaceChildren(!owed ? "" : element("div", { className: "notice warn" },
    element("b", {}, `You owe ${credits(owed)}.`),
    element("p", {}, "A payment was returned after credits of it had been spent. New credits settle this first, whatever their source; until it is settled, new pictures wait."),
    element("p", {}, "Where a bank decides that a disputed payment stands, its credits come back.")));
}

// showLots says in which order credits are spent, and when they end; what is far down the list is only counted.
function showLots(lots) {
  const shown = lots.slice(0, 4);
  const rest = lots.slice(4).reduce((sum, lot) => sum + lot.credits, 0);
  byId("lots").replaceChildren(...shown.map(({ source, credits: left, expires_at }, i) => element("li", {},
    lots.length > 1 ? (i ? "Then: " : "First: ") : "", element("b", {}, whole(left)), ` ${origins[source] ?? source}`,
    expires_at ? ` until ${day(expires_at)}` : " without an end")),
  rest ? element("li", {}, `Then: ${whole(rest)} that end later`) : "");
}

function draw() {
  const drawn = chart(rows);
  byId("chart").hidden = !drawn;
  if (drawn) byId("chart").replaceChildren(...drawn);
}
