import { credits } from "./account.js";
import { element } from "./element.js";
import { leaves, toCheckout, toPortal } from "./leave.js";
import { every, money } from "./money.js";

// planCard shows a plan at the price of the chosen interval; free has no price.
export function planCard(plan, about) {
  const price = plan.prices.find(({ interval }) => interval === about.interval) ?? plan.prices[0];
  const mine = about.visitor.plan ? about.visitor.plan.offer === price?.id : about.visitor.signedIn && !price;
  return card({
    id: price?.id ?? plan.id, title: plan.name, mine, about, unused: plan.unused,
    price: price ? money(price.amount, price.currency, { short: true }) : money(0, about.currency, { short: true }),
    per: price ? every[price.interval] : "for good",
    gives: price ? `${credits(price.credits)} ${every[price.interval]}` : `${credits(plan.credits)} to start`,
    detail: price ? rate(price, price.interval) : "No card needed",
    action: price ? planAction(plan, price, mine, about) : freeAction(about),
  });
}

// packCard shows credits that are paid once.
export function packCard(pack, about) {
  const buy = (trouble) => action(`Buy ${credits(pack.credits)}`, pack.id, { pack: pack.id }, about, trouble);
  return card({
    id: pack.id, title: pack.name, about, price: money(pack.amount, pack.currency, { short: true }), per: "once",
    gives: null, detail: rate(pack), action: buy,
  });
}

function card({ id, title, mine, about, price, per, gives, detail, unused, action }) {
  const chosen = about.chosen === id;
  const trouble = element("div", { className: "trouble" });
  return element("li", { className: `card${mine ? " mine" : ""}${chosen ? " chosen" : ""}`, "data-offer": id },
    element("div", { className: "card-head" }, element("h3", {}, title), mine ? element("span", { className: "tag good" }, "Your plan") : chosen ? element("span", { className: "tag" }, "Your choice") : null),
    element("p", { className: "price" }, element("b", {}, price), " ", per),
    gives && element("p", { className: "gives" }, gives),
    element("p", { className: "note" }, detail),
    unused && element("p", { className: "note unused" }, unused),
    element("div", { className: "card-foot" }, trouble, action(trouble)));
}

// rate makes offers comparable, which their names alone do not.
function rate({ amount, currency, credits: count }, interval) {
  const rate = `${money((100 * amount) / count, currency)} for 100 credits`;
  return interval === "year" ? `${money(amount / 12, currency)} a month, ${rate}` : rate;
}

function planAction(plan, price, mine, about) {
  const { signedIn, plan: current } = about.visitor;
  if (signedIn && current) {
    const words = mine ? "Manage plan" : current.id === plan.id ? `Change to ${price.interval === "year" ? "yearly" : "monthly"}` : `Change to ${plan.name}`;
    return (trouble) => leaves(element("button", { className: mine ? "second" : "button", type: "button", "data-testid": mine ? "manage-plan" : "change-plan" }, words), trouble, toPortal);
  }
  return (trouble) => action(`Choose ${plan.name}`, price.id, { plan: price.id }, about, trouble);
}

function freeAction({ visitor }) {
  return () => {
    if (!visitor.signedIn) return element("a", { className: "second", href: "/login?next=/studio" }, "Start free");
    return visitor.plan ? "" : element("a", { className: "second", href: "/studio" }, "Open the studio");
  };
}

// action buys, or leads strangers through the sign-in and back to this offer.
function action(words, offer, order, about, trouble) {
  const hook = { "data-testid": `buy-${offer}` };
  if (!about.visitor.signedIn) return element("a", { className: "button", href: about.signInFor(offer), ...hook }, words);
  const button = element("button", { className: "button", type: "button", ...hook }, words);
  return leaves(button, trouble, () => { about.picked(offer); return toCheckout(order); });
}
