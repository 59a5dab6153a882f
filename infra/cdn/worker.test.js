// node --test infra/cdn: the worker over the vectors that every edge must agree with, then over what they do not say.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { webcrypto } from "node:crypto";
import test from "node:test";

globalThis.crypto ??= webcrypto; // node before 19
const { answer } = await import("./worker.js");

const vectors = JSON.parse(readFileSync(new URL("vectors.json", import.meta.url), "utf8"));
const [plain] = vectors;
const site = "https://images.example";

// bucket answers as much of R2's binding as the worker asks.
class Bucket {
  constructor(objects) {
    this.objects = new Map(Object.entries(objects));
    this.heads = 0;
    this.gets = 0;
    this.broken = false;
  }
  #object(key) {
    if (this.broken) throw new Error("broken");
    const found = this.objects.get(key);
    if (!found) return null;
    const [contentType, text] = found;
    return { key, size: text.length, etag: "e" + text.length, httpEtag: `"e${text.length}"`, httpMetadata: { contentType }, text };
  }
  async head(key) {
    this.heads++;
    return this.#object(key);
  }
  async get(key, { range } = {}) {
    this.gets++;
    const object = this.#object(key);
    if (!object) return null;
    const text = range ? object.text.slice(range.offset, range.offset + range.length) : object.text;
    return { ...object, body: new Response(text).body };
  }
}

class Cache {
  kept = new Map();
  async match(request) {
    return this.kept.get(request.url)?.clone();
  }
  async put(request, response) {
    this.kept.set(request.url, response);
  }
}

const context = { waitUntil: (promise) => promise };
const prefixOf = (n) => String(n).padStart(26, "a"); // verdicts are kept by prefix, so each test has its own

