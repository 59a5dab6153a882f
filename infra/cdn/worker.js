// The edge before the private bucket: serves signed links that end, and none of an account that is revoked. Images are kept in
// Cloudflare's cache under their address without its query, so that every link to one shares a copy and a purge by address or
// prefix drops it; archives are passed through.
//
// Bindings: BUCKET (R2), CDN_KEY (secret, 32 bytes in base64), SITE_ORIGIN (the one origin whose scripts may read images).

const revocationAge = 30_000; // ms that the answer to "is this account revoked?" may be old
const maxAge = 3600; // s that a browser may keep an image, however long its link lives
const keepFound = 3600; // s in the edge's cache
const images = ["image/png", "image/jpeg", "image/webp"];

// verdicts by account prefix, of this isolate only; an isolate is dropped at any time, and then asks anew.
const verdicts = new Map();

export default {
  async fetch(request, env, ctx) {
    return answer(request, env, ctx, Date.now(), globalThis.caches?.default);
  },
};

// answer takes clock and cache, so that tests have their own.
export async function answer(request, env, ctx, now, cache) {
  if (request.method !== "GET" && request.method !== "HEAD") {
    return refuse(env, 405, "Only GET and HEAD are answered.", { Allow: "GET, HEAD" });
  }
  if (new URL(request.url).protocol !== "https:") return refuse(env, 403, "Links work over https only."); // policy P7a
  const invalid = () => refuse(env, 403, "This link is not valid, or not any more.");
  const link = await verify(env.CDN_KEY, new URL(request.url), now);
  if (!link) return invalid();
  try {
    if (await isRevoked(env.BUCKET, link.key.split("/")[0], now)) return invalid();
  } catch {
    return refuse(env, 503, "The bucket does not answer."); // a link must be able to die while the bucket is unwell
  }
  try {
    if (link.key.split("/")[1] === "exports") return await archive(request, env, link);
    return await image(request, env, ctx, link, now, cache);
  } catch {
    return refuse(env, 502, "The bucket does not answer.");
  }
}

