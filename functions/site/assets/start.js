import { api } from "./api.js";
import { credits } from "./account.js";
import { byId, element } from "./element.js";

byId("no-cookies").hidden = navigator.cookieEnabled;
byId("cancelled").hidden = new URLSearchParams(location.search).get("sign_in") !== "cancelled";
// Both only add to a page that is whole without them.
showTools().catch(() => {});
greet().catch(() => {});

async function showTools() {
  const { tools } = await api("GET", "/api/tools");
  byId("tools").replaceChildren(...tools.map((tool) => element("li", {},
    element("h3", {}, tool.title),
    element("p", { className: "note" }, tool.description),
    element("p", { className: "price" }, credits(tool.price)))));
}

// greet leads people who are signed in straight to the studio.
async function greet() {
  await api("GET", "/api/account");
  for (const id of ["enter", "enter-small"]) {
    byId(id).href = "/studio";
    byId(id).textContent = "Open the studio";
  }
}
