import { api } from "./api.js";
import { growing, pause } from "./pause.js";

// An export is packed somewhere else, and asked after until it is ready or has failed.
export const packing = ({ state }) => state === "packing";

// isPassing says whether a question may succeed when it is asked again.
export const isPassing = ({ status }) => status === 0 || status === 429 || status >= 500;

// packed follows one export to its end; say is told each answer in between.
export async function packed(id, say) {
  for (let asked = 0; ; asked++) {
    try {
      const now = await api("GET", `/api/exports/${encodeURIComponent(id)}`);
      if (!packing(now)) return now;
      say(now);
    } catch (problem) {
      if (!isPassing(problem)) throw problem;
    }
    await pause(growing(asked, 10_000));
  }
}
