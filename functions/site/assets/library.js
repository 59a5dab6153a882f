import { api, show } from "./api.js";
import { enter } from "./account.js";
import { confirmed } from "./confirm.js";
import { byId, element } from "./element.js";
import { caption, download, pages, tile, titled } from "./image.js";
import { selection } from "./selection.js";

const next = pages(24);
const problem = byId("problem");
const chosen = selection();

byId("more").addEventListener("click", () => more().catch((refusal) => show(problem, refusal)));
try {
  byId("images").append(...Array.from({ length: 6 }, () => element("li", { className: "waiting" })));
  await enter();
  await more();
} catch (refusal) {
  show(problem, refusal);
} finally {
  byId("images").querySelectorAll(".waiting").forEach((place) => place.remove());
  byId("images").setAttribute("aria-busy", "false");
}

async function more() {
  const button = byId("more");
  button.disabled = true;
  try {
    const page = await next();
    problem.replaceChildren();
    byId("images").querySelectorAll(".waiting").forEach((place) => place.remove());
    byId("images").append(...page.images.map((image) => tile(image, (picked) => (chosen.isOn() ? chosen.toggle(picked) : open(picked)))));
    button.hidden = !page.more;
    chosen.mark();
    showEmpty();
  } finally {
    button.disabled = false;
  }
}

function showEmpty() {
  const isEmpty = byId("images").children.length === 0 && byId("more").hidden;
  byId("empty").hidden = !isEmpty;
  byId("take").hidden = isEmpty;
}

// open shows one picture; it is read again, because the links in a list may have ended.
async function open(listed) {
  try {
    const image = await api("GET", `/api/images/${listed.id}`);
    const trouble = element("div");
    byId("detail-body").replaceChildren(element("div", { className: "facts" },
      element("img", { src: image.url, alt: caption(image), width: image.width, height: image.height }),
      element("div", {}, facts(image), element("div", { className: "row" },
        download(image),
        element("button", { className: "second danger", type: "button", "data-testid": "delete", onclick: () => remove(image, trouble) }, "Delete")),
        trouble)));
    byId("detail").showModal();
  } catch (refusal) {
    if (refusal.code === "image_not_found") forget(listed.id);
    show(problem, refusal);
  }
}

function facts(image) {
  const list = element("dl");
  const say = (name, value) => value && list.append(element("div", {}, element("dt", {}, name), element("dd", {}, value)));
  say("Prompt", image.prompt);
  say("Tool", image.tool ? titled(image.tool) : "Uploaded");
  say("Size", `${image.width} × ${image.height}, ${(image.bytes / 1024 / 1024).toFixed(1)} MB`);
  say("Made", new Date(image.created_at).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" }));
  return list;
}

async function remove(image, trouble) {
  if (!await confirmed("delete")) return;
  try {
    await api("DELETE", `/api/images/${image.id}`);
  } catch (refusal) {
    if (refusal.code !== "image_not_found") return show(trouble, refusal);
  }
  byId("detail").close();
  forget(image.id);
  byId("said").textContent = "The picture is deleted.";
}

function forget(id) {
  const gone = byId("images").querySelector(`[data-id="${CSS.escape(id)}"]`);
  const neighbour = gone?.nextElementSibling ?? gone?.previousElementSibling;
  gone?.remove();
  chosen.forget(id);
  neighbour?.querySelector("button").focus();
  showEmpty();
}
