import { element } from "./element.js";
import { leaves, toPortal } from "./leave.js";
import { day, every, money } from "./money.js";

// states say what each status of a plan means: its name, its look, a sentence, and what the way to Stripe's portal is called.
const states = {
  free: { name: "Free", look: "" },
  trialing: { name: "Trial", look: "good", portal: "Change or cancel" },
  active: { name: "Active", look: "good", portal: "Change or cancel" },
  past_due: {
    name: "Payment failed", look: "bad", portal: "Change the card",
    says: "The last payment did not go through. It is tried again by itself; with another card it works at once. Your credits stay.",
  },
  unpaid: {
    name: "Unpaid", look: "bad", portal: "Pay the open invoice",
    says: "The payment failed several times and is not tried again. New credits come once the open invoice is paid.",
  },
  paused: { name: "Paused", look: "warn", portal: "Go on with the plan", says: "While the plan is paused nothing is charged and no new credits come." },
  incomplete: { name: "Not begun", look: "warn", portal: "Finish the payment", says: "The first payment is not finished, so the plan has not begun." },
  canceled: { name: "Ended", look: "" },
};

// planSheet shows what plan somebody has; a customer, who has paid before, has a page at Stripe's too.
export function planSheet(plan, customer) {
  const state = states[plan.status] ?? { name: plan.status, look: "", portal: "Change or cancel" };
  const ending = plan.ends_at && plan.status !== "canceled";
  const none = plan.status === "free" || plan.status === "canceled";
  const trouble = element("div", { className: "trouble" });
  const portal = (words, look) => leaves(element("button", { className: look, type: "button", "data-testid": "portal" }, words), trouble, toPortal);
  return [
    element("p", { className: "big" }, plan.name, " ", element("span", { className: `tag ${ending ? "warn" : state.look}`, "data-testid": "plan-status", hidden: plan.status === "free" }, ending ? `Ends ${day(plan.ends_at)}` : state.name)),
    state.says ? element("p", { className: `notice ${state.look}` }, state.says) : "",
    facts(plan, ending),
    none ? "" : element("p", { className: "note" }, "Your page at Stripe opens, and brings you back here."),
    element("div", { className: "row" },
      none ? element("a", { className: "button", href: "/pricing" }, "Choose a plan") : portal(ending ? "Keep the plan" : state.portal, "button"),
      none && customer ? portal("Cards and invoices", "second") : ""),
    trouble,
  ];
}

function facts(plan, ending) {
  const list = element("dl", { className: "pairs" });
  const say = (name, value, className = "") => value && list.append(element("div", { className }, element("dt", {}, name), element("dd", {}, value)));
  const price = plan.amount ? `${money(plan.amount, plan.currency, { short: true })} ${every[plan.interval] ?? ""}` : "";
  if (plan.status !== "canceled") say("Price", price);
  if (plan.status === "free") say("What you have", "The free credits, and whatever you buy as packs.", "wide");
  if (plan.renews_at && !ending) say(plan.status === "trialing" ? "Trial ends, first payment" : "Renews", day(plan.renews_at));
  if (plan.ends_at) say(plan.status === "canceled" ? "Ended" : "Ends", day(plan.ends_at));
  if (plan.status !== "free") say("Canceling", plan.cancel, "wide");
  return list;
}
