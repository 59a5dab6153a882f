import { element } from "./element.js";

// Problem is a refusal: its message is the sentence for people, its code is for us.
export class Problem extends Error {
  constructor({ status = 0, code = "unreachable", detail, requestId = "", fields = {} }) {
    super(detail);
    Object.assign(this, { status, code, requestId, fields });
  }
}

// api calls one route and gives its JSON (null where there is none); every refusal is thrown as a Problem.
export async function api(method, path, { body, headers = {} } = {}) {
  if (body !== undefined) headers = { "Content-Type": "application/json", ...headers };
  let reply;
  try {
    reply = await fetch(path, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
  } catch {
    throw new Problem({ detail: "The service cannot be reached. Check your connection and try again." });
  }
  const text = await reply.text().catch(() => "");
  let content = null;
  try { content = text ? JSON.parse(text) : null; } catch { /* a reply that is not JSON has no sentence for us */ }
  if (reply.ok) return content;
  throw new Problem({
    status: reply.status,
    code: content?.code ?? "unknown",
    detail: content?.detail ?? `The service answered ${reply.status}. Try again in a moment.`,
    fields: content?.fields ?? {},
    requestId: content?.request_id ?? reply.headers.get("X-Request-Id") ?? "",
  });
}

// signInAddress is where to sign in so as to come back to an address of this site.
export const signInAddress = (next) => "/login?next=" + encodeURIComponent(next);

// signIn leaves for the sign-in and comes back to this page; where all cookies are refused, the start page says what it needs.
export function signIn() {
  location.replace(navigator.cookieEnabled ? signInAddress(location.pathname + location.search) : "/");
}

// show tells people what went wrong, with what else may help; a session that has ended leads to sign in instead.
export function show(place, problem, ...help) {
  if (problem?.status === 401) return signIn();
  if (!(problem instanceof Problem)) console.error(problem);
  const sentence = problem instanceof Problem ? problem.message : "This page made a mistake. Reload it and try again.";
  place.replaceChildren(element("div", { className: "problem", role: "alert" }, sentence,
    ...Object.values(problem?.fields ?? {}).map((about) => element("p", {}, about)),
    ...help,
    problem?.requestId ? element("small", {}, "Request ", element("code", {}, problem.requestId)) : null));
}

// retry is a button for show: it tries again what failed.
export function retry(again) {
  const button = element("button", { className: "second", type: "button", "data-testid": "retry" }, "Try again");
  button.addEventListener("click", () => { button.disabled = true; again(); });
  return element("p", {}, button);
}
