import { byId, element } from "./element.js";
import { caption, pages, tile, upload } from "./image.js";

// pictures is the part of the form that holds the pictures to work on, as {id, thumbnail_url, prompt, kind}.
export function pictures(kept, changed, refused) {
  let list = kept;
  let most = 1;

  byId("choose").addEventListener("click", () => choose().catch((refusal) => { byId("chooser").close(); refused(refusal); }));
  byId("file").addEventListener("change", async ({ target }) => {
    const [file] = target.files;
    target.value = "";
    if (file) await bring(file);
  });

  async function bring(file) {
    const say = (sentence) => { byId("upload-status").textContent = sentence; };
    byId("file").disabled = true;
    try {
      add(await upload(file, say));
    } catch (refusal) {
      refused(refusal);
    } finally {
      byId("file").disabled = false;
      say("");
    }
  }

  async function choose() {
    const grid = element("ul", { className: "grid" });
    const more = element("button", { className: "second", type: "button", hidden: true }, "Show more");
    const next = pages(24);
    const fill = async () => {
      const page = await next();
      grid.append(...page.images.map((image) => tile(image, (picked) => { add(picked); byId("chooser").close(); })));
      more.hidden = !page.more;
      if (!grid.children.length) byId("chooser-body").replaceChildren(element("p", {}, "Your library is empty. Upload a file, or make a picture from words first."));
    };
    more.addEventListener("click", () => fill().catch(refused));
    byId("chooser-body").replaceChildren(grid, element("p", { className: "more" }, more));
    byId("chooser").showModal();
    await fill();
  }

  function add({ id, thumbnail_url, prompt, kind, tool }) {
    list = [...list.filter((image) => image.id !== id), { id, thumbnail_url, prompt, kind, tool }].slice(-most);
    draw();
    changed();
  }

  function drop(id) {
    list = list.filter((image) => image.id !== id);
    draw();
    changed();
    byId("choose").focus();
  }

  function draw() {
    byId("picked").replaceChildren(...list.slice(-most).map((image) => element("figure", { "data-testid": "picked" },
      element("img", { src: image.thumbnail_url, alt: caption(image), width: 112, height: 112 }),
      element("button", { className: "quiet", type: "button", onclick: () => drop(image.id) }, "Remove"))));
  }

  return {
    allow(max) {
      most = Math.max(max, 1);
      byId("pictures").querySelector("legend").textContent = max > 1 ? `Pictures to work on, up to ${max}` : "Picture to work on";
      draw();
    },
    list: () => list.slice(-most),
  };
}
