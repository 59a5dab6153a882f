import { Problem } from "./api.js";
import { read, remove, write } from "./draft.js";

const goodFor = 10 * 60_000;

// signInFreshly leaves for a new sign-in and comes back to this page. What was about to be done waits in this tab meanwhile, and
// not in the address, so that no link from elsewhere can start it.
export function signInFreshly(task, account, details = {}) {
  write("task", { task, account: account.id, until: Date.now() + goodFor, ...details });
  location.assign("/login?fresh=1&next=" + encodeURIComponent(location.pathname));
}

// resumed gives once what waited for this account's sign-in, or null. Who came back as somebody else is told so: nothing goes on
// in another account than the one it was meant for.
export function resumed(task, account) {
  const waiting = read("task");
  if (waiting?.task !== task) return null;
  remove("task");
  if (waiting.account !== account.id) {
    throw new Problem({ detail: `You have signed in as ${account.email}, which is another account than before. Nothing was done; this page now shows that account.` });
  }
  return Date.now() < waiting.until ? waiting : null;
}

// isFresh guesses, a minute early, whether a sign-in still counts; the service decides.
export const isFresh = (account) => Date.now() - Date.parse(account.signed_in_at) < goodFor - 60_000;
