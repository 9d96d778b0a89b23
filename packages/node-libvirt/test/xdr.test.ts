import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { errorReply } from "../src/call.ts";
import {
  array,
  bit,
  type Codec,
  characters,
  decodeWhole,
  enumeration,
  flags,
  int32,
  nullable,
  struct,
  text,
  truth,
  uint32,
  uint64,
  uuid,
} from "../src/codec.ts";
import { domainLifecycle, domainProcedures } from "../src/domain.ts";
import { domainStats } from "../src/domain-stats.ts";
import { LibvirtError } from "../src/errors.ts";
import { connectionProcedures, hostProcedures } from "../src/host.ts";
import { networkLifecycle, networkProcedures } from "../src/network.ts";
import { poolProcedures, volumeProcedures } from "../src/storage.ts";
import { XdrReader, XdrWriter } from "../src/xdr.ts";

function encoded<T>(codec: Codec<T>, value: T): Buffer {
  const writer = new XdrWriter();
  codec.encode(writer, value);
  return writer.bytes();
}

function roundTrip<T>(codec: Codec<T>, value: T): T {
  return decodeWhole(codec, new XdrReader(encoded(codec, value)));
}

const resultCodecs: readonly (readonly [string, Codec<unknown>])[] = [
  ...[
    domainProcedures,
    networkProcedures,
    poolProcedures,
    volumeProcedures,
    hostProcedures,
    connectionProcedures,
  ].flatMap((table) => Object.values(table).map(({ name, result }) => [name, result] as const)),
  ["DOMAIN_EVENT_LIFECYCLE", domainLifecycle.message],
  ["NETWORK_EVENT_LIFECYCLE", networkLifecycle.message],
  ["error", errorReply],
];

describe("the wire form", () => {
  it.each<[title: string, bytes: Buffer, hex: string]>([
    ["a negative int", encoded(int32, -1), "ffffffff"],
    ["a large unsigned int", encoded(uint32, 0xffff_fffe), "fffffffe"],
    ["a hyper, high word first", encoded(uint64, 0x1_0000_0002), "0000000100000002"],
    ["a truth", encoded(truth, true), "00000001"],
    ["a text, padded to four bytes", encoded(text, "hällo"), "0000000668c3a46c6c6f0000"],
    ["an empty text", encoded(text, ""), "00000000"],
    ["a missing text", encoded(nullable(text), null), "00000000"],
    ["a present text", encoded(nullable(text), "a"), "000000010000000161000000"],
    ["a UUID", encoded(uuid, "6695EB01-f6a4-8304-79aa-97f2502e193f"), "6695eb01f6a4830479aa97f2502e193f"],
    ["a list", encoded(array(int32, 3), [1, 2]), "000000020000000100000002"],
    [
      "a struct, in the order of its fields",
      encoded(struct({ b: int32, a: truth }), { a: true, b: 7 }),
      "0000000700000001",
    ],
    ["flags, each a bit", encoded(flags({ one: bit(0), high: bit(31) }), { one: true, high: true }), "80000001"],
    ["flags left out", encoded(flags({ one: bit(0) }), undefined), "00000000"],
    ["flags said to be false", encoded(flags({ one: bit(0) }), { one: false }), "00000000"],
    ["a name, by its place", encoded(enumeration(["a", "b"], "a"), "b"), "00000001"],
    ["C characters, one unit each", encoded(characters(3), "ab"), "000000610000006200000000"],
  ])("of %s is as RFC 4506 and libvirt have it", (_title, bytes, hex) => {
    expect(bytes.toString("hex")).toBe(hex);
  });

  it("holds more than the first buffer of a writer, whatever comes last", () => {
    const filler = struct({ long: text, int: int32, hyper: uint64, double: domainStats });
    const double = {
      domain: { name: "g", uuid: "6695eb01-f6a4-8304-79aa-97f2502e193f", id: 1 },
      params: new Map([["x", 0.5]]),
    };
    for (let length = 480; length < 520; length++) {
      const value = { long: "x".repeat(length), int: -5, hyper: 2 ** 40, double };
      expect(roundTrip(filler, value)).toEqual(value);
    }
  });

  it("gives back what went in", () => {
    const anyText = fc.string({ unit: "grapheme" }).filter((value) => !value.includes("\0"));
    const anyUuid = fc.uuid();
    fc.assert(
      fc.property(
        anyText,
        anyUuid,
        fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
        fc.maxSafeNat(),
        fc.boolean(),
        (name, id, int, hyper, yes) => {
          const codec = struct({
            name: text,
            id: uuid,
            int: int32,
            hyper: uint64,
            maybe: nullable(text),
            list: array(truth, 9),
          });
          const value = { name, id, int, hyper, maybe: yes ? name : null, list: [yes, !yes] };
          expect(roundTrip(codec, value)).toEqual(value);
        },
      ),
    );
  });

  it("of statistics gives back every kind of value, and types the known ones", () => {
    const params = new Map<string, number | boolean | string>([
      ["state.state", 3],
      ["state.reason", 1],
      ["vcpu.current", 1],
      ["vcpu.maximum", 4],
      ["balloon.current", 1024],
      ["balloon.maximum", 2 ** 52],
      ["negative", -5],
      ["double", 0.25],
      ["truth", true],
      ["name", "vnet0"],
      ["__proto__", 1],
    ]);
    const domain = { name: "g", uuid: "6695eb01-f6a4-8304-79aa-97f2502e193f", id: -1 };
    expect(roundTrip(domainStats, { domain, params })).toEqual({
      domain,
      params,
      state: { state: "paused", reason: "user" },
      vcpu: { current: 1, maximum: 4 },
      balloon: { currentKib: 1024, maximumKib: 2 ** 52 },
    });
  });

  it("reads a number above 2^53 as the nearest double", () => {
    expect(decodeWhole(uint64, new XdrReader(Buffer.alloc(8, 0xff)))).toBe(2 ** 64);
  });

  it("reads names newer than the list as the one for unknown", () => {
    expect(decodeWhole(enumeration(["a", "b"], "a"), new XdrReader(encoded(int32, 9)))).toBe("a");
    expect(decodeWhole(enumeration(["a", "b"], "b"), new XdrReader(encoded(int32, -1)))).toBe("b");
  });
});

