import { api, signIn, signInAddress } from "./api.js";
import { credits, enter, refreshAccount } from "./account.js";
import * as draft from "./draft.js";
import { byId, element } from "./element.js";
import { outcomes } from "./outcome.js";
import { growing, pause } from "./pause.js";

const query = new URLSearchParams(location.search);
const session = query.get("session_id");
let offer = "";
let count = 0;
let shown = "";

const link = (words, href, className = "second") => element("a", { className, href }, words);
const wayOut = {
  studio: () => (draft.waiting() ? null : link("To the studio", "/studio", "button")),
  credits: () => link("Credit history", "/credits"),
  billing: () => link("See your plan", "/billing"),
  payments: () => link("Your payments", "/billing"),
  pricing: () => link("To the prices", "/pricing", draft.waiting() ? "second" : "button"),
  again: () => link("Try again", `/pricing?choose=${encodeURIComponent(offer)}`, "button"),
  look: () => element("button", { className: "button", type: "button", onclick: follow }, "Look again"),
  signIn: () => element("a", { className: "button", href: signInAddress(location.pathname + location.search), onclick: (event) => { event.preventDefault(); signIn(); } }, "Sign in"),
};

// The bar is only an addition here: what happened to the payment is asked for by itself, also without a session.
enter().catch((problem) => { if (problem.status === 401) byId("menu").hidden = true; });
if (query.has("canceled")) say("canceled");
else if (!session) say("nothing");
else follow();

// follow asks in growing intervals until the credits are there, or nothing more can come.
async function follow() {
  say("checking");
  for (let asked = 0; ; asked++) {
    const state = await look(asked);
    if (state === "granted") return celebrate();
    say(state);
    if (outcomes[state].final) return;
    await pause(growing(asked, outcomes[state].slow ? 60_000 : 15_000));
  }
}

// look gives the name of the state in which the payment is.
async function look(asked) {
  try {
    const found = await api("GET", `/api/checkout/${encodeURIComponent(session)}`);
    ({ offer, credits: count } = found);
    if (found.status === "paid") return found.granted ? "granted" : asked < 8 ? "coming" : asked < 45 ? "slow" : "late";
    if (found.status === "open") return asked < 5 ? "checking" : "open"; // Stripe may send people back before it knows itself
    return found.status;
  } catch (problem) {
    if (problem.status === 401) return "signedOut";
    if (problem.status === 0) return "offline";
    return problem.status >= 400 && problem.status < 500 && problem.status !== 429 ? "unknown" : "unavailable";
  }
}

async function celebrate() {
  say(offer.startsWith("pack-") ? "granted" : count ? "begun" : "trial");
  try {
    const { available, owed } = (await refreshAccount()).credits;
    byId("menu").hidden = false; // somebody may have signed in elsewhere meanwhile
    const debt = owed ? ` You still owe ${credits(owed)}.` : "";
    byId("balance").replaceChildren("You now have ", element("b", {}, credits(available)), ".", debt);
    byId("balance").hidden = false;
  } catch { /* the credits are there all the same, and the bar will say it later */ }
}

// say shows a state; said again, it is not announced again.
function say(state) {
  if (shown === state) return;
  shown = state;
  const place = byId("outcome");
  const { title, sentence, look, final, slow, ways } = outcomes[state];
  place.dataset.state = state;
  place.dataset.look = look;
  document.title = `${title} · Nanoflux`;
  byId("title").textContent = title;
  byId("sentence").textContent = sentence;
  byId("progress").hidden = Boolean(final || slow);
  if (state === "signedOut") byId("menu").hidden = true;
  byId("ways").replaceChildren(...ways.map((way) => wayOut[way]()).filter(Boolean));
  showWaitingOrder(state);
}

// showWaitingOrder leads back to what could not be ordered for lack of credits.
function showWaitingOrder(state) {
  const waiting = draft.waiting();
  const place = byId("prompt-kept");
  const { back, look } = outcomes[state];
  place.hidden = !waiting || !back;
  if (place.hidden) return;
  place.replaceChildren(
    waiting.prompt ? element("blockquote", {}, waiting.prompt) : element("p", {}, "Your order waits in the studio."),
    link(look === "done" ? "Go on with it" : "Back to the studio", "/studio", look === "done" ? "button large" : "second"));
}
