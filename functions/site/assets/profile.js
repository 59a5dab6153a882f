import { api, retry, show, signIn } from "./api.js";
import { enter, face, refreshAccount } from "./account.js";
import { showDevices } from "./devices.js";
import { byId, element } from "./element.js";
import { pages, tile } from "./image.js";
import { day } from "./money.js";
import { offerKeeping, wear } from "./preferences.js";

let account = null;

byId("name-form").addEventListener("submit", (event) => { event.preventDefault(); saveName(); });
byId("name").addEventListener("input", () => { byId("save-name").disabled = !isNewName(); });
byId("choose").addEventListener("click", choose);
byId("no-picture").addEventListener("click", () => change({ picture: "" }, "The picture is removed.", byId("picture-trouble")));
byId("themes").addEventListener("change", saveTheme);
offerKeeping();
byId("emails").addEventListener("change", saveEmails);
try {
  account = await enter();
  draw();
  open();
} catch (problem) {
  show(byId("problem"), problem, retry(() => location.reload()));
  for (const id of ["all", "devices-part"]) byId(id).hidden = true;
} finally {
  byId("all").setAttribute("aria-busy", "false");
}
if (account) showDevices();

function draw() {
  const { name, name_corrected, picture, picture_corrected, email, created_at, preferences, emails } = account;
  byId("portrait").replaceChildren(face(account));
  byId("no-picture").hidden = !picture;
  byId("about-picture").textContent = picture_corrected
    ? picture ? "From your library; nobody but you sees it." : "No picture, as you chose."
    : picture ? "We have the address of your picture at Google, and do not load it: Google would see each of your visits." : "";
  byId("name").value = name;
  byId("about-name").textContent = name_corrected ? "Corrected by you: it stays so when you sign in again." : "As Google tells it. A correction stays, also when you sign in again.";
  byId("save-name").disabled = true;
  byId("email").textContent = email;
  byId("since").textContent = day(created_at);
  for (const theme of byId("themes").querySelectorAll("input")) theme.checked = theme.value === preferences.theme;
  for (const mail of byId("emails").querySelectorAll("input")) mail.checked = emails[mail.name];
}

// open makes everything that waited for the account usable.
function open() {
  for (const id of ["name", "choose", "themes", "emails"]) byId(id).disabled = false;
}

function isNewName() {
  const name = byId("name").value.trim();
  return name !== "" && name !== account.name;
}

async function saveName() {
  if (!isNewName()) return;
  byId("save-name").disabled = true;
  if (!await change({ name: byId("name").value.trim() }, "The name is saved.", byId("name-trouble"))) byId("save-name").disabled = false;
}

// change corrects the account and shows it as it is now; false where it was refused.
async function change(fields, done, trouble) {
  trouble.replaceChildren();
  byId("said").textContent = "";
  try {
    await api("PATCH", "/api/account", { body: fields });
    const typed = isNewName() && !("name" in fields) ? byId("name").value : null; // what is not saved yet stays
    account = await refreshAccount();
    draw();
    if (typed !== null) { byId("name").value = typed; byId("save-name").disabled = false; }
    byId("said").textContent = done;
    trouble.replaceChildren(element("p", { className: "saved" }, done));
    return true;
  } catch (problem) {
    show(trouble, problem);
    return false;
  }
}

// saveTheme puts the theme on at once, and the old one again where the choice cannot be kept.
async function saveTheme({ target }) {
  const before = account.preferences.theme;
  wear(target.value);
  if (await change({ preferences: { theme: target.value } }, "The look is saved.", byId("theme-trouble"))) return;
  wear(before);
  draw();
}

async function saveEmails({ target }) {
  if (!await change({ emails: { [target.name]: target.checked } }, "Your choice is saved.", byId("emails-trouble"))) target.checked = !target.checked;
}

// choose offers the library; a click on a picture takes it.
async function choose() {
  const grid = element("ul", { className: "grid" });
  const more = element("button", { className: "second", type: "button", hidden: true }, "Show more");
  const body = byId("chooser-body");
  const next = pages(24);
  const take = async ({ id }) => {
    byId("chooser").close();
    await change({ picture: id }, "The picture is saved.", byId("picture-trouble"));
  };
  const fill = async () => {
    more.disabled = true;
    try {
      const page = await next();
      grid.append(...page.images.map((image) => tile(image, take)));
      more.hidden = !page.more;
      if (!grid.children.length) body.replaceChildren(element("p", {}, "Your library is empty. Make or upload a picture in the ", element("a", { href: "/studio" }, "studio"), " first."));
    } catch (problem) {
      if (problem.status === 401) return signIn();
      body.replaceChildren(element("div"));
      show(body.firstChild, problem, retry(choose));
    } finally {
      more.disabled = false;
    }
  };
  more.addEventListener("click", fill);
  body.replaceChildren(grid, element("p", { className: "more" }, more));
  if (!byId("chooser").open) byId("chooser").showModal();
  await fill();
}
