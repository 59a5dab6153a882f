import { api, Problem } from "./api.js";
import { element } from "./element.js";

const limit = 20 * 1024 * 1024;
const accepted = ["image/jpeg", "image/png", "image/webp"];

// upload brings a file into the library: offer, PUT to the bucket with exactly the signed headers, take in.
export async function upload(file, say) {
  if (!accepted.includes(file.type)) throw new Problem({ detail: "Choose a JPEG, PNG or WebP file." });
  if (file.size > limit) throw new Problem({ detail: "Choose a file of at most 20 MB." });
  say("Uploading…");
  const offer = await api("POST", "/api/uploads", { body: { content_type: file.type, bytes: file.size } });
  const stored = await fetch(offer.url, { method: "PUT", headers: offer.headers, body: file, credentials: "omit" }).catch(() => null);
  if (!stored?.ok) throw new Problem({ detail: "The upload did not go through. Try again." });
  say("Checking the picture…");
  return api("POST", `/api/uploads/${offer.id}`);
}

// caption is what a picture is called where it cannot be seen.
export const caption = (image) => image.prompt || (image.kind === "upload" ? "Uploaded picture" : titled(image.tool));

// titled is a tool's name as people read it.
export const titled = (name) => name.charAt(0).toUpperCase() + name.slice(1).replaceAll("-", " ");

// tile is a picture in a grid, as a button.
export function tile(image, onclick) {
  const picture = element("img", { loading: "lazy", decoding: "async", alt: caption(image), width: 320, height: 320, src: image.thumbnail_url });
  return element("li", { "data-id": image.id }, element("button", { type: "button", "data-testid": "image", onclick: () => onclick(image) }, picture));
}

// pages gives a function that reads the next page of the library, and null after the last.
export function pages(size) {
  let cursor = "";
  return async () => {
    if (cursor === null) return null;
    const page = await api("GET", `/api/images?limit=${size}` + (cursor && `&cursor=${encodeURIComponent(cursor)}`));
    cursor = page.next_cursor;
    return { images: page.images, more: cursor !== null };
  };
}

// nameOf is what a picture is called as a file.
const nameOf = (image) => `nanoflux-${image.id.slice(0, 8)}.${image.content_type.split("/")[1].replace("jpeg", "jpg")}`;

// download is a link that saves a picture under a good name: the CDN is told to hand it out as a file.
export function download(image) {
  const address = new URL(image.url);
  address.searchParams.set("download", nameOf(image));
  return element("a", { className: "second", href: address.href, download: nameOf(image), "data-testid": "download" }, "Download");
}

// saved saves a picture without leaving the page, so that another one can follow it.
export async function saved(image) {
  const reply = await fetch(image.url, { credentials: "omit" }).catch(() => null);
  if (!reply?.ok) throw new Problem({ detail: "A picture could not be downloaded. Check your connection and try again." });
  const address = URL.createObjectURL(await reply.blob());
  element("a", { href: address, download: nameOf(image) }).click();
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}
