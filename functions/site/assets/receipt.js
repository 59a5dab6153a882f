import { api, Problem, retry, show } from "./api.js";
import { inOrder, nameOf, pair, stages, staysTable, table } from "./departure.js";
import { byId, element } from "./element.js";
import { isPassing } from "./export.js";
import { day, minute, whole } from "./money.js";
import { growing, pause } from "./pause.js";
import { verify } from "./signature.js";

const id = new URLSearchParams(location.search).get("id");
const way = ["closing", "grace", "record", "stripe", "objects", "edge", "key", "rows", "verify"];
const causes = { request: "Asked for by the person", child: "Account of a child", staff: "Asked for by the person, done by our staff", restore: "Found again in a backup" };
const verdicts = {
  holds: ["good", "The signature holds.", "This receipt is ours, and not a letter of it was changed since we signed it."],
  changed: ["bad", "This was changed.", "The signature does not belong to this text: somebody changed the receipt, or a part of it is missing."],
  unknown: ["bad", "This is not signed by us.", "None of our public keys belongs to it."],
  unreadable: ["bad", "This is no receipt.", "A receipt is one long line of three parts with two dots between them. Perhaps a part is missing."],
  uncheckable: ["warn", "This browser cannot check the signature.", "It lacks Ed25519. A newer browser can; so can our program: save the receipt, and run make verify-receipt with the file."],
};
let shown = null; // the receipt on the page, as it was signed

byId("print").addEventListener("click", () => print());
byId("download").addEventListener("click", save);
byId("check").addEventListener("click", () => checkText(byId("paste").value));
byId("file").addEventListener("change", async ({ target }) => { if (target.files[0]) await checkText(await target.files[0].text()); target.value = ""; });
takeDrops();
if (id) follow();

// follow asks how far the erasure is until its receipt is there.
async function follow() {
  byId("lead").textContent = "Looking it up…";
  for (let asked = 0; ; asked++) {
    let state = "";
    try {
      const found = await api("GET", `/api/receipts/${encodeURIComponent(id)}`);
      byId("problem").replaceChildren();
      state = found.state;
      if (state === "complete") {
        byId("progress").hidden = true;
        return await present(found.jws);
      }
      showProgress(found);
    } catch (problem) {
      if (!isPassing(problem)) {
        byId("lead").textContent = "";
        byId("progress").hidden = true;
        return show(byId("problem"), problem, problem.code === "receipt_not_found" ? element("p", {}, "A deletion that was taken back has no receipt.") : retry(() => location.reload()));
      }
      show(byId("problem"), problem);
    }
    await pause(growing(asked, state === "grace" || state === "held" ? 120_000 : 15_000));
  }
}

const leads = {
  closing: "The account is closed. Links and plan are being ended.",
  grace: "The account is closed. It can still be taken back by signing in; nothing is erased yet.",
  erasing: "The account is being erased. The receipt appears here when nothing is left.",
  held: "The account is erased, but for something that the law keeps for now. The receipt follows when that is erased too.",
};

function showProgress({ state, stage, since, erased_by }) {
  say(leads[state] ?? leads.erasing);
  const now = way.indexOf(stage);
  const list = stage === "held" ? [...way, "held"] : way;
  byId("stages").replaceChildren(...list.map((name, i) => {
    const look = stage === "held" ? (name === "held" ? "now" : "done") : i < now ? "done" : i === now ? "now" : "next";
    return element("li", { className: look, "data-stage": name, ariaCurrent: look === "now" ? "step" : null },
      element("b", {}, stages[name][0]), element("span", { className: "note" }, stages[name][1], look === "now" && since ? ` Since ${minute(since)}.` : ""),
      element("span", { className: "unseen" }, { done: " Done.", now: " Under way.", next: " To come." }[look]));
  }));
  byId("progress-dates").replaceChildren(pair("Erased by", minute(erased_by)));
  byId("progress").hidden = false;
}

// say announces a sentence, but not the same one again.
function say(sentence) {
  if (byId("lead").textContent !== sentence) byId("lead").textContent = sentence;
}

async function checkText(text) {
  const jws = text.trim();
  byId("check-trouble").replaceChildren();
  if (!jws) return show(byId("check-trouble"), new Problem({ detail: "Paste a receipt first, or choose its file." }));
  await present(jws);
  byId("paper").scrollIntoView({ block: "start" });
}

// present shows a receipt with what the check of its signature says; what is not ours is not shown as if it were.
async function present(jws) {
  shown = jws;
  byId("verdict").replaceChildren(element("p", { className: "notice" }, "Checking the signature…"));
  byId("content").replaceChildren();
  byId("paper").hidden = false;
  try {
    const { verdict, receipt } = await verify(jws);
    const [look, title, sentence] = verdicts[verdict];
    byId("verdict").replaceChildren(element("div", { className: `notice ${look}`, "data-verdict": verdict }, element("b", {}, title), element("p", {}, sentence)));
    say(verdict === "holds" ? "The account is erased. This is the receipt." : "");
    for (const id of ["download", "print"]) byId(id).hidden = verdict !== "holds" && verdict !== "uncheckable";
    if (receipt && (verdict === "holds" || verdict === "uncheckable")) byId("content").replaceChildren(...paper(receipt));
  } catch (problem) {
    show(byId("verdict"), problem, retry(() => present(jws)));
  }
}

function paper(receipt) {
  const { id: number, requested_at, erased_at, erased_by, backups_until, cause, stages: passed, counts, stays } = receipt;
  const row = (name, value) => element("tr", { "data-class": name }, element("th", { scope: "row" }, nameOf(name)), element("td", { className: "number" }, whole(value)));
  return [
    element("dl", { className: "pairs sheet" },
      pair("Number", element("code", {}, number), "wide"), pair("Erased", minute(erased_at)), pair("Promised by", minute(erased_by)),
      pair("Asked for", minute(requested_at)), pair("Why", causes[cause] ?? cause), pair("Out of the last backup by", day(backups_until), "wide")),
    element("h2", {}, "What was erased"),
    element("div", { className: "scroll", "data-testid": "erased" }, table("What was erased", [["What"], ["How many", "number"]], Object.entries(counts).sort(([a], [b]) => inOrder(a, b)).map(([name, value]) => row(name, value)), "")),
    element("h2", {}, "What stays, and why"),
    element("div", { className: "scroll" }, staysTable(stays ?? [])),
    element("h2", {}, "When what was done"),
    element("div", { className: "scroll" }, table("When what was done", [["Step"], ["Done"]], (passed ?? []).map(({ stage, at }) => element("tr", {},
      element("th", { scope: "row" }, stages[stage]?.[0] ?? stage, element("span", { className: "note" }, stages[stage]?.[2] ?? "")), element("td", { className: "date" }, minute(at)))))),
  ];
}

function save() {
  const address = URL.createObjectURL(new Blob([shown + "\n"], { type: "application/jose" }));
  element("a", { href: address, download: `nanoflux-receipt${id ? "-" + id.slice(0, 8) : ""}.jws` }).click();
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}

function takeDrops() {
  const place = byId("drop");
  const hold = (event) => { event.preventDefault(); place.classList.toggle("over", event.type === "dragover"); };
  for (const type of ["dragover", "dragleave"]) place.addEventListener(type, hold);
  place.addEventListener("drop", async (event) => {
    hold(event);
    const [file] = event.dataTransfer.files;
    const text = file ? await file.text() : event.dataTransfer.getData("text");
    byId("paste").value = text.trim();
    await checkText(text);
  });
}
