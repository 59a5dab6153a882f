import { byId } from "./element.js";

// policy P2.4, policy P6.4: the one cookie that pages set. It holds the theme and nothing else, and only for who said yes: that there
// is none means no, so a refusal leaves nothing behind, and nothing brings the cookie back but another yes.
const name = "__Host-preferences";
const year = 365 * 24 * 60 * 60; // in seconds

const write = (theme, age) => { document.cookie = `${name}=${theme}; Path=/; Max-Age=${age}; Secure; SameSite=Lax`; };
const isKept = () => document.cookie.split("; ").some((each) => each.startsWith(name + "="));

// wear puts a theme on, and notes it for the next page's first moment, where that is wanted.
export function wear(theme) {
  document.documentElement.dataset.theme = theme;
  if (isKept()) write(theme, year);
}

// offerKeeping lets people say whether this browser keeps their preferences.
export function offerKeeping() {
  const choice = byId("keeping");
  const show = () => {
    for (const input of choice.querySelectorAll("input")) input.checked = (input.value === "yes") === isKept();
    byId("about-keeping").textContent = !navigator.cookieEnabled ? "Your browser refuses all cookies, so nothing is kept."
      : isKept() ? "One cookie keeps the look here for a year." : "No cookie keeps anything of that here.";
  };
  choice.addEventListener("change", ({ target }) => {
    if (target.value === "yes") write(document.documentElement.dataset.theme ?? "system", year);
    else write("", 0);
    show();
  });
  choice.querySelector("fieldset").disabled = !navigator.cookieEnabled;
  choice.hidden = false;
  show();
}
