import { api, signIn } from "./api.js";
import { byId, element } from "./element.js";
import { whole } from "./money.js";
import { wear } from "./preferences.js";

export const credits = (count) => `${whole(count)} ${count === 1 ? "credit" : "credits"}`;

// refreshAccount reads who is signed in and shows the credits in the bar.
export async function refreshAccount() {
  const account = await api("GET", "/api/account");
  const { available, held } = account.credits;
  const bar = document.querySelector(".credits");
  bar.dataset.available = available;
  bar.replaceChildren(credits(available), held ? element("span", { className: "held" }, ` · ${held} held`) : "");
  bar.title = account.email;
  wear(account.preferences.theme);
  introduce(account);
  return account;
}

// introduce says in the menu who is signed in.
function introduce(account) {
  byId("menu-who").replaceChildren(element("b", {}, account.name), element("span", { className: "note" }, account.email));
  byId("face").replaceChildren(face(account));
}

// face is a picture chosen here, or initials: a picture at Google is not loaded, because Google would see each visit.
export function face({ name, email, picture, picture_corrected: ours }) {
  if (picture && ours) return element("img", { src: picture, alt: "", width: 36, height: 36 });
  const words = (name || email).split(/\s+/).filter(Boolean);
  return words.filter((_, i) => i === 0 || i === words.length - 1).map((word) => [...word][0].toUpperCase()).join("");
}

// enter opens a page that needs a session: gives the account, or leaves for the sign-in.
export async function enter() {
  offerSignOut();
  // A page taken from the browser's memory after signing out must not show what it showed before.
  addEventListener("pageshow", (event) => { if (event.persisted) refreshAccount().catch(leave); });
  return refreshAccount();
}

export function offerSignOut() {
  byId("sign-out").addEventListener("click", signOut);
  const menu = byId("menu");
  const close = () => { menu.open = false; };
  document.addEventListener("click", ({ target }) => { if (!menu.contains(target)) close(); });
  menu.addEventListener("keydown", ({ key }) => { if (key === "Escape") { close(); menu.querySelector("summary").focus(); } });
}

export async function signOut() {
  try { await api("POST", "/api/logout"); } catch (problem) { if (problem.status !== 401) return alert(problem.message); }
  forget();
  location.assign("/");
}

// forget leaves nothing of an account in this browser; the look that somebody wanted to be kept here is the browser's.
export function forget() {
  try { sessionStorage.clear(); } catch { /* where cookies are refused, nothing was kept */ }
}

function leave(problem) {
  if (problem.status === 401) signIn();
}
