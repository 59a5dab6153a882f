import { api, retry, show } from "./api.js";
import { forget, offerSignOut, refreshAccount, signOut } from "./account.js";
import { classesTable, datesList, pair, staysTable } from "./departure.js";
import { byId } from "./element.js";
import { isFresh, resumed, signInFreshly } from "./fresh.js";
import { minute } from "./money.js";

let account = null; // null where the account is closed already: then only this page answers
let plan = null;

offerSignOut();
byId("leave").addEventListener("click", signOut);
byId("take-back").addEventListener("click", takeBack);
byId("delete").addEventListener("click", begin);
byId("keep").addEventListener("click", () => byId("confirm").close());
byId("confirm-delete").addEventListener("click", deleteAccount);
byId("print").addEventListener("click", () => print());
byId("copy").addEventListener("click", copy);
try {
  plan = await api("GET", "/api/account/deletion");
  if (plan.state === "none") account = await refreshAccount();
  draw();
  const waiting = account && resumed("deletion", account);
  if (waiting) {
    byId(waiting.withoutGrace ? "without-grace" : "with-grace").checked = true;
    ask();
  }
} catch (problem) {
  byId("plan").hidden = plan === null;
  show(byId("problem"), problem, retry(() => location.reload()));
} finally {
  byId("plan").setAttribute("aria-busy", "false");
}

function draw() {
  const { state, classes, stays, held } = plan;
  byId("goes").replaceChildren(classesTable(classes, state));
  byId("stays").replaceChildren(staysTable(stays, held));
  if (state === "none") return drawBefore();
  byId("nav").hidden = true; // nothing else answers a closed account
  byId("menu").hidden = true;
  document.querySelector(".credits").hidden = true;
  drawAfter();
}

function drawBefore() {
  byId("lead").textContent = "This ends your account and erases what is in it. Read first what goes, when, and what stays.";
  byId("dates").replaceChildren(...datesList(plan));
  byId("with-grace-says").textContent = `With time to take it back, until ${minute(plan.undo_until)}`;
  byId("with-grace-note").textContent = "You are signed out and your links end at once. Sign in until then to take it back, with all pictures and credits; a plan has to be chosen anew. After that everything is erased.";
  byId("subscription").textContent = "All devices are signed out and the links to your pictures end at once. So does a plan; credits go with the account.";
  byId("about-fresh").textContent = isFresh(account) ? "One more question follows." : "You sign in again first, then one more question follows.";
  byId("deed").hidden = false;
}

function drawAfter() {
  const { state, id, undo_until } = plan;
  const canTakeBack = (state === "closing" || state === "grace") && Date.now() < Date.parse(undo_until);
  byId("title").textContent = "Your account is closed";
  byId("lead").textContent = canTakeBack
    ? `It will be erased after ${minute(undo_until)}. Until then you can take it back: pictures, orders and credits are as you left them. A plan has to be chosen anew.`
    : "It is being erased. This cannot be taken back any more.";
  const word = { ending: "Being ended", ended: "Ended" };
  byId("grace-dates").replaceChildren(...datesList(plan), pair("Links to pictures", word[plan.links] ?? "–"), pair("Plan and payments", word[plan.subscription] ?? "–"));
  byId("take-back").hidden = !canTakeBack;
  byId("to-receipt").href = `/receipt?id=${encodeURIComponent(id)}`;
  byId("dates-part").hidden = true; // they stand above already
  byId("grace").hidden = false;
}

// begin leads to the last question, through a new sign-in where the last one is too long ago.
function begin() {
  if (isFresh(account)) return ask();
  signInFreshly("deletion", account, { withoutGrace: withoutGrace() });
}

function withoutGrace() {
  return byId("without-grace").checked;
}

function ask() {
  byId("confirm-trouble").replaceChildren();
  byId("confirm-says").textContent = `${account.email}: ` + (withoutGrace()
    ? "erasing begins at once. You cannot take it back."
    : `it is closed at once, and erased after ${minute(plan.undo_until)}. Until then you can take it back.`);
  byId("confirm").showModal();
}

async function deleteAccount() {
  const button = byId("confirm-delete");
  button.disabled = true;
  try {
    const done = await api("POST", "/api/account/deletion", { body: { without_grace: withoutGrace() } });
    forget();
    byId("confirm").close();
    showClosed(done);
  } catch (problem) {
    if (problem.code === "fresh_login_required") return signInFreshly("deletion", account, { withoutGrace: withoutGrace() });
    show(byId("confirm-trouble"), problem);
  } finally {
    button.disabled = false;
  }
}

// showClosed says what happened. The address becomes the receipt's, so that a reload or a bookmark leads there.
function showClosed(done) {
  const address = new URL(`/receipt?id=${encodeURIComponent(done.id)}`, location.origin).href;
  history.replaceState(null, "", address);
  document.title = "Your account is closed · Nanoflux";
  byId("title").textContent = "Your account is closed";
  byId("lead").textContent = "You are signed out everywhere. The links to your pictures stop working within half a minute.";
  byId("receipt-link").href = address;
  byId("receipt-link").textContent = address;
  byId("closed-dates").replaceChildren(...datesList(done));
  byId("change-mind").textContent = Date.now() < Date.parse(done.undo_until)
    ? `To take it back, sign in with the same Google account until ${minute(done.undo_until)}.` : "";
  for (const id of ["plan", "deed", "nav", "menu"]) byId(id).hidden = true;
  document.querySelector(".credits").hidden = true;
  byId("closed").hidden = false;
  scrollTo(0, 0);
}

async function takeBack() {
  const button = byId("take-back");
  button.disabled = true;
  try {
    await api("DELETE", "/api/account/deletion");
    location.assign("/library");
  } catch (problem) {
    button.disabled = false;
    show(byId("grace-trouble"), problem);
    if (problem.code === "too_late_to_take_back") button.hidden = true;
  }
}

async function copy() {
  try {
    await navigator.clipboard.writeText(byId("receipt-link").href);
    byId("copy").textContent = "Copied";
  } catch {
    getSelection().selectAllChildren(byId("receipt-link")); // then it is one key away
  }
}
