import { api } from "./api.js";

// verify checks a receipt in this browser: a JWS in compact form (RFC 7515), signed with Ed25519 (RFC 8037). It gives the verdict
// (holds, changed, unknown, unreadable, uncheckable) and the receipt, where it can be read.
export async function verify(jws) {
  const parts = jws.split(".");
  const [header, receipt] = [json(parts[0]), json(parts[1])];
  const signature = parts.length === 3 ? bytesOf(parts[2]) : null;
  if (!header || !signature) return { verdict: "unreadable" };
  if (header.alg !== "EdDSA") return { verdict: "unknown", receipt };
  const { keys } = await api("GET", "/.well-known/jwks.json");
  const key = keys.find(({ kid, kty, crv }) => kid === header.kid && kty === "OKP" && crv === "Ed25519");
  if (!key) return { verdict: "unknown", receipt };
  let holds;
  try {
    const imported = await crypto.subtle.importKey("jwk", { kty: key.kty, crv: key.crv, x: key.x }, { name: "Ed25519" }, false, ["verify"]);
    holds = await crypto.subtle.verify({ name: "Ed25519" }, imported, signature, new TextEncoder().encode(`${parts[0]}.${parts[1]}`));
  } catch {
    return { verdict: "uncheckable", receipt };
  }
  return { verdict: holds ? "holds" : "changed", receipt };
}

// bytesOf reads base64url without padding; null for what is none.
function bytesOf(text) {
  if (!/^[\w-]+$/.test(text ?? "")) return null;
  try {
    return Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (letter) => letter.charCodeAt(0));
  } catch {
    return null;
  }
}

function json(part) {
  try {
    const value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytesOf(part)));
    return typeof value === "object" ? value : null;
  } catch {
    return null;
  }
}
