import { api } from "./api.js";
import { byId, element } from "./element.js";

showTools();
greet();

async function showTools() {
  const { tools } = await api("GET", "/api/tools");
  byId("tools").replaceChildren(...tools.map((tool) => element("li", {},
    element("h3", {}, tool.title),
    element("p", { className: "note" }, tool.description),
    element("p", { className: "price" }, `${tool.price} ${tool.price === 1 ? "credit" : "credits"}`))));
}

// greet leads people who are signed in straight to the studio.
async function greet() {
  await api("GET", "/api/account");
  for (const id of ["enter", "enter-small"]) {
    byId(id).href = "/studio";
    byId(id).textContent = "Open the studio";
  }
}