async function sign(key, expires, secret = plain.key_base64) {
  const mac = await crypto.subtle.importKey("raw", Buffer.from(secret, "base64"), { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  const sig = Buffer.from(await crypto.subtle.sign("HMAC", mac, new TextEncoder().encode(`${key}\n${expires}`))).toString("base64url");
  return `${site}/${key}?exp=${expires}&sig=${sig}`;
}

const at = plain.now * 1000;
const ask = (address, bucket, { now = at, cache, ...init } = {}) =>
  answer(new Request(address, init), { BUCKET: bucket, CDN_KEY: plain.key_base64, SITE_ORIGIN: "https://site.example" }, context, now, cache);

test("there are vectors", () => assert.ok(vectors.length >= 12));

for (const [i, v] of vectors.entries()) {
  test(`vector: ${v.name}`, async () => {
    const objects = { [v.object_key]: ["image/png", "picture"] };
    if (v.revoked) objects["revoked/" + v.object_key.split("/")[0]] = ["text/plain", ""];
    const env = { BUCKET: new Bucket(objects), CDN_KEY: v.key_base64 };
    const isolate = await import(`./worker.js?${i}`); // of its own, or one's verdict would be another's
    const reply = await isolate.answer(new Request(site + v.url), env, context, v.now * 1000);
    assert.equal(reply.status, v.status, v.url);
    assert.equal((await reply.text()) === "picture", v.valid);
  });
}

test("an image comes with its headers, the second time from the cache", async () => {
  const key = prefixOf(1) + "/i/a.png", bucket = new Bucket({ [key]: ["image/png", "0123456789"] }), cache = new Cache();
  const first = await ask(await sign(key, plain.now + 600), bucket, { cache });
  assert.deepEqual([first.status, await first.text(), first.headers.get("X-Edge-Cache")], [200, "0123456789", "MISS"]);
  assert.equal(first.headers.get("Cache-Control"), "private, max-age=600");
  assert.equal(first.headers.get("Content-Security-Policy"), "default-src 'none'; sandbox");
  assert.equal(first.headers.get("Access-Control-Allow-Origin"), "https://site.example");
  const second = await ask(await sign(key, plain.now + 90000), bucket, { cache });
  assert.deepEqual([await second.text(), second.headers.get("X-Edge-Cache"), second.headers.get("Cache-Control")], ["0123456789", "HIT", "private, max-age=3600"]);
  assert.equal(bucket.gets, 1);
  const tag = { headers: { "If-None-Match": second.headers.get("ETag") } };
  assert.equal((await ask(await sign(key, plain.now + 600), bucket, { cache, ...tag })).status, 304);
  assert.equal((await ask(await sign(key, plain.now + 600), bucket, { method: "POST" })).status, 405);
});

test("nothing travels plain, and browsers are told so", async () => {
  const key = prefixOf(8) + "/i/a.png", bucket = new Bucket({ [key]: ["image/png", "x"] });
  const link = await sign(key, plain.now + 600);
  assert.equal((await ask(link.replace("https:", "http:"), bucket)).status, 403);
  const reply = await ask(link, bucket);
  assert.deepEqual([reply.status, reply.headers.get("Strict-Transport-Security")], [200, "max-age=63072000"]);
});

test("what is no image is refused, what is missing is not found", async () => {
  const page = prefixOf(2) + "/i/a.png", bucket = new Bucket({ [page]: ["text/html", "<script>"] });
  assert.equal((await ask(await sign(page, plain.now + 600), bucket)).status, 403);
  assert.equal((await ask(await sign(prefixOf(2) + "/i/none.png", plain.now + 600), bucket)).status, 404);
});

test("a revoked account's links die within thirty seconds, cached ones too, and live again", async () => {
  const key = prefixOf(3) + "/i/a.png", mark = "revoked/" + prefixOf(3);
  const bucket = new Bucket({ [key]: ["image/png", "x"] }), cache = new Cache();
  const link = await sign(key, plain.now + 600);
  const status = async (seconds) => (await ask(link, bucket, { cache, now: at + seconds * 1000 })).status;
  assert.equal(await status(0), 200);
  bucket.objects.set(mark, ["text/plain", ""]);
  assert.equal(await status(30), 403);
  bucket.objects.delete(mark);
  assert.equal(await status(60), 200);
  bucket.broken = true;
  assert.equal(await status(61), 200); // known, and cached
  assert.equal(await status(91), 503);
});

test("an archive is passed through, whole or in part, and never cached", async () => {
  const key = prefixOf(4) + "/exports/b/nanoflux-1.zip", bucket = new Bucket({ [key]: ["application/zip", "0123456789"] }), cache = new Cache();
  const link = await sign(key, plain.now + 86400);
  const whole = await ask(link, bucket, { cache });
  assert.deepEqual([whole.status, await whole.text(), whole.headers.get("Content-Length")], [200, "0123456789", "10"]);
  assert.equal(whole.headers.get("Content-Disposition"), 'attachment; filename="nanoflux-1.zip"');
  assert.equal(whole.headers.get("Cache-Control"), "private, no-store");
  const tag = whole.headers.get("ETag");
  for (const [range, ifRange, status, text, written] of [
    ["bytes=2-4", null, 206, "234", "bytes 2-4/10"],
    ["bytes=7-", tag, 206, "789", "bytes 7-9/10"],
    ["bytes=-3", null, 206, "789", "bytes 7-9/10"],
    ["bytes=7-99", null, 206, "789", "bytes 7-9/10"],
    ["bytes=7-", '"other"', 200, "0123456789", null],
    ["bytes=0-1,4-5", null, 200, "0123456789", null],
    ["bytes=10-", null, 416, "The archive is not that long.\n", "bytes */10"],
  ]) {
    const reply = await ask(link, bucket, { headers: { Range: range, ...(ifRange && { "If-Range": ifRange }) } });
    assert.deepEqual([reply.status, await reply.text(), reply.headers.get("Content-Range")], [status, text, written], range);
  }
  const head = await ask(link, bucket, { method: "HEAD" });
  assert.deepEqual([head.status, head.headers.get("Content-Length"), await head.text()], [200, "10", ""]);
  assert.equal(cache.kept.size, 0);
  assert.equal((await ask(link, bucket, { now: at + 86_400_000 })).status, 403);
  bucket.objects.set(key, ["text/html", "<script>"]);
  assert.equal((await ask(link, bucket)).status, 403);
});

test("an image is saved under the name that the link asks for", async () => {
  const key = prefixOf(5) + "/i/a.png", bucket = new Bucket({ [key]: ["image/png", "x"] });
  const link = await sign(key, plain.now + 600);
  for (const [name, want] of [["a-red_fox.png", "a-red_fox.png"], ['"\r\nX: y;/..', "---X--y--.."], ["../.profile", "-.profile"], ["a".repeat(200), "a".repeat(100)]]) {
    const reply = await ask(`${link}&download=${encodeURIComponent(name)}`, bucket);
    assert.equal(reply.headers.get("Content-Disposition"), `attachment; filename="${want}"`);
  }
  assert.equal((await ask(link, bucket)).headers.get("Content-Disposition"), null);
});
