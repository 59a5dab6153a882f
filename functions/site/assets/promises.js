import { api, retry, show } from "./api.js";
import { byId, element } from "./element.js";

const words = { kept: "Kept", at_risk: "At risk", broken: "Broken" };
const worst = ["broken", "at_risk", "kept"];
const stale = 3 * 60 * 60 * 1000; // it is looked every hour
const staleListing = 26 * 60 * 60 * 1000; // the storage of pictures once a day

// What each clause of the privacy policy is about.
const titles = {
  "P2.1": "Your account", "P2.2": "What you make, and on what", "P2.3": "What you pay", "P2.4": "Records of requests, cookies",
  "P3.1": "Carrying out your orders", "P3.4": "Against fraud and abuse", "P4.1": "Where it is kept", "P4.2a": "Account and pictures: gone within 30 days of deletion",
  "P4.2b": "Logs: 90 days", "P4.2c": "Payments: seven years", "P5.1": "Who else gets it", "P5.2": "What the law asks for", "P6.2": "Leaving, at any time",
  "P6.3": "Taking everything along", "P7d": "Looking after all of this",
};

look();

async function look() {
  try {
    draw(await api("GET", "/api/promises"));
    byId("problem").replaceChildren();
  } catch (problem) {
    byId("verdict").hidden = true;
    show(byId("problem"), problem, retry(look));
  } finally {
    byId("verdict").setAttribute("aria-busy", "false");
  }
}

function draw({ checked_at: checkedAt, promises, disclosures }) {
  byId("main").classList.toggle("then", isStale(checkedAt));
  byId("verdict").hidden = false;
  byId("verdict").replaceChildren(...verdict(checkedAt, promises));
  const clauses = [...new Set(promises.map(({ clause }) => clause))].sort(inOrder);
  byId("clauses").replaceChildren(...clauses.map((id) => clause(id, promises.filter((promise) => promise.clause === id))));
  byId("disclosures").textContent = disclosures === 0 ? "Nothing about anybody was ever given to an authority."
    : `${disclosures === 1 ? "Once" : `${disclosures} times`} something about an account was given to an authority, each on record with its ground.`;
  byId("authorities").hidden = false;
}

const isStale = (checkedAt) => checkedAt !== null && Date.now() - Date.parse(checkedAt) > stale;
const inOrder = (a, b) => a.localeCompare(b, "en", { numeric: true });

function verdict(checkedAt, promises) {
  if (!promises.length || !checkedAt) return [heading("at_risk", "Nobody has looked yet"), element("p", {}, "The first look is at ten minutes to the full hour.")];
  const late = isStale(checkedAt);
  const count = (state) => promises.filter((promise) => promise.state === state).length;
  const [broken, atRisk] = [count("broken"), count("at_risk")];
  const parts = [];
  if (late) {
    parts.push(element("div", { className: "stale", role: "alert", "data-testid": "stale" }, element("b", {}, `Nobody has looked for ${span(Date.now() - Date.parse(checkedAt))}.`),
      " What follows is what was seen then. It says nothing about now."));
  }
  parts.push(broken ? heading("broken", `${several(broken)} broken${atRisk ? `, ${atRisk} at risk` : ""}`) : atRisk ? heading("at_risk", `${several(atRisk)} at risk, none broken`)
    : heading("kept", late ? `All ${promises.length} promises were kept then` : `All ${promises.length} promises are kept`));
  const wrong = promises.filter(({ state }) => state !== "kept").sort((a, b) => worst.indexOf(a.state) - worst.indexOf(b.state));
  if (wrong.length) parts.push(element("ul", { className: "wrong" }, ...wrong.map(({ measure, says, state }) => element("li", {}, element("a", { href: "#" + measure }, says), ` ${words[state]}.`))));
  parts.push(element("p", { className: "note" }, "Last looked at ", moment(checkedAt), `, ${span(Date.now() - Date.parse(checkedAt))} ago.`));
  return parts;
}

const several = (count) => count === 1 ? "One promise is" : `${count} promises are`;
const heading = (state, text) => element("h2", { className: `state ${state}` }, element("span", {}, text));

function clause(id, promises) {
  return element("section", { className: "clause", id, "aria-labelledby": `title-${id}`, "data-clause": id },
    element("h2", { id: `title-${id}` }, element("a", { href: "/privacy#" + id }, id), " ", element("span", {}, titles[id] ?? "")),
    element("ul", { className: "watched" }, ...promises.map(row)));
}

function row(promise) {
  const { measure, says, state, since } = promise;
  return element("li", { id: measure, "data-measure": measure, "data-state": state },
    element("p", { className: `state ${state}` }, element("span", {}, words[state])),
    element("div", {}, element("p", { className: "says" }, says), element("p", { className: "note" }, seen(promise)),
      state === "kept" ? null : element("p", { className: "note" }, "Like this since ", moment(since), ". ", limits(promise))));
}

// What the number of a measure means, where it is more than something that is past its end.
const meanings = [
  [/_idle$/, (amount) => `Last done ${amount || "less than an hour"} before the look.`],
  [/^oldest_log$/, (amount) => `The oldest is ${amount || "less than an hour"} old.`],
  [/^closed_accounts$/, (amount) => amount ? `The first of those on their way out asked ${amount} before the look.` : "Nobody is on the way out."],
  [/^erasures_at_a_stage$/, (amount) => amount ? `The slowest has been at its step for ${amount}.` : "None is waiting."],
  [/^erasures_near_end$/, (amount) => amount ? `One has been in them for ${amount}.` : "None is."],
  [/^log_days_missing$/, (amount) => amount ? `For ${amount} of them there is none yet.` : "There is room for all of them."],
];

// seen says in words what was seen.
function seen({ measure, unit, value, seen_at: seenAt }) {
  if (!seenAt) return "Could not be looked at yet.";
  const amount = value ? duration(value, unit) : "";
  const [, meaning] = meanings.find(([name]) => name.test(measure)) ?? [];
  const sentence = meaning ? meaning(amount) : unit === "days" ? (amount ? `An exception was found; this is the ${ordinal(value)} day.` : "No exception was found.")
    : amount ? `Something was found that is ${amount} late.` : "Nothing late was found.";
  return Date.now() - Date.parse(seenAt) > staleListing ? `${sentence} That was on ${text(seenAt)}; it could not be looked at since.` : sentence;
}

const limits = ({ unit, value, warn, bound, state }) => state === "broken" ? `It counts as broken from ${duration(bound, unit)} on.`
  : value >= warn ? `It would be broken from ${duration(bound, unit)} on.` : "";

function duration(value, unit) {
  const [days, hours] = unit === "days" ? [value, 0] : value < 48 ? [0, value] : [Math.floor(value / 24), value % 24];
  return [[days, "day"], [hours, "hour"]].filter(([n]) => n).map(([n, name]) => `${n} ${name}${n === 1 ? "" : "s"}`).join(" ");
}

const ordinal = (n) => n + (["th", "st", "nd", "rd"][n % 100 > 10 && n % 100 < 14 ? 0 : n % 10] ?? "th");

function span(ms) {
  const minutes = Math.max(0, Math.round(ms / 60_000));
  return minutes < 1 ? "a moment" : minutes < 60 ? `${minutes} minute${minutes === 1 ? "" : "s"}` : duration(Math.floor(minutes / 60), "hours");
}

const text = (time) => new Date(time).toLocaleString("en-US", { dateStyle: "medium", timeStyle: "short", timeZone: "UTC" }) + " UTC";
const moment = (time) => element("time", { dateTime: time }, text(time));
