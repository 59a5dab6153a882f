import { api, show } from "./api.js";
import { goToPortal } from "./draft.js";

const leaving = () => document.querySelectorAll("button.leaves");

// leaves makes a button ask for an address and go there: to Stripe's pages, which are not ours to frame or to fill in.
export function leaves(button, trouble, ask) {
  button.classList.add("leaves");
  button.addEventListener("click", async () => {
    trouble.replaceChildren();
    rest(true, button);
    try {
      const { url, kind } = await ask();
      if (kind !== "checkout") goToPortal();
      location.assign(url);
    } catch (problem) {
      rest(false);
      button.focus();
      show(trouble, problem);
    }
  });
  return button;
}

// toCheckout and toPortal give {url}. Every click is an order of its own and has a key of its own.
export const toCheckout = (order) => api("POST", "/api/checkout", { body: order, headers: { "Idempotency-Key": crypto.randomUUID() } });
export const toPortal = () => api("POST", "/api/billing-portal", { body: {} });

export const isLeaving = () => [...leaving()].some((button) => button.disabled);

// rest holds all of them while one works, so that two pages are never asked for at once.
function rest(working, pressed) {
  for (const button of leaving()) {
    button.disabled = working;
    button.toggleAttribute("data-working", working && button === pressed);
    button.ariaBusy = working && button === pressed ? "true" : null;
  }
}

// Who comes back from Stripe by the browser's own button finds the page as it was left.
addEventListener("pageshow", (event) => { if (event.persisted) rest(false); });
