import { api, retry, show } from "./api.js";
import { forget } from "./account.js";
import { confirmed } from "./confirm.js";
import { byId, element } from "./element.js";
import { day, minute } from "./money.js";

// showDevices lists the browsers that are signed in; each can be signed out from here.
export async function showDevices() {
  const list = byId("devices");
  byId("end-all").onclick = endAll;
  try {
    const { sessions } = await api("GET", "/api/account/sessions");
    list.replaceChildren(...sessions.toSorted((a, b) => b.current - a.current || Date.parse(b.last_seen_at) - Date.parse(a.last_seen_at)).map(device));
    byId("devices-trouble").replaceChildren();
    byId("end-all").hidden = false;
  } catch (problem) {
    list.replaceChildren();
    show(byId("devices-trouble"), problem, retry(showDevices));
  } finally {
    list.setAttribute("aria-busy", "false");
  }
}

function device({ id, browser, system, address, created_at, last_seen_at, expires_at, current }) {
  const name = [browser, system].filter(Boolean).join(" on ") || "Unknown device";
  const end = element("button", { className: "second", type: "button", "data-testid": "end-session" }, "Sign out", element("span", { className: "unseen" }, ` ${name}, ${address}`));
  const row = element("li", { "data-testid": "device", tabIndex: -1 },
    element("div", { className: "what" },
      element("b", {}, name, " ", current ? element("span", { className: "tag good" }, "This device") : ""),
      element("span", { className: "note" }, `${address || "Address unknown"} · last seen ${lately(last_seen_at)}`),
      element("span", { className: "note" }, `Signed in ${minute(created_at)}, until ${day(expires_at)} at the latest`)),
    current ? "" : end);
  end.addEventListener("click", async () => {
    end.disabled = true;
    try {
      await api("DELETE", `/api/account/sessions/${encodeURIComponent(id)}`);
    } catch (problem) {
      end.disabled = false;
      if (problem.code !== "session_not_found") return show(byId("devices-trouble"), problem);
    }
    byId("devices-trouble").replaceChildren();
    (row.nextElementSibling ?? row.previousElementSibling)?.focus();
    row.remove();
    byId("said").textContent = `${name} is signed out.`;
  });
  return row;
}

// lately says a time that is known to within an hour no more exactly than that.
function lately(time) {
  const hours = Math.floor((Date.now() - Date.parse(time)) / 3_600_000);
  if (hours < 1) return "within the last hour";
  if (hours < 24) return hours === 1 ? "an hour ago" : `${hours} hours ago`;
  return minute(time);
}

async function endAll() {
  if (!await confirmed("end")) return;
  try {
    await api("DELETE", "/api/account/sessions");
  } catch (problem) {
    if (problem.status !== 401) return show(byId("devices-trouble"), problem);
  }
  forget();
  location.assign("/");
}