describe("a reader", () => {
  it.each<[title: string, codec: Codec<unknown>, hex: string, message: RegExp]>([
    ["is too short", uint64, "00000001", /8 bytes are needed, but only 4 are left/],
    ["has a text longer than what is left", text, "0000000561626364", /8 bytes are needed, but only 4/],
    ["has a text that only lacks its padding", text, "0000000161", /4 bytes are needed, but only 1/],
    ["has a text beyond the protocol's limit", text, "00400001", /more than the 4194304/],
    [
      "has a list longer than what is left can hold",
      array(uuid, 1000),
      `00000002${"00".repeat(31)}`,
      /claims 2 items of 16 bytes/,
    ],
    [
      "has a list beyond the protocol's limit",
      array(int32, 3),
      `00000004${"00".repeat(16)}`,
      /4 items, more than the 3/,
    ],
    ["has a boolean which is neither", nullable(int32), "00000002", /a boolean is 2/],
    ["has something left over", int32, "0000000100", /1 bytes are left over/],
  ])("refuses a payload that %s", (_title, codec, hex, message) => {
    expect(() => decodeWhole(codec, new XdrReader(Buffer.from(hex, "hex")))).toThrow(message);
    expect(() => decodeWhole(codec, new XdrReader(Buffer.from(hex, "hex")))).toThrow(LibvirtError);
  });

  it("refuses a statistic of a type that does not exist", () => {
    const good = encoded(domainStats, {
      domain: { name: "g", uuid: "6695eb01-f6a4-8304-79aa-97f2502e193f", id: 1 },
      params: new Map([["n", "v"]]),
    });
    good.writeUInt32BE(8, good.length - 12);
    expect(() => decodeWhole(domainStats, new XdrReader(good))).toThrow(/no parameter type 8/);
  });

  // Small numbers in most words: lengths and counts which are nearly right lead deeper than random ones.
  const words = fc.array(fc.oneof(fc.nat(40), fc.constantFrom(0xffff_ffff, 0x7fff_ffff, 0x8000_0000), fc.nat()), {
    maxLength: 60,
  });
  const payloads = fc.oneof(
    words.map((list) => {
      const bytes = Buffer.alloc(4 * list.length);
      for (const [index, word] of list.entries()) bytes.writeUInt32BE(word >>> 0, 4 * index);
      return bytes;
    }),
    fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
  );

  it.each(resultCodecs)(
    "of %s never throws anything but a LibvirtError, and never claims more than the frame has",
    (_name, codec) => {
      fc.assert(
        fc.property(payloads, (payload) => {
          let value: unknown;
          try {
            value = decodeWhole(codec, new XdrReader(payload));
          } catch (error) {
            if (error instanceof LibvirtError && error.code === "DECODE") return;
            throw error;
          }
          expect(textLength(value)).toBeLessThanOrEqual(8 * payload.length);
        }),
        { numRuns: 300 },
      );
    },
  );
});

/** Characters, items and fields in a decoded value: how much a payload was made to grow. */
function textLength(value: unknown): number {
  if (typeof value === "string") return value.length;
  if (value instanceof Map) return textLength([...value]);
  if (Array.isArray(value)) return value.reduce<number>((sum, item) => sum + 1 + textLength(item), 0);
  if (typeof value === "object" && value !== null) return textLength(Object.values(value));
  return 0;
}

describe("a writer", () => {
  it.each<[title: string, write: () => unknown]>([
    ["a fraction for an int", () => encoded(int32, 0.5)],
    ["more than 32 bits", () => encoded(uint32, 2 ** 32)],
    ["a negative size", () => encoded(uint64, -1)],
    ["a size a double cannot hold exactly", () => encoded(uint64, 2 ** 60)],
    ["a zero character", () => encoded(text, "a\0b")],
    ["a UUID with a letter too many", () => encoded(uuid, "6695eb01-f6a4-8304-79aa-97f2502e193fa")],
    ["a UUID that is none", () => encoded(uuid, "zz95eb01-f6a4-8304-79aa-97f2502e193f")],
    ["a name that does not exist", () => encoded(enumeration<string>(["a"], "a"), "b")],
  ])("takes %s for misuse", (_title, write) => {
    expect(write).toThrow(TypeError);
  });

  it("refuses lists longer than libvirt takes", () => {
    expect(() => encoded(array(int32, 2), [1, 2, 3])).toThrow(expect.objectContaining({ code: "ENCODE" }));
  });
});
