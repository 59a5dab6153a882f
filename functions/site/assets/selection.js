import { api, show } from "./api.js";
import { byId, element } from "./element.js";
import { packed, packing } from "./export.js";
import { saved } from "./image.js";
import { bytes, counted } from "./money.js";

const few = 10; // as many are simply saved one after another; more come as one file
const most = 500;

// selection is the part of the library that takes several pictures with them.
export function selection() {
  const chosen = new Map(); // by the picture's id
  let on = false;
  let busy = false;

  byId("select").addEventListener("click", () => turn(!on));
  byId("stop").addEventListener("click", () => turn(false));
  byId("save").addEventListener("click", save);

  function turn(to) {
    if (busy) return;
    on = to;
    if (!on) chosen.clear();
    byId("select").ariaPressed = String(on);
    byId("selected").hidden = !on;
    byId("selected-result").replaceChildren();
    byId("images").classList.toggle("selecting", on);
    mark();
    if (!on) byId("select").focus();
  }

  function toggle(image) {
    if (busy) return;
    byId("selected-result").replaceChildren();
    if (!chosen.delete(image.id) && chosen.size < most) chosen.set(image.id, image);
    mark();
  }

  // mark shows what is chosen; a tile says by itself that it is pressed.
  function mark() {
    for (const tile of byId("images").querySelectorAll("[data-id]")) {
      tile.querySelector("button").ariaPressed = on ? String(chosen.has(tile.dataset.id)) : null;
    }
    say(chosen.size ? `${counted(chosen.size, "picture")} selected${chosen.size === most ? ", the most at once" : ""}` : "Select the pictures to download");
    byId("save").disabled = busy || chosen.size === 0;
    byId("save").hidden = false;
  }

  const say = (sentence) => { if (byId("selected-says").textContent !== sentence) byId("selected-says").textContent = sentence; };

  async function save() {
    busy = true;
    for (const id of ["save", "stop", "select"]) byId(id).disabled = true;
    const result = byId("selected-result");
    result.replaceChildren();
    try {
      if (chosen.size <= few) await oneByOne();
      else result.replaceChildren(...await asOneFile());
    } catch (problem) {
      show(result, problem);
    } finally {
      busy = false;
      for (const id of ["stop", "select"]) byId(id).disabled = false;
      byId("save").disabled = chosen.size === 0;
      byId("save").hidden = result.querySelector("[data-testid=volume]") !== null; // until another choice
    }
  }

  async function oneByOne() {
    let done = 0;
    for (const { id } of chosen.values()) {
      say(`Saving ${++done} of ${chosen.size}…`);
      await saved(await api("GET", `/api/images/${id}`)); // read again: links in a list may have ended
    }
    say(`${counted(done, "picture")} saved.`);
  }

  // asOneFile has the pictures packed, and gives what leads to the files.
  async function asOneFile() {
    say(`${counted(chosen.size, "picture")}: packing begins…`);
    const { exports: before } = await api("GET", "/api/exports");
    if (before.some((each) => each.scope === "images" && packing(each))) { // one at a time, and an order would be answered with that one
      return [element("p", { className: "notice" }, "Another selection is being packed just now. ", element("a", { href: "/exports" }, "See how far it is"), ", and download this one afterwards.")];
    }
    const ordered = await api("POST", "/api/exports", { body: { images: [...chosen.keys()] } });
    const done = await packed(ordered.id, ({ percent, bytes_done, bytes_total }) => say(`Packing: ${Math.floor(percent)} %${bytes_total ? `, ${bytes(bytes_done)} of ${bytes(bytes_total)}` : ""}`));
    if (done.state === "failed") return [element("p", { className: "notice bad" }, "The pictures could not be packed. Try again.")];
    say(`${counted(chosen.size, "picture")}, ready to be downloaded`);
    return [
      element("div", { className: "row" }, ...done.volumes.map(({ number, name, url, bytes: size }) => element("a", { className: "button", href: url, download: name, "data-testid": "volume" },
        done.volumes.length > 1 ? `Part ${number}, ${bytes(size)}` : `Download, ${bytes(size)}`))),
      element("p", { className: "note" }, done.omitted ? `${counted(done.omitted, "picture")} could not be included; manifest.json says why. ` : "", "It also waits for seven days under ", element("a", { href: "/exports" }, "Export"), "."),
    ];
  }

  return { isOn: () => on, toggle, mark, forget: (id) => { if (chosen.delete(id)) mark(); } };
}
