import { element } from "./element.js";
import { bytes, counted, minute } from "./money.js";

const tags = { packing: ["Being prepared", ""], ready: ["Ready", "good"], failed: ["Failed", "bad"] };

const reasons = { gave_up: "It could not be finished within a day, and was given up. Nothing of yours is lost." };

// exportCard shows one export: {node, state, update, links}. does has what its buttons do: remove(id, trouble), again(), and
// renew(id), which gives the card with fresh links.
export function exportCard(first, does) {
  const body = { packing: underWay, ready, failed }[first.state](first, does);
  const [words, look] = tags[first.state];
  const node = element("article", { className: "sheet export", "data-testid": "export", "data-state": first.state },
    element("div", { className: "title-row" },
      element("h3", {}, first.scope === "account" ? "Everything" : "A selection of pictures", " ", element("span", { className: `tag ${look}` }, words)),
      element("span", { className: "note" }, `Ordered ${minute(first.ordered_at)}`)),
    ...body.nodes);
  body.update(first);
  return { node, state: first.state, update: body.update, links: body.links };
}

function underWay() {
  const bar = element("progress", { max: 100, ariaLabel: "How much is packed", "data-testid": "progress" });
  const says = element("p", { className: "amount", "data-testid": "progress-says" });
  return {
    nodes: [bar, says, element("p", { className: "note" }, "You may close this page: it goes on without you, and waits for you here. What you change meanwhile is either in it or listed as changed.")],
    update({ percent, bytes_done, bytes_total, files }) {
      bar.value = percent;
      says.replaceChildren(element("b", {}, `${Math.floor(percent)} %`), bytes_total ? ` · ${bytes(bytes_done)} of ${bytes(bytes_total)}` : " · counting what there is", files ? ` · ${counted(files, "file")}` : "");
    },
  };
}

function ready(_, does) {
  const list = element("ul", { className: "volumes" });
  const ends = element("p", { className: "note" });
  const left = element("div");
  const trouble = element("div");
  let links = [];
  return {
    links: () => links,
    nodes: [list, left, ends, element("div", { className: "row" }, removal(does, (current) => does.remove(current, trouble))), trouble],
    update(now) {
      const { id, volumes, links_expire_at, expires_at, omitted, files } = now;
      const address = JSON.stringify(volumes);
      if (list.dataset.shown !== address) { // a link that somebody has in focus stays
        list.dataset.shown = address;
        links = volumes.map((volume) => link(volume, now, does));
        list.replaceChildren(...volumes.map((volume, i) => element("li", {},
          element("span", {}, element("b", {}, volume.name), element("span", { className: "note" }, volumes.length > 1 ? `Part ${volume.number} of ${volumes.length}, ${bytes(volume.bytes)}` : bytes(volume.bytes))), links[i])));
      }
      list.dataset.id = id;
      ends.replaceChildren(`${counted(files, "file")} inside. The links work until ${minute(links_expire_at)}, a reload makes new ones. The export itself is removed `, element("b", {}, minute(expires_at)), ".");
      left.replaceChildren(omitted ? element("p", { className: "notice warn", "data-testid": "omitted" }, `${counted(omitted, "thing")} could not be included. `, element("code", {}, "manifest.json"), " in the export lists each, with the reason.") : "");
    },
  };
}

// removal is the button that takes an export away; it finds the export's id where update left it.
function removal(does, remove) {
  const button = element("button", { className: "second", type: "button", "data-testid": "remove-export" }, "Remove it now");
  button.addEventListener("click", () => remove(button.closest(".export").querySelector("[data-id]").dataset.id));
  return button;
}

// link downloads a volume; one that has ended is renewed first.
function link({ number, name, url }, { id, links_expire_at }, does) {
  const node = element("a", { className: "button", href: url, download: name, "data-testid": "volume" }, "Download", element("span", { className: "unseen" }, ` ${name}`));
  node.addEventListener("click", async (event) => {
    if (Date.now() < Date.parse(links_expire_at)) return;
    event.preventDefault();
    const fresh = await does.renew(id).catch(() => null);
    if (fresh) location.assign(fresh.links()[number - 1].href);
  });
  return node;
}

function failed({ id, error, scope }, does) {
  const again = scope === "account"
    ? element("button", { className: "button", type: "button", "data-testid": "order-again", onclick: does.again }, "Order it again")
    : element("a", { className: "button", href: "/library" }, "Select the pictures again");
  const trouble = element("div");
  return {
    nodes: [
      element("p", { className: "notice bad" }, reasons[error] ?? "It could not be finished. Nothing of yours is lost."),
      element("div", { className: "row", "data-id": id }, again, removal(does, (current) => does.remove(current, trouble))), trouble],
    update() {},
  };
}
