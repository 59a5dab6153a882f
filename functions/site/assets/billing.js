import { api, show } from "./api.js";
import { credits, enter, refreshAccount } from "./account.js";
import { wasAtPortal } from "./draft.js";
import { byId, element } from "./element.js";
import { titled } from "./image.js";
import { isLeaving } from "./leave.js";
import { day, money, whole } from "./money.js";
import { outside } from "./outside.js";
import { planSheet } from "./plan.js";

const payments = {
  paid: ["Paid", "good"], partly_refunded: ["Partly refunded", ""], refunded: ["Refunded", ""],
  disputed: ["Disputed", "warn"], lost: ["Dispute lost", "bad"], warned: ["Dispute announced", "warn"],
};
const invoices = { paid: ["Paid", "good"], open: ["Open", "warn"], void: ["Void", ""], uncollectible: ["Not collected", "bad"] };

let shown = "";

try {
  await enter();
  await read();
  if (wasAtPortal()) readAgain();
} catch (problem) {
  show(byId("problem"), problem);
  document.querySelectorAll("main .waiting").forEach((place) => place.remove());
}
addEventListener("pageshow", (event) => { if (event.persisted) readAgain(); }); // by the browser's own way back

// readAgain waits for what was changed on Stripe's pages; it comes here a little later than the person.
function readAgain() {
  for (const seconds of [0, 2, 5, 10, 20]) {
    setTimeout(() => { if (!isLeaving()) read().then(refreshAccount).catch(() => {}); }, 1000 * seconds);
  }
}

async function read() {
  const [billing, { lots }] = await Promise.all([
    api("GET", "/api/billing"),
    api("GET", "/api/account/credits?limit=1").catch(() => ({ lots: [] })), // only adds when credits end
  ]);
  const news = JSON.stringify([billing, lots]);
  if (shown === news) return; // what somebody reads or has in focus stays
  shown = news;
  const customer = billing.payments.length > 0 || billing.invoices?.length > 0 || billing.plan.status !== "free";
  byId("problem").replaceChildren();
  byId("plan-body").replaceChildren(...planSheet(billing.plan, customer));
  byId("plan").setAttribute("aria-busy", "false");
  showCredits(billing.credits, lots[0]);
  showPayments(billing.payments);
  showInvoices(billing.invoices);
}

function showCredits({ available, held, owed }, next) {
  byId("credits-body").replaceChildren(
    element("p", { className: "big" }, credits(available)),
    element("p", { className: "note" }, held ? `${credits(held)} held for orders under way.` : available ? "To spend as you like." : "",
      next?.expires_at ? ` ${next.credits < available ? `${whole(next.credits)} of them expire` : available === 1 ? "It expires" : "They expire"} ${day(next.expires_at)}.` : ""),
    owed ? element("p", { className: "notice warn" }, `You owe ${credits(owed)}: new credits settle that first. `, element("a", { href: "/credits" }, "See why")) : "",
    element("div", { className: "row" },
      element("a", { className: "button", href: "/pricing" }, "Get credits"),
      element("a", { className: "second", href: "/credits" }, "Credit history")));
}

function tag(words, status) {
  const [title, look] = words[status] ?? [titled(status.replaceAll("_", " ")), ""];
  return element("span", { className: `tag ${look}` }, title);
}

function showPayments(list) {
  byId("payments").replaceChildren(!list.length
    ? element("p", { className: "empty" }, "No payments yet.")
    : element("ul", { className: "rows" }, ...list.map(({ description, amount, currency, paid_at, status, refunded }) => element("li", { "data-testid": "payment" },
      element("div", { className: "what" }, element("b", {}, description), element("span", { className: "note" }, day(paid_at))),
      element("div", { className: "sum" }, element("b", {}, money(amount, currency)), refunded ? element("span", { className: "note" }, `${money(refunded, currency)} returned`) : ""),
      tag(payments, status)))));
}

function showInvoices(list) {
  const place = byId("invoices");
  if (!list) {
    const again = element("button", { className: "second", type: "button" }, "Try again");
    again.addEventListener("click", () => { again.disabled = true; read().catch((problem) => show(byId("problem"), problem)).finally(() => { again.disabled = false; }); });
    return place.replaceChildren(element("div", { className: "notice warn", role: "status" }, element("p", {}, "Stripe keeps the invoices and does not answer just now. Everything else on this page is right."), again));
  }
  place.replaceChildren(!list.length
    ? element("p", { className: "empty" }, "No invoices yet. They come with a plan.")
    : element("ul", { className: "rows" }, ...list.map(({ number, created_at, amount, currency, status, url }) => element("li", { "data-testid": "invoice" },
      element("div", { className: "what" },
        url ? outside(url, "Stripe", number || "Invoice") : element("b", {}, number || "Invoice"),
        element("span", { className: "note" }, day(created_at))),
      element("div", { className: "sum" }, element("b", {}, money(amount, currency))),
      tag(invoices, status)))));
}
