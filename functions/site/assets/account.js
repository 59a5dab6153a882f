import { api, signIn } from "./api.js";
import { byId, element } from "./element.js";
import { whole } from "./money.js";

export const credits = (count) => `${whole(count)} ${count === 1 ? "credit" : "credits"}`;

// refreshAccount reads who is signed in and shows the credits in the bar.
export async function refreshAccount() {
  const account = await api("GET", "/api/account");
  const { available, held } = account.credits;
  const bar = document.querySelector(".credits");
  bar.dataset.available = available;
  bar.replaceChildren(credits(available), held ? element("span", { className: "held" }, ` · ${held} held`) : "");
  bar.title = account.email;
  return account;
}

// enter opens a page that needs a session: gives the account, or leaves for the sign-in.
export async function enter() {
  offerSignOut();
  // A page taken from the browser's memory after signing out must not show what it showed before.
  addEventListener("pageshow", (event) => { if (event.persisted) refreshAccount().catch(leave); });
  return refreshAccount();
}

export function offerSignOut() {
  byId("sign-out").addEventListener("click", async () => {
    try { await api("POST", "/api/logout"); } catch (problem) { if (problem.status !== 401) return alert(problem.message); }
    sessionStorage.clear();
    location.assign("/");
  });
}

function leave(problem) {
  if (problem.status === 401) signIn();
}
