import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { noticePartChars } from "../../src/peers/frame-schema.ts";
import { cutText, isNoticeAllowed, NoticeAssembly } from "../../src/peers/notice-parts.ts";
import type { AgentNotice } from "../../src/ports/agent-notice.ts";

const notice = (xml: string): AgentNotice => ({ kind: "definition", guest: "web1", uuid: "u", epoch: 3, xml });
const frames = (id: number, text: string, chars?: number) =>
  cutText(text, chars).map((piece, part, { length }) => ({
    t: "notice" as const,
    id,
    part,
    parts: length,
    text: piece,
  }));

describe("a text in pieces", () => {
  it("is the same again, piece by piece small, and no piece ends inside a character", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), fc.integer({ min: 2, max: 9 }), (text, chars) => {
        const pieces = cutText(text, chars);
        expect(pieces.join("")).toBe(text);
        for (const piece of pieces) {
          expect(piece.length).toBeLessThanOrEqual(chars);
          expect(new TextDecoder().decode(new TextEncoder().encode(piece))).toBe(piece);
        }
      }),
    );
  });
});

describe("pieces of a notice", () => {
  it("become the notice when the last one is there, and not before", () => {
    const assembly = new NoticeAssembly();
    const all = frames(1, JSON.stringify(notice("<domain/>".repeat(5_000))));
    expect(all.length).toBeGreaterThan(2);
    for (const frame of all.slice(0, -1)) expect(assembly.take(frame)).toEqual({ kind: "waiting" });
    expect(assembly.take(all.at(-1) ?? frames(9, "")[0] ?? never())).toEqual({
      kind: "ok",
      value: notice("<domain/>".repeat(5_000)),
    });
    expect(assembly.heldChars).toBe(0);
  });

  it.each<[string, (all: ReturnType<typeof frames>) => ReturnType<typeof frames>, string[]]>([
    ["sent twice is a replay", (all) => [...all, ...all], ["waiting", "ok", "replayed", "replayed"]],
    ["without its first piece is nothing", (all) => all.slice(1), ["waiting"]],
    [
      "whose second piece comes twice is a replay",
      ([a, b]) => [a, b, b].filter((f) => f !== undefined),
      ["waiting", "ok", "replayed"],
    ],
    [
      "that says another number of pieces is nothing",
      (all) => all.map((f) => ({ ...f, parts: 2 + f.part })),
      ["waiting", "waiting"],
    ],
    ["with text that is no JSON is malformed", () => frames(1, "{"), ["malformed"]],
    ["of an unknown kind is malformed", () => frames(1, '{"kind":"evil"}'), ["malformed"]],
    [
      "with a key too many is malformed",
      () => frames(1, '{"kind":"members-number","number":1,"__proto__":{}}'),
      ["malformed"],
    ],
  ])("%s", (_title, spoil, kinds) => {
    const assembly = new NoticeAssembly();
    const all = frames(1, JSON.stringify(notice("")), 50).slice(0, 2);
    const whole = frames(1, JSON.stringify(notice("")), 60);
    expect(all.length).toBe(2);
    expect(spoil(whole.length === 2 ? whole : all).map((frame) => assembly.take(frame).kind)).toEqual(kinds);
  });

  it("of many notices that are begun and never ended hold no more than one", () => {
    const assembly = new NoticeAssembly();
    const text = "x".repeat(noticePartChars);
    for (let id = 1; id <= 1_000; id += 1) assembly.take({ t: "notice", id, part: 0, parts: 32, text });
    expect(assembly.heldChars).toBe(noticePartChars);
  });
});

describe("an observer", () => {
  it.each<[AgentNotice, boolean]>([
    [notice(""), false],
    [{ kind: "definition-want", guests: ["web1"] }, false],
    [{ kind: "members-number", number: 1 }, true],
  ])("and %j: %s", (said, allowed) => {
    expect(isNoticeAllowed("observer", said)).toBe(allowed);
    expect(isNoticeAllowed("member", said)).toBe(true);
  });
});

function never(): never {
  throw new RangeError("there is a last piece");
}
