import { byId } from "./element.js";

// confirmed asks in the page's dialog and gives whether the answer was this one; every other way out of it is a no.
export function confirmed(answer) {
  const dialog = byId("confirm");
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((decide) => dialog.addEventListener("close", () => decide(dialog.returnValue === answer), { once: true }));
}
