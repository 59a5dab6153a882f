import { api, show, signInAddress } from "./api.js";
import { credits, offerSignOut, refreshAccount } from "./account.js";
import * as draft from "./draft.js";
import { byId, element } from "./element.js";
import { isLeaving } from "./leave.js";
import { packCard, planCard } from "./offer.js";

const query = new URLSearchParams(location.search);
const subscribed = ["trialing", "active", "past_due", "unpaid", "paused"];
const visitor = { signedIn: false, plan: null, owed: 0 };
let catalogue = null;

addEventListener("pageshow", (event) => { if (event.persisted) meet().then(draw, () => {}); });
byId("no-cookies").hidden = navigator.cookieEnabled;
offerSignOut();
showCosts().catch(() => {}); // only adds to a page that is whole without it
try {
  [catalogue] = await Promise.all([api("GET", "/api/plans"), meet()]);
  choose();
  draw();
  arrive();
  if (visitor.signedIn) learnPlan().catch(() => {}); // without it, the checkout finds out
} catch (problem) {
  show(byId("problem"), problem);
} finally {
  for (const id of ["plans", "packs"]) byId(id).setAttribute("aria-busy", "false");
}

// meet finds out who is here; prices are for strangers too.
async function meet() {
  try {
    const account = await refreshAccount();
    Object.assign(visitor, { signedIn: true, owed: account.credits.owed ?? 0 });
  } catch (problem) {
    visitor.signedIn = problem.status !== 401; // where it cannot be told, a click will
  }
  byId("sign-in").hidden = visitor.signedIn;
  byId("menu").hidden = !visitor.signedIn;
  document.querySelector(".credits").hidden = !visitor.signedIn;
  byId("sign-in").href = signInAddress(address());
}

// learnPlan comes after the prices are shown: it may take as long as Stripe takes.
async function learnPlan() {
  const { plan, credits } = await api("GET", "/api/billing");
  const known = JSON.stringify(visitor);
  visitor.plan = subscribed.includes(plan.status) ? plan : null;
  visitor.owed = credits.owed;
  if (JSON.stringify(visitor) === known) return; // a button that somebody is pressing stays
  if (visitor.plan && !query.has("interval") && !query.has("choose")) query.set("interval", visitor.plan.interval);
  if (!isLeaving()) draw();
}

// choose takes the interval of what was chosen before signing in.
function choose() {
  const chosen = catalogue.plans.flatMap(({ prices }) => prices).find(({ id }) => id === query.get("choose"));
  if (chosen) query.set("interval", chosen.interval);
  for (const radio of byId("intervals").querySelectorAll("input")) {
    radio.addEventListener("change", () => { query.set("interval", radio.value); query.delete("choose"); remember(); draw(); });
  }
  byId("intervals").hidden = false;
  byId("saving").textContent = saving();
}

// saving says how many months a year leaves unpaid, where every plan leaves as many.
function saving() {
  const months = catalogue.plans.filter(({ prices }) => prices.length).map(({ prices }) => {
    const [month, year] = ["month", "year"].map((name) => prices.find(({ interval }) => interval === name));
    return month && year ? Math.floor(12 - year.amount / month.amount) : 0;
  });
  const least = Math.min(...months);
  return least > 0 ? `${least} ${least === 1 ? "month" : "months"} free` : "";
}

function address(chosen = query.get("choose")) {
  return `/pricing?${new URLSearchParams({ interval: interval(), ...(chosen && { choose: chosen }) })}`;
}

function interval() {
  return query.get("interval") === "year" ? "year" : "month";
}

// remember keeps the choice in the address, from where signing in and coming back find it again.
function remember() {
  history.replaceState(null, "", address());
  byId("sign-in").href = signInAddress(address());
}

function draw() {
  const focused = document.activeElement.closest("[data-offer]")?.dataset.offer;
  byId("intervals").querySelector(`[value=${interval()}]`).checked = true;
  const about = {
    visitor,
    interval: interval(),
    currency: catalogue.plans.flatMap(({ prices }) => prices)[0]?.currency ?? "usd",
    chosen: query.get("choose"),
    signInFor: (offer) => signInAddress(address(offer)),
    picked: (offer) => { query.set("choose", offer); remember(); },
  };
  byId("plans").replaceChildren(...catalogue.plans.map((plan) => planCard(plan, about)));
  byId("packs").replaceChildren(...catalogue.packs.map((pack) => packCard(pack, about)));
  byId("unused-packs").textContent = [...new Set(catalogue.packs.map(({ unused }) => unused))].join(" ");
  byId("notices").replaceChildren(...notices());
  if (focused) focus(focused);
}

function notices() {
  const all = [];
  const waiting = draft.waiting();
  if (waiting) {
    all.push(element("p", { className: "notice" }, waiting.prompt ? `Your prompt waits in the studio: “${short(waiting.prompt)}”. ` : "Your order waits in the studio. ",
      element("a", { href: "/studio" }, "Back to the studio")));
  }
  if (visitor.owed) {
    all.push(element("p", { className: "notice warn" }, `You owe ${credits(visitor.owed)}; what you buy settles that first. `, element("a", { href: "/credits" }, "See why")));
  }
  if (!visitor.signedIn) all.push(element("p", { className: "note" }, "To buy, you sign in with Google first and come straight back here."));
  return all;
}

function short(text) {
  return [...text].length > 80 ? [...text].slice(0, 79).join("") + "…" : text;
}

// arrive leads to what was chosen before signing in.
function arrive() {
  const chosen = document.querySelector(".chosen");
  if (!chosen) return;
  chosen.scrollIntoView({ block: "center" });
  focus(chosen.dataset.offer);
}

function focus(offer) {
  document.querySelector(`[data-offer="${CSS.escape(offer)}"]`)?.querySelector("a, button")?.focus({ preventScroll: true });
}

async function showCosts() {
  const { tools } = await api("GET", "/api/tools");
  byId("costs").replaceChildren(...tools.map((tool) => element("li", {}, element("span", {}, tool.title), element("b", {}, credits(tool.price)))));
}
