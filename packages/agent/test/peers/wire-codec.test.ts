import fc from "fast-check";
import { Packr } from "msgpackr";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { messageSchema } from "../../src/peers/message-schema.ts";
import { decodeFrame, encodeFrame, frameBytesMax } from "../../src/peers/wire-codec.ts";
import { isPlainMessagePack } from "../../src/peers/wire-shape.ts";
import { renewal } from "./peer-messages.ts";

const anything = z.unknown();
const packr = new Packr({ useRecords: false, moreTypes: true, structuredClone: true });

describe("bytes of another agent", () => {
  it("that are plain come back as they were", () => {
    const keys = fc.string({ maxLength: 8 }).filter((key) => key !== "__proto__");
    const { tree } = fc.letrec((tie) => ({
      tree: fc.oneof(
        { depthSize: "small" },
        fc.constant(null),
        fc.boolean(),
        fc.maxSafeInteger(),
        fc.double({ noNaN: true, noDefaultInfinity: true }).filter((number) => !Object.is(number, -0)),
        fc.string({ maxLength: 300 }),
        fc.array(tie("tree"), { maxLength: 20 }),
        fc.dictionary(keys, tie("tree"), { maxKeys: 20, noNullPrototype: true }),
      ),
    }));
    fc.assert(
      fc.property(tree, (value) => {
        const decoded = decodeFrame(encodeFrame(value), anything);
        if (decoded.kind === "ok") expect(decoded.value).toEqual(value);
        else expect(depthOf(value)).toBeGreaterThan(14);
      }),
    );
  });

  it.each<[string, unknown]>([
    ["a set", new Set([1])],
    ["a date", new Date(0)],
    ["a regular expression", /a/],
    ["an error", new TypeError("x")],
    ["undefined", [undefined]],
    ["bytes", Uint8Array.of(1, 2, 3)],
  ])("that hold %s are refused before anything is built", (_title, value) => {
    expect(decodeFrame(packr.pack(value), anything).kind).toBe("malformed");
  });

  it.each<[string, Uint8Array]>([
    ["nothing", new Uint8Array()],
    ["two values", Uint8Array.of(1, 2)],
    ["a text that ends early", Uint8Array.of(0xa5, 0x61)],
    ["a list of sixty-five thousand in three bytes", Uint8Array.of(0xdc, 0xff, 0xff)],
    ["a list of four thousand million", Uint8Array.of(0xdd, 0xff, 0xff, 0xff, 0xff)],
    ["a map of sixty-five thousand", Uint8Array.of(0xde, 0xff, 0xff)],
    ["lists in lists", new Uint8Array(60_000).fill(0x91)],
    ["a reference", Uint8Array.of(0xd4, 0x69, 0x01)],
  ])("that hold %s are refused", (_title, bytes) => {
    expect(isPlainMessagePack(bytes)).toBe(false);
  });

  it("never throw, whatever they are", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(["ok", "malformed"]).toContain(decodeFrame(bytes, messageSchema).kind);
      }),
    );
  });

  it("above 64 KiB are not even looked at", () => {
    expect(decodeFrame(new Uint8Array(frameBytesMax + 1), anything)).toEqual({ kind: "oversize" });
  });

  it("that hold a 64-bit whole number do not pass for a number", () => {
    const bytes = encodeFrame({ ...renewal(1), attempt: 2n ** 60n });
    expect(decodeFrame(bytes, messageSchema).kind).toBe("malformed");
  });
});

function depthOf(value: unknown): number {
  if (value === null || typeof value !== "object") return 0;
  return 1 + Math.max(0, ...Object.values(value).map(depthOf));
}
