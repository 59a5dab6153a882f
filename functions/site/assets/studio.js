import { api, Problem, show } from "./api.js";
import { enter, refreshAccount } from "./account.js";
import { byId, element } from "./element.js";
import * as draft from "./draft.js";
import { form } from "./order.js";
import { follow, showDone, showFailed, showWaiting } from "./stage.js";

const problem = byId("problem");

try {
  const [, { tools }] = await Promise.all([enter(), api("GET", "/api/tools")]);
  const order = form(tools, problem);
  byId("order").addEventListener("submit", (event) => { event.preventDefault(); generate(order); });
  byId("generate").disabled = false;
  const underway = draft.underway();
  if (underway) await watch(underway);
} catch (refusal) {
  show(problem, refusal);
}

async function generate(order) {
  problem.replaceChildren();
  const button = byId("generate");
  button.disabled = true;
  try {
    const body = order.body();
    showWaiting({ status: "sending", size: body.size });
    const generation = await api("POST", "/api/generations", { body, headers: { "Idempotency-Key": draft.keyFor(body) } });
    draft.ordered(generation.id);
    refreshAccount().catch(() => {});
    await watch(generation.id);
  } catch (refusal) {
    // A key that met a refusal of the order itself has done its work; after a lost reply the same key is sent again.
    if (refusal instanceof Problem && refusal.status >= 400 && refusal.status < 500 && refusal.status !== 401) draft.newKey();
    showWaiting(null);
    show(problem, refusal, ...wayToCredits(refusal));
  } finally {
    button.disabled = false;
  }
}

// wayToCredits leads from an order that was refused for its price to the credits, and the order waits.
function wayToCredits(refusal) {
  if (refusal.status !== 402) return [];
  draft.keepWaiting();
  refreshAccount().catch(() => {}); // they may have been spent on another page
  const why = element("a", { className: "second", href: "/credits" }, "See why");
  return [
    element("p", {}, "What you have filled in stays here and waits for you."),
    element("p", { className: "row" }, element("a", { className: "button", href: "/pricing", "data-testid": "get-credits" }, "Get credits"), refusal.code === "credits_owed" ? why : null),
  ];
}

// watch follows an order to its end; a reload in between takes it up again.
async function watch(id) {
  byId("generate").disabled = true;
  try {
    const generation = await follow(id);
    if (generation.status === "succeeded") showDone(generation);
    else showFailed(generation);
    draft.finished();
    await refreshAccount();
  } catch (refusal) {
    if (refusal.status === 404) draft.finished();
    throw refusal;
  } finally {
    byId("generate").disabled = false;
  }
}
