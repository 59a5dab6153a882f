import { api, retry, show } from "./api.js";
import { enter } from "./account.js";
import { confirmed } from "./confirm.js";
import { byId } from "./element.js";
import { isPassing, packing } from "./export.js";
import { exportCard } from "./exportcard.js";
import { resumed, signInFreshly } from "./fresh.js";
import { growing, pause } from "./pause.js";

const cards = new Map(); // by the export's id
let account = null;
let following = false;

byId("order").addEventListener("click", () => order(false));
try {
  account = await enter();
  await read();
  if (resumed("export", account)) await order(true);
  follow();
} catch (problem) {
  show(byId("problem"), problem, retry(() => location.reload()));
  byId("list").querySelectorAll(".waiting").forEach((place) => place.remove());
} finally {
  byId("list").setAttribute("aria-busy", "false");
}

// order asks for everything; whoever has just come back from signing in is not sent there a second time.
async function order(isBack) {
  const button = byId("order");
  byId("order-trouble").replaceChildren();
  button.disabled = true;
  try {
    await api("POST", "/api/exports", { body: {} });
    byId("said").textContent = "The export is being prepared.";
    await read();
    byId("list").scrollIntoView({ block: "nearest" });
    follow();
  } catch (problem) {
    button.disabled = false;
    if (problem.code === "fresh_login_required" && !isBack) return signInFreshly("export", account);
    show(byId("order-trouble"), problem);
  }
}

// read shows all exports as they are now, and gives whether any is under way.
async function read() {
  const { exports: list } = await api("GET", "/api/exports");
  byId("list").querySelectorAll(".waiting").forEach((place) => place.remove());
  const gone = new Set(cards.keys());
  for (const each of list.toReversed()) {
    gone.delete(each.id);
    put(each);
  }
  for (const id of gone) drop(id);
  byId("empty").hidden = cards.size > 0;
  const isWaiting = list.some((each) => packing(each) && each.scope === "account");
  byId("order").disabled = isWaiting;
  byId("order").textContent = isWaiting ? "Being prepared…" : cards.size ? "Prepare a new export" : "Prepare my export";
  showTitle(list);
  return list.some(packing);
}

// put shows an export where it stands, or on top if it is new; a card that has not changed its state is only brought up to date.
function put(each) {
  const known = cards.get(each.id);
  if (known?.state === each.state) return known.update(each);
  const card = exportCard(each, { remove, again: () => order(false), renew: async (id) => { await read(); return cards.get(id); } });
  cards.set(each.id, card);
  if (known) {
    known.node.replaceWith(card.node);
    byId("said").textContent = each.state === "ready" ? "Your export is ready to be downloaded." : "The export failed.";
  } else {
    byId("list").prepend(card.node);
  }
}

function drop(id) {
  cards.get(id).node.remove();
  cards.delete(id);
}

// showTitle lets the page, and its tab while another one is looked at, tell how it goes.
function showTitle(list) {
  const under = list.find(packing);
  const ready = list.some(({ state }) => state === "ready");
  byId("ready").hidden = !ready;
  document.title = `${under ? `${Math.floor(under.percent)} % · Export` : ready ? "✓ Export ready" : "Export"} · Nanoflux`;
}

// follow asks again while something is under way, slower while nothing moves, and bears with a connection that comes and goes.
async function follow() {
  if (following) return;
  following = true;
  let before = "";
  for (let asked = 0; ; asked++) {
    try {
      if (!await read()) break;
      byId("problem").replaceChildren();
      const now = document.title;
      if (now !== before) asked = Math.min(asked, 2);
      before = now;
    } catch (problem) {
      show(byId("problem"), problem);
      if (!isPassing(problem)) break;
    }
    await pause(growing(asked, 15_000));
  }
  following = false;
}

async function remove(id, trouble) {
  if (!await confirmed("remove")) return;
  try {
    await api("DELETE", `/api/exports/${encodeURIComponent(id)}`);
  } catch (problem) {
    if (problem.status !== 404) return show(trouble, problem);
  }
  drop(id);
  byId("empty").hidden = cards.size > 0;
  byId("said").textContent = "The export is removed.";
  byId("order").focus();
  read().catch(() => {}); // the card is gone already
}
