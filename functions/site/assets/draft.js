// What must survive a reload, a lost reply or a session that ends: kept in this tab only.
export const read = (name) => { try { return JSON.parse(sessionStorage.getItem(name)); } catch { return null; } };
export const write = (name, value) => { try { sessionStorage.setItem(name, JSON.stringify(value)); } catch { /* a full or closed store only loses the convenience */ } };
export const remove = (name) => { try { sessionStorage.removeItem(name); } catch { /* where cookies are refused, nothing was kept */ } };

export const load = () => read("draft") ?? {};
export const save = (fields) => write("draft", fields);

// keyFor gives the Idempotency-Key of an order: the same one while the same order is tried again.
export function keyFor(body) {
  const order = JSON.stringify(body);
  const last = read("order");
  if (last?.order === order) return last.key;
  const key = crypto.randomUUID();
  write("order", { order, key });
  return key;
}

export const newKey = () => remove("order");

export function ordered(id) {
  newKey();
  remove("waiting");
  write("underway", id);
}

// An order that lacks credits waits while they are bought; waiting gives its draft, or null where none waits.
export const keepWaiting = () => write("waiting", true);
export const waiting = () => (read("waiting") ? load() : null);

// What was changed on Stripe's pages is here some seconds later; wasAtPortal says once that there may be such a change.
export const goToPortal = () => write("portal", true);

export function wasAtPortal() {
  const was = read("portal");
  remove("portal");
  return Boolean(was);
}

export const underway = () => read("underway");
export const finished = () => remove("underway");