// verify gives the key and the expiry (seconds) of a link whose signature is right and which has not ended, else null.
async function verify(secret, { pathname, searchParams: query }, now) {
  let key;
  try {
    key = decodeURIComponent(pathname.replace(/^\//, ""));
  } catch {
    return null;
  }
  if (!isServable(key) || query.getAll("exp").length !== 1 || query.getAll("sig").length !== 1) return null;
  const written = query.get("exp");
  if (!/^[1-9][0-9]{0,11}$/.test(written) || !/^[A-Za-z0-9_-]{43}$/.test(query.get("sig"))) return null;
  const mac = await crypto.subtle.importKey("raw", bytes(secret), { name: "HMAC", hash: "SHA-256" }, false, ["sign", "verify"]);
  const text = new TextEncoder().encode(key + "\n" + written);
  // Compared as text too: the last character of base64 has bits that decoding forgets.
  const right = base64url(await crypto.subtle.sign("HMAC", mac, text)) === query.get("sig") &&
    (await crypto.subtle.verify("HMAC", mac, bytes(query.get("sig").replaceAll("-", "+").replaceAll("_", "/")), text));
  const expires = Number(written);
  return right && Math.floor(now / 1000) < expires ? { key, expires, download: query.get("download") } : null;
}

// isServable refuses keys outside an account, uploads that were not taken in yet, and segments that a parser could resolve.
function isServable(key) {
  const segments = key.split("/");
  return segments.length > 1 && /^[a-z0-9]{26}$/.test(segments[0]) && segments[1] !== "incoming" &&
    segments.every((s) => s !== "" && s !== "." && s !== "..") && !/[\u0000-\u001f\u007f\\]/.test(key);
}

async function isRevoked(bucket, prefix, now) {
  const known = verdicts.get(prefix);
  if (known && now >= known.at && now - known.at < revocationAge) return known.revoked;
  const revoked = (await bucket.head("revoked/" + prefix)) !== null;
  if (verdicts.size > 10_000) verdicts.clear();
  verdicts.set(prefix, { revoked, at: now });
  return revoked;
}

// image serves from the cache or the bucket. The cached copy never leaves as it is: what a browser may keep hangs on the link.
async function image(request, env, ctx, link, now, cache) {
  const copy = new URL(request.url);
  copy.search = "";
  let kept = await cache?.match(new Request(copy));
  const hit = Boolean(kept);
  if (!kept) {
    const object = await env.BUCKET.get(link.key);
    if (object === null) return refuse(env, 404, "No such image.");
    const type = object.httpMetadata?.contentType ?? "";
    if (!images.includes(type)) return refuse(env, 403, "This is not an image.");
    kept = new Response(object.body, {
      headers: { "Content-Type": type, "Content-Length": String(object.size), ETag: object.httpEtag, "Cache-Control": `public, max-age=${keepFound}` },
    });
    if (cache) ctx.waitUntil(cache.put(new Request(copy), kept.clone()));
  }
  const headers = policy(env);
  for (const name of ["Content-Type", "Content-Length", "ETag"]) {
    if (kept.headers.has(name)) headers.set(name, kept.headers.get(name));
  }
  headers.set("Cache-Control", `private, max-age=${Math.min(link.expires - Math.floor(now / 1000), maxAge)}`);
  headers.set("X-Edge-Cache", hit ? "HIT" : "MISS");
  if (link.download) headers.set("Content-Disposition", attachment(link.download));
  const had = request.headers.get("If-None-Match");
  if (had && had.split(",").some((tag) => tag.trim().replace(/^W\//, "") === headers.get("ETag"))) {
    headers.delete("Content-Length");
    return new Response(null, { status: 304, headers });
  }
  return new Response(request.method === "HEAD" ? null : kept.body, { headers });
}

// archive passes an archive through, whole or in part, so that a download that broke off can be gone on with.
async function archive(request, env, link) {
  const about = await env.BUCKET.head(link.key);
  if (about === null) return refuse(env, 404, "No such archive.");
  if (about.httpMetadata?.contentType !== "application/zip") return refuse(env, 403, "This is not an archive.");
  const headers = policy(env);
  headers.set("Content-Type", "application/zip");
  headers.set("ETag", about.httpEtag);
  headers.set("Accept-Ranges", "bytes");
  headers.set("Content-Disposition", attachment(link.key.split("/").at(-1)));
  headers.set("Cache-Control", "private, no-store");
  const had = request.headers.get("If-Range");
  const range = had && had !== about.httpEtag ? null : part(request.headers.get("Range"), about.size);
  if (range === "beyond") return refuse(env, 416, "The archive is not that long.", { "Content-Range": `bytes */${about.size}` });
  const length = range ? range.length : about.size;
  headers.set("Content-Length", String(length));
  if (range) headers.set("Content-Range", `bytes ${range.offset}-${range.offset + length - 1}/${about.size}`);
  const status = range ? 206 : 200;
  if (request.method === "HEAD") return new Response(null, { status, headers });
  // Only the version that was asked about, or lengths would lie.
  const object = await env.BUCKET.get(link.key, { range: range ?? undefined, onlyIf: { etagMatches: about.etag } });
  if (!object?.body) return refuse(env, 404, "No such archive.");
  return new Response(object.body, { status, headers });
}

// part reads a Range header: {offset, length}, null for all (several parts are answered with all, as RFC 9110 allows), or "beyond".
function part(header, size) {
  const [, first, last] = /^bytes=(\d*)-(\d*)$/.exec(header ?? "") ?? [];
  if (!first && !last) return null;
  const offset = first ? Number(first) : Math.max(0, size - Number(last));
  const end = first && last ? Math.min(Number(last), size - 1) : size - 1;
  if (offset >= size || (first && last && Number(last) < Number(first)) || (!first && Number(last) === 0)) return "beyond";
  return { offset, length: end - offset + 1 };
}

function attachment(name) {
  const safe = name.replace(/[^A-Za-z0-9._-]/gu, "-").replace(/^\.+/, "").slice(0, 100);
  return `attachment; filename="${safe}"`;
}

// policy is what holds for every answer: an uploaded image must never act as a document or script.
function policy(env) {
  const headers = new Headers({
    "Strict-Transport-Security": "max-age=63072000",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Cross-Origin-Resource-Policy": "cross-origin",
    "Referrer-Policy": "no-referrer",
  });
  if (env.SITE_ORIGIN) headers.set("Access-Control-Allow-Origin", env.SITE_ORIGIN);
  return headers;
}

function refuse(env, status, sentence, more = {}) {
  const headers = policy(env);
  headers.set("Cache-Control", "no-store");
  headers.set("Content-Type", "text/plain; charset=utf-8");
  for (const [name, value] of Object.entries(more)) headers.set(name, value);
  return new Response(sentence + "\n", { status, headers });
}

const bytes = (base64) => Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
const base64url = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer))).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
