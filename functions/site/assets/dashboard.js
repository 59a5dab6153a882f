import { api, retry, show } from "./api.js";
import { credits, enter } from "./account.js";
import { bars } from "./bars.js";
import { byId, element } from "./element.js";
import { titled } from "./image.js";
import { bytes, counted, whole } from "./money.js";
import { byTool, columnsOf, dateOf, totalOf } from "./usage.js";

let names = new Map(); // of the tools, in the order of the catalogue, which is the order of the colours too
let asked = 0;

byId("ranges").addEventListener("change", read);
try {
  const [account] = await Promise.all([enter(), learnNames()]);
  byId("tile-credits").textContent = whole(account.credits.available);
  byId("about-credits").textContent = account.credits.owed ? `${credits(account.credits.owed)} owed` : account.credits.held ? `${whole(account.credits.held)} more held for orders` : "to spend as you like";
  showPlan();
  await read();
} catch (problem) {
  show(byId("problem"), problem, retry(() => location.reload()));
  byId("usage").hidden = true;
} finally {
  byId("tiles").setAttribute("aria-busy", "false");
}

async function learnNames() {
  const { tools } = await api("GET", "/api/tools").catch(() => ({ tools: [] })); // without it, the ids do
  names = new Map(tools.map(({ name, title }) => [name, title]));
}

// showPlan comes by itself: it may take as long as Stripe takes.
async function showPlan() {
  try {
    const { plan } = await api("GET", "/api/billing");
    byId("tile-plan").textContent = plan.name;
    byId("about-plan").replaceChildren(element("a", { href: "/billing" }, plan.status === "free" ? "Plans and packs" : "Details"));
  } catch {
    byId("tile-plan").textContent = "–";
    byId("about-plan").replaceChildren("Cannot be told just now. ", element("a", { href: "/billing" }, "Billing"));
  }
}

async function read() {
  const turn = ++asked;
  const days = byId("ranges").querySelector(":checked").value;
  byId("usage").setAttribute("aria-busy", "true");
  try {
    const usage = await api("GET", `/api/account/usage?days=${days}`);
    if (turn !== asked) return; // somebody has chosen another range meanwhile
    byId("trouble").replaceChildren();
    showStorage(usage.storage);
    showUsage(usage, days);
  } catch (problem) {
    if (turn !== asked) return;
    byId("usage").hidden = true;
    byId("empty").hidden = true;
    show(byId("trouble"), problem, retry(read));
  } finally {
    if (turn === asked) byId("usage").setAttribute("aria-busy", "false");
  }
}

function showStorage({ images, uploads, results, bytes: size }) {
  byId("tile-images").textContent = whole(images);
  byId("about-images").textContent = images ? `${whole(results)} made, ${whole(uploads)} uploaded` : "none yet";
  byId("tile-bytes").textContent = bytes(size);
  byId("about-bytes").replaceChildren(element("a", { href: "/library" }, "Library"));
}

function showUsage(usage, range) {
  const { days } = usage;
  const period = range === "365" ? "year" : `${range} days`;
  const total = totalOf(days);
  byId("empty").hidden = days.length > 0;
  byId("usage").hidden = days.length === 0;
  byId("empty-says").textContent = `No orders in the last ${period}.`;
  byId("said").textContent = days.length ? `${counted(total.orders, "order")} in the last ${period}.` : byId("empty-says").textContent;
  if (!days.length) return;
  const tools = toolsOf(days);
  const series = tools.map((tool, i) => ({ name: nameOf(tool), look: `tone-${i % 6}` }));
  const most = (field) => byTool(days).toSorted((a, b) => b[field] - a[field])[0];
  const chart = (id, title, field, says) => byId(id).replaceChildren(...bars({ id, title, says, series, columns: columnsOf(usage, tools, field) }));
  chart("orders-chart", "Orders", "orders", `${counted(total.orders, "order")} in the last ${period}, most with ${nameOf(most("orders").tool)}. ${total.failed ? `${whole(total.failed)} failed and cost nothing.` : "None failed."}`);
  chart("credits-chart", "Credits", "credits", `${credits(total.credits)} spent in the last ${period}${total.credits ? `, most on ${nameOf(most("credits").tool)}` : ""}.`);
  byId("tools").replaceChildren(table(["Tool"], tools.map((tool) => [[nameOf(tool)], byTool(days).find((sum) => sum.tool === tool)]), "By tool", total));
  byId("days").replaceChildren(table(["Day", "Tool"], days.toReversed().map((row) => [[dateOf(row.day), nameOf(row.tool)], row]), "By day and tool"));
}

// toolsOf lists the tools of some rows in the order of the catalogue; what it does not have any more comes last.
function toolsOf(days) {
  const used = new Set(days.map(({ tool }) => tool));
  return [...[...names.keys()].filter((tool) => used.has(tool)), ...[...used].filter((tool) => !names.has(tool)).sort()];
}

function nameOf(tool) {
  return names.get(tool) ?? titled(tool);
}

function table(heads, rows, caption, total) {
  const numbers = ["orders", "succeeded", "failed", "credits"];
  const titles = ["Orders", "Made", "Failed", "Credits"];
  const line = (said, row) => element("tr", {},
    ...said.map((text, i) => (i ? element("td", {}, text) : element("th", { scope: "row" }, text))),
    ...numbers.map((field) => element("td", { className: "number" }, whole(row[field]))));
  return element("table", { className: "tool-table" },
    element("caption", { className: "unseen" }, caption),
    element("thead", {}, element("tr", {}, ...heads.map((head) => element("th", { scope: "col" }, head)), ...titles.map((head) => element("th", { scope: "col", className: "number" }, head)))),
    element("tbody", {}, ...rows.map(([said, row]) => line(said, row))),
    total && rows.length > 1 ? element("tfoot", {}, line(["All"], total)) : null);
}
