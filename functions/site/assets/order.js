import { Problem, show } from "./api.js";
import { byId, element } from "./element.js";
import * as draft from "./draft.js";
import { credits } from "./account.js";
import { pictures } from "./pictures.js";

const shapes = { "1024x1024": ["square", "Square"], "1344x768": ["wide", "Wide"], "768x1344": ["tall", "Tall"] };
// form fills the order form with the tools and gives {body()}: the order as it is filled in, or a Problem thrown.
export function form(tools, problem) {
  const kept = draft.load();
  let tool = tools.find(({ name }) => name === kept.tool) ?? tools[0];
  const picked = pictures(kept.images ?? [], save, (refusal) => show(problem, refusal));

  byId("tools").replaceChildren(...tools.map((each) => element("label", {},
    element("input", { type: "radio", name: "tool", value: each.name, checked: each === tool, "data-testid": "tool", onchange: () => { tool = each; fit(); save(); } }),
    each.title)));
  byId("prompt").value ||= kept.prompt ?? ""; // what was typed while this page loaded stays
  byId("seed").value = kept.seed ?? "";
  byId("seed-field").open = Boolean(kept.seed);
  byId("prompt").addEventListener("input", () => { count(); save(); });
  byId("seed").addEventListener("input", save);
  fit(kept.size);
  save();

  // fit shows the fields that this tool takes.
  function fit(size = chosenSize()) {
    const { prompt, images, seed } = tool.inputs;
    byId("about-tool").textContent = `${tool.description} ${madeBy(tool.made_by)}`;
    byId("prompt-field").hidden = !takesPrompt(tool);
    document.querySelector("label[for=prompt]").textContent = prompt?.required ? "Describe it" : "Describe it, if you like";
    byId("prompt").required = Boolean(prompt?.required);
    byId("prompt").placeholder = images?.max ? "What should change?" : "A lighthouse in a storm, oil on canvas";
    byId("seed-field").hidden = !seed;
    byId("pictures").hidden = !images?.max;
    picked.allow(images?.max ?? 0);
    byId("size-field").hidden = !tool.sizes?.length;
    byId("sizes").replaceChildren(...(tool.sizes ?? []).map((each, i) => sizeChoice(each, each === size || (i === 0 && !tool.sizes.includes(size)))));
    byId("generate").textContent = `Generate for ${credits(tool.price)}`;
    byId("price").textContent = "Given back if no picture comes of it.";
    count();
  }

  function sizeChoice(size, checked) {
    const [shape, title] = shapes[size] ?? ["square", size];
    return element("label", { title: size.replace("x", " × ") },
      element("input", { type: "radio", name: "size", value: size, checked, onchange: save }), element("i", { className: shape, ariaHidden: "true" }), title);
  }

  function count() {
    const { max } = tool.inputs.prompt ?? {};
    const length = [...byId("prompt").value].length;
    byId("prompt-count").textContent = max ? `${length} of ${max}` : "";
    byId("prompt-count").classList.toggle("over", length > max);
  }

  function save() {
    problem.replaceChildren(); // whatever it said, it was about the form as it was
    draft.save({ tool: tool.name, prompt: byId("prompt").value, size: chosenSize(), seed: byId("seed").value, images: picked.list() });
  }

  function body() {
    const order = { tool: tool.name };
    const prompt = byId("prompt").value.trim();
    const seed = byId("seed").value;
    if (takesPrompt(tool)) check(prompt, tool);
    if (takesPrompt(tool) && prompt) order.prompt = prompt;
    if (chosenSize()) order.size = chosenSize();
    if (tool.inputs.seed && !byId("seed").validity.valid) throw at("seed", "Give a whole number from 0 to 2147483647 as seed, or none.");
    if (tool.inputs.seed && seed !== "") order.seed = Number(seed);
    if (tool.inputs.images?.max) order.images = picked.list().map(({ id }) => id);
    if ((order.images?.length ?? 0) < (tool.inputs.images?.min ?? 0)) throw at("choose", "Choose a picture to work on first.");
    return order;
  }

  return { body };
}

const takesPrompt = (tool) => Boolean(tool.inputs.prompt?.required || tool.inputs.prompt?.max);
const chosenSize = () => document.querySelector("#sizes input:checked")?.value;

function check(prompt, { inputs }) {
  if (inputs.prompt.required && !prompt) throw at("prompt", "Describe the picture first.");
  if (inputs.prompt.max && [...prompt].length > inputs.prompt.max) throw at("prompt", `Use at most ${inputs.prompt.max} characters.`);
}

function at(field, sentence) {
  byId(field).focus();
  return new Problem({ code: "form", detail: sentence });
}

const providers = { "workers-ai": "Cloudflare Workers AI", gemini: "Google Gemini" };

function madeBy({ provider, model, computed } = {}) {
  if (computed) return `How: ${computed}`;
  return model ? `Made by ${model.split("/").pop()} at ${providers[provider] ?? provider}.` : "";
}
