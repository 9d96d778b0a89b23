import { type Options, Packr } from "msgpackr";
import type { ZodType } from "zod";
import { isPlainMessagePack } from "./wire-shape.ts";

/** Bytes that one frame or gossip batch may have, in and out. */
export const frameBytesMax = 64 * 1024;

// Records would be state shared with a peer; maps as objects and 64-bit numbers as bigint leave one reading for each byte string.
// An absent property and one that is `undefined` mean the same, and only the former can be told.
const options: Options & { readonly skipValues: readonly unknown[] } = {
  useRecords: false,
  mapsAsObjects: true,
  int64AsType: "bigint",
  moreTypes: false,
  skipValues: [undefined],
};
const packr = new Packr(options);

/** Result of reading bytes from somebody else. */
export type Decoded<T> =
  | { readonly kind: "ok"; readonly value: T }
  | { readonly kind: "oversize" }
  | { readonly kind: "malformed"; readonly reason: string };

/** Bytes of a plain value (numbers, texts, booleans, null, arrays, objects). */
export function encodeFrame(value: unknown): Uint8Array {
  return packr.pack(value);
}

/** Size, shape, decoding and schema, in this order: nothing is built from bytes that are not plain and small. */
export function decodeFrame<T>(bytes: Uint8Array, schema: ZodType<T>): Decoded<T> {
  if (bytes.length > frameBytesMax) return { kind: "oversize" };
  if (!isPlainMessagePack(bytes)) return { kind: "malformed", reason: "not plain MessagePack" };
  let value: unknown;
  try {
    value = packr.unpack(bytes);
  } catch (error) {
    return { kind: "malformed", reason: error instanceof Error ? error.message : "not MessagePack" };
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return { kind: "ok", value: parsed.data };
  const issue = parsed.error.issues[0];
  return { kind: "malformed", reason: `${issue?.path.join(".") ?? ""}: ${issue?.message ?? "does not fit"}` };
}
