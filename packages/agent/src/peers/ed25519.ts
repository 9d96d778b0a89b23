import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from "node:crypto";

/** RFC 8410: the fixed headings of an Ed25519 private and public key, before their 32 bytes. */
const privateHeading = Buffer.from("302e020100300506032b657004220420", "hex");
const publicHeading = Buffer.from("302a300506032b6570032100", "hex");

/** Node's key for the 32 bytes of seed that `raw` begins with. */
export function privateKeyOf(raw: Uint8Array): KeyObject {
  const key = Buffer.concat([privateHeading, raw.subarray(0, 32)]);
  return createPrivateKey({ key, format: "der", type: "pkcs8" });
}

/** Node's key for 32 bytes of public key. Throws what node:crypto throws for bytes that are none. */
export function publicKeyOf(raw: Uint8Array): KeyObject {
  return createPublicKey({ key: Buffer.concat([publicHeading, raw]), format: "der", type: "spki" });
}

/** A new key: seed and public key, 32 bytes each. */
export function createRawKey(): Uint8Array {
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  const seed = privateKey.export({ format: "der", type: "pkcs8" }).subarray(-32);
  const point = publicKey.export({ format: "der", type: "spki" }).subarray(-32);
  return Buffer.concat([seed, point]);
}
