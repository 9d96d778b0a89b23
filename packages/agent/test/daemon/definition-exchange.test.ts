import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ClaimValue } from "@berth/claims";
import type { GuestPromise } from "@berth/model";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { DefinitionExchange } from "../../src/definitions/definition-exchange.ts";
import { DefinitionStore } from "../../src/definitions/definition-store.ts";
import type { AgentNotice } from "../../src/ports/agent-notice.ts";
import { guestPromise } from "../guest-promise.ts";

let stateDir = "";
beforeEach(() => {
  stateDir = mkdtempSync(join(tmpdir(), "berth-exchange-"));
});
afterEach(() => rmSync(stateDir, { recursive: true }));

const uuid = "6ba7b810-9dad-41d1-80b4-00c04fd430c8";
const notice = (guest: string, epoch: number, memory: number): AgentNotice => ({
  ...{ kind: "definition", guest, uuid, epoch },
  xml: `<domain><name>${guest}</name><uuid>${uuid}</uuid><memory>${memory}</memory></domain>`,
});

/** One host's exchange, which owns nothing; claims and policy come when the test says so. */
function exchange() {
  const store = new DefinitionStore({ stateDir });
  const claims = new Map<string, ClaimValue>();
  const promises = new Map<string, GuestPromise>();
  const sent: { to: string; notice: AgentNotice }[] = [];
  const parts = new DefinitionExchange({
    store,
    channel: {
      sendNotice: (to, what) => {
        sent.push({ to, notice: what });
        return "queued" as never;
      },
      broadcastNotice: () => {},
      onNotice: () => () => {},
    },
    guests: () => [],
    guest: (guest) => ({ guest, phase: "idle", owned: false, reason: "", ...claimOf(claims.get(guest)) }),
    promises: () => promises,
    hypervisorOf: () => Promise.reject(new Error("nothing is started here")),
    peersUp: () => ["h1", "h3"],
    arrived: () => {},
    problem: () => {},
  });
  return { parts, store, claims, sent, promise: (name: string) => promises.set(name, standing(name)) };
}

const claimOf = (claim: ClaimValue | undefined) => (claim === undefined ? {} : { claim });
const standing = (name: string) => guestPromise(name, { state: "running" });
const memoryOf = (store: DefinitionStore) => /<memory>(\d+)/.exec(store.get("db1")?.xml ?? "")?.[1];

describe("definitions that other hosts tell", () => {
  test("are not kept for guests that nobody promises here, however many names a member makes up", async () => {
    const { parts, store, promise } = exchange();
    promise("db1");
    for (let made = 0; made < 50; made += 1) parts.take("h1", notice(`made-up-${made}`, 1, 1));
    parts.take("h1", notice("db1", 1, 1));
    await store.settled();
    expect(new DefinitionStore({ stateDir }).get("made-up-7")).toBeUndefined();
    expect(memoryOf(new DefinitionStore({ stateDir }))).toBe("1");
  });

  test("are asked for once policy is in, of peers that came up before it", () => {
    const { parts, sent, promise } = exchange();
    parts.peerUp("h1");
    expect(sent).toEqual([]);
    promise("db1");
    parts.askAll();
    const want = { kind: "definition-want", guests: ["db1"] };
    expect(sent).toEqual([
      { to: "h1", notice: want },
      { to: "h3", notice: want },
    ]);
  });

  test("are asked for again while they are missing, or older than the claim, of the owner where it is heard", async () => {
    const { parts, store, claims, sent, promise } = exchange();
    for (const name of ["db1", "db2", "db3"]) promise(name);
    const kept = { uuid, xml: "<memory>1", applied: true };
    await store.offer({ ...kept, guest: "db1", epoch: 4 }, true);
    await store.offer({ ...kept, guest: "db2", epoch: 4 }, true);
    claims.set("db1", { owner: "h1", inc: 1, epoch: 4, runId: "r" });
    claims.set("db2", { owner: "h3", inc: 1, epoch: 5, runId: "r" });
    claims.set("db3", { owner: "h3", inc: 1, epoch: 1, runId: "r" });
    parts.askMissing();
    expect(sent).toEqual([{ to: "h3", notice: { kind: "definition-want", guests: ["db2", "db3"] } }]);
  });

  test("count as their owner's once its claim is heard of, although it was not when they came", async () => {
    const { parts, store, claims, promise } = exchange();
    promise("db1");
    await store.offer({ guest: "db1", uuid, epoch: 4, xml: "<memory>1", applied: true }, true);
    parts.take("h1", notice("db1", 4, 2));
    parts.take("h3", notice("db1", 4, 3));
    await store.settled();
    expect(memoryOf(store)).toBe("1");
    claims.set("db1", { owner: "h1", inc: 1, epoch: 4, runId: "r" });
    parts.capture();
    await store.settled();
    expect(memoryOf(store)).toBe("2");
    expect(store.get("db1")?.applied).toBe(false);
  });
});
