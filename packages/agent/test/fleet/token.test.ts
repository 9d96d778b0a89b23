import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  createToken,
  isDoorNeeded,
  judgeSecret,
  markUsed,
  readTokens,
  revokeTokens,
  revokeUsedBy,
  tokenState,
  writeTokens,
} from "../../src/fleet/token-book.ts";
import { formatToken, type JoinToken, parseToken } from "../../src/fleet/token-text.ts";
import { createHostKey } from "../../src/peers/host-key.ts";

const { peerId } = await createHostKey();
const token: JoinToken = {
  fleet: "blue",
  fleetKeyHash: "ab".repeat(32),
  inviter: peerId,
  addresses: ["/ip4/192.0.2.7/tcp/7947"],
  secret: "s".repeat(43),
  expiresMs: 1_000,
};

describe("a token as text", () => {
  it("is one word that says the same when it is read, also with blanks around it", () => {
    const text = formatToken(token);
    expect(text).toMatch(/^berth1-[A-Za-z0-9_-]+$/);
    expect(parseToken(` ${text}\n`)).toEqual(token);
  });

  it("is refused with a clear sentence when any character of it is another, or some are missing", () => {
    const text = formatToken(token);
    fc.assert(
      fc.property(fc.nat(text.length - 1), fc.constantFrom(..."AQgw9_"), (at, character) => {
        fc.pre(text[at] !== character);
        const changed = text.slice(0, at) + character + text.slice(at + 1);
        // The last character of base64 has bits that say nothing.
        fc.pre(at < text.length - 1);
        expect(() => parseToken(changed)).toThrow(expect.objectContaining({ code: "TOKEN_REFUSED" }));
        expect(() => parseToken(text.slice(0, at))).toThrow(expect.objectContaining({ code: "TOKEN_REFUSED" }));
      }),
    );
    expect(() => parseToken("hello")).toThrow(/no join token/);
    expect(() => parseToken(text.slice(0, -3))).toThrow(/not whole/);
  });
});

describe("the book of tokens", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "berth-tokens-"));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const h2 = { host: "h2", peerId: "peer-2", role: "voter" } as const;
  const make = (change: Partial<Parameters<typeof createToken>[1]> = {}) =>
    createToken(folder, { ttlMs: 1_000, role: "voter", nowMs: 0, ...change });

  it("keeps hashes and never a secret", async () => {
    const { secret, record } = await make();
    const text = readFileSync(join(folder, "tokens.json"), "utf8");
    expect(text).toContain(record.id);
    expect(text).not.toContain(secret);
  });

  it("opens the door once, for one host, who may ask again because it did not hear the answer", async () => {
    const { secret, record } = await make();
    expect(judgeSecret(readTokens(folder), secret, h2, 10)).toEqual({ kind: "granted", token: record });
    writeTokens(folder, markUsed(readTokens(folder), record.id, h2, 10), 10);
    expect(judgeSecret(readTokens(folder), secret, h2, 20).kind).toBe("granted");
    const other = { host: "h3", peerId: "peer-3", role: "voter" } as const;
    expect(judgeSecret(readTokens(folder), secret, other, 20)).toMatchObject({ why: expect.stringMatching(/once/) });
    writeTokens(folder, revokeUsedBy(readTokens(folder), "peer-2", 30), 30);
    expect(judgeSecret(readTokens(folder), secret, h2, 40)).toMatchObject({ why: expect.stringMatching(/revoked/) });
  });

  it.each<[string, Parameters<typeof make>[0], Partial<typeof h2> & { role?: string }, number, RegExp]>([
    ["expired", {}, {}, 1_000, /expired/],
    ["for another host", { forHost: "h9" }, {}, 1, /for h9 only/],
    ["that allows less", { role: "observer" }, {}, 1, /as observer, not as voter/],
  ])("refuses a token %s", async (_title, init, _who, nowMs, why) => {
    const { secret } = await make(init);
    expect(judgeSecret(readTokens(folder), secret, h2, nowMs)).toEqual({
      kind: "refused",
      why: expect.stringMatching(why),
    });
  });

  it("does not know a secret that was made elsewhere", async () => {
    await make();
    expect(judgeSecret(readTokens(folder), "x".repeat(43), h2, 1)).toMatchObject({
      why: expect.stringMatching(/not know/),
    });
  });

  it("revokes one by its id, or all that are open, and says what it does not know", async () => {
    const [a, b, c] = [await make(), await make(), await make()];
    expect(await revokeTokens(folder, { id: a.record.id, nowMs: 5 })).toBe(1);
    expect(await revokeTokens(folder, { nowMs: 6 })).toBe(2);
    expect(readTokens(folder).map((one) => tokenState(one, 7))).toEqual(["revoked", "revoked", "revoked"]);
    expect(new Set([a, b, c].map(({ record }) => record.id)).size).toBe(3);
    await expect(revokeTokens(folder, { id: "none", nowMs: 7 })).rejects.toMatchObject({ code: "NOT_FOUND" });
  });

  it("needs the door open while a token is, and a little after its use", async () => {
    const { record } = await make({ ttlMs: 3_600_000 });
    expect(isDoorNeeded(readTokens(folder), 10)).toBe(true);
    const used = markUsed(readTokens(folder), record.id, h2, 10);
    expect(isDoorNeeded(used, 20)).toBe(true);
    expect(isDoorNeeded(used, 200_000)).toBe(false);
    expect(isDoorNeeded(readTokens(folder), 3_600_000)).toBe(false);
  });

  it("forgets what is long over", async () => {
    await make();
    await make({ nowMs: 30 * 24 * 3_600_000 });
    expect(readTokens(folder)).toHaveLength(1);
  });

  it("loses nothing when tokens are made at the same moment", async () => {
    await Promise.all(Array.from({ length: 8 }, () => make()));
    expect(readTokens(folder)).toHaveLength(8);
  });
});
