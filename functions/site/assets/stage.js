import { api } from "./api.js";
import { credits } from "./account.js";
import { byId, element } from "./element.js";
import { download } from "./image.js";

const wait = (ms) => new Promise((done) => setTimeout(done, ms));
const sentences = {
  sending: () => "Sending the order…",
  queued: (seconds) => seconds < 5 ? "In the queue…" : `In the queue for ${seconds} s…`,
  running: (seconds) => seconds < 3 ? "Drawing…" : `Drawing for ${seconds} s…`,
};

// follow asks after an order until it has ended, and bears with a connection that comes and goes.
export async function follow(id) {
  let missed = 0;
  for (let asked = 0; ; asked++) {
    try {
      const generation = await api("GET", `/api/generations/${encodeURIComponent(id)}`);
      if (generation.status === "succeeded" || generation.status === "failed") return generation;
      missed = 0;
      showWaiting(generation);
    } catch (problem) {
      const passing = problem.status === 0 || problem.status === 429 || problem.status >= 500;
      if (!passing || ++missed > 10) throw problem;
    }
    await wait(asked < 60 && !missed ? 700 : 2000);
  }
}

// showWaiting says how far an order is; null brings the stage back to rest.
export function showWaiting(generation) {
  byId("result").hidden = true;
  byId("drawing").hidden = false;
  const status = byId("status");
  if (!generation) {
    byId("drawing").className = "drawing idle";
    return say("idle", "");
  }
  const since = Date.parse(generation.started_at ?? generation.created_at ?? new Date());
  const seconds = Math.max(0, Math.round((Date.now() - since) / 1000));
  if (status.dataset.state !== generation.status) {
    const [width, height] = (generation.size ?? "1x1").split("x").map(Number);
    byId("drawing").className = "drawing" + (width > height ? " wide" : width < height ? " tall" : "");
    if (matchMedia("(max-width: 879px)").matches) status.scrollIntoView({ block: "start" });
  }
  say(generation.status, sentences[generation.status]?.(seconds) ?? "Working…");
}

export function showDone(generation) {
  byId("drawing").hidden = true;
  say("succeeded", `Done, for ${credits(generation.cost)}. It is in your library.`);
  const [image] = generation.images;
  byId("result").hidden = false;
  byId("result").replaceChildren(!image ? element("p", {}, "The picture has been deleted.") : element("figure", { className: "result" },
    element("a", { href: image.url, target: "_blank", rel: "noopener noreferrer" },
      element("img", { src: image.url, alt: generation.prompt || "The picture", width: image.width, height: image.height })),
    element("figcaption", {}, generation.prompt || ""),
    element("div", { className: "row" },
      download(image),
      element("a", { className: "second", href: "/library" }, "Open the library"))));
}

export function showFailed(generation) {
  byId("drawing").hidden = true;
  byId("result").hidden = true;
  say("failed", generation.error?.detail ?? "No picture came of it; your credits have been returned.");
}

function say(state, sentence) {
  const status = byId("status");
  status.dataset.state = state;
  if (status.textContent !== sentence) status.textContent = sentence;
}
