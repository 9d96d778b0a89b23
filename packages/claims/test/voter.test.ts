import { expect, test } from "vitest";
import { Membership } from "../src/membership.ts";
import { guestsPerMessage, type Message, type VoterRequest } from "../src/messages.ts";
import { Outbox } from "../src/outbox.ts";
import { applyRecord, type DurableRecord } from "../src/records.ts";
import { productionRules } from "../src/rules.ts";
import type { Now } from "../src/time.ts";
import { Voter } from "../src/voter/voter.ts";
import type { Ballot, ClaimValue } from "../src/words.ts";
import { configuration } from "./small-machine.ts";

/** One voter, its disk, and a clock that the test turns. */
class OneVoter {
  readonly store = new Map<string, DurableRecord>();
  now: Now = { bootMs: 1_000, monoMs: 1_000 };
  readonly outbox = new Outbox({ rules: productionRules });
  #voter: Voter;

  constructor() {
    applyRecord(this.store, { kind: "voter-active", value: { cfg: 1 } });
    this.#voter = this.#start();
  }

  #start(): Voter {
    const config = configuration(["v1", "v2", "v3"]);
    const membership = new Membership({ outbox: this.outbox }, { fleet: "f", config });
    const durable = [...this.store.values()];
    return new Voter(
      { rules: productionRules, outbox: this.outbox, membership },
      { disk: "disk-v1", self: "v1", durable },
      this.now,
    );
  }

  restart(): void {
    this.#voter = this.#start();
  }

  pass(ms: number, monoMs = ms): this {
    this.now = { bootMs: this.now.bootMs + ms, monoMs: this.now.monoMs + monoMs };
    return this;
  }

  ask(
    from: string,
    request: VoterRequest,
  ): { readonly reply: Message | undefined; readonly persisted: readonly DurableRecord[] } {
    this.#voter.handle(from, request, this.now);
    const { persist, send } = this.outbox.take(undefined);
    for (const record of persist) applyRecord(this.store, record);
    return { reply: send[0]?.message, persisted: persist };
  }

  renew(from: string, inc = 1, nonce = "n", attempt = 1) {
    const { reply } = this.ask(from, { kind: "renew", fleet: "f", cfg: 1, life: 1, inc, nonce, attempt });
    return reply?.kind === "renew-reply" ? reply : undefined;
  }

  fence(host: string, inc = 1, confirmedBy?: string) {
    const operator = confirmedBy === undefined ? {} : { confirmedBy };
    const { reply } = this.ask("h9", { kind: "fence", fleet: "f", cfg: 1, life: 1, host, inc, ...operator });
    return reply?.kind === "fence-reply" ? reply.verdict.kind : undefined;
  }

  prepare(ballot: Ballot, guest = "g") {
    const { reply } = this.ask(ballot.host, { kind: "prepare", fleet: "f", cfg: 1, life: 1, ballot, guests: [guest] });
    return reply?.kind === "prepare-reply" ? reply.results[0] : undefined;
  }

  accept(ballot: Ballot, value: ClaimValue, guest = "g") {
    const values = [{ guest, value }];
    const { reply } = this.ask(ballot.host, { kind: "accept", fleet: "f", cfg: 1, life: 1, ballot, values });
    return reply?.kind === "accept-reply" ? reply.results[0] : undefined;
  }
}

const lan = productionRules.grantMs(configuration([]).profile);
const ballot = (n: number, host = "h1"): Ballot => ({ n, host, life: 1 });
const value = (owner: string, inc = 1, epoch = 1): ClaimValue => ({ owner, inc, epoch, runId: "r" });

/** A voter past its quarantine. */
function settled(): OneVoter {
  return new OneVoter().pass(lan + 1);
}

test("RENEW of a live incarnation is acknowledged for its attempt and its life", () => {
  const reply = settled().renew("h1", 1, "n", 7);
  expect(reply).toMatchObject({ verdict: { kind: "ack" }, attempt: 7, life: 1, voter: "disk-v1", late: [] });
});

test("RENEW of a fenced incarnation is answered with fenced, also after a restart of the voter", () => {
  const v = settled();
  v.renew("h1");
  v.pass(lan + 1);
  expect(v.fence("h1")).toBe("ack");
  expect(v.renew("h1")?.verdict).toEqual({ kind: "fenced", fenced: 1 });
  v.restart();
  expect(v.renew("h1")?.verdict).toEqual({ kind: "fenced", fenced: 1 });
});

test("RENEW of the same incarnation with another nonce is a clone", () => {
  const v = settled();
  v.renew("h1", 1, "original");
  expect(v.renew("h1", 1, "copy")?.verdict).toEqual({ kind: "clone" });
  expect(v.renew("h1", 1, "original")?.verdict).toEqual({ kind: "ack" });
});

test("a newer incarnation waits while the old one's lease is live here, and then fences the old one", () => {
  const v = settled();
  v.renew("h1", 1);
  expect(v.renew("h1", 2, "m")?.verdict.kind).toBe("wait");
  v.pass(lan + 1);
  expect(v.renew("h1", 2, "m")?.verdict).toEqual({ kind: "ack" });
  expect(v.renew("h1", 1)?.verdict).toEqual({ kind: "fenced", fenced: 1 });
});

test("a newer incarnation waits for a voter in quarantine, which does not know what it granted", () => {
  const v = settled();
  v.renew("h1", 1);
  v.restart();
  expect(v.renew("h1", 2, "m")?.verdict.kind).toBe("wait");
  expect(v.renew("h1", 1)?.verdict.kind).toBe("ack");
});

test("a newer incarnation is on the disk before it is acknowledged", () => {
  const v = settled();
  const { persisted } = v.ask("h1", { kind: "renew", fleet: "f", cfg: 1, life: 1, inc: 4, nonce: "n", attempt: 1 });
  expect(persisted).toEqual([{ kind: "voter-host", host: "h1", value: { inc: 4, nonce: "n", fenced: 0 } }]);
});

test("FENCE is refused while the lease is live here, and granted when D_A has run out", () => {
  const v = settled();
  v.renew("h1");
  v.pass(lan - 10);
  expect(v.fence("h1")).toBe("live");
  v.pass(20);
  expect(v.fence("h1")).toBe("ack");
});

test("FENCE is refused until both clocks of the voter have reached the end of the lease", () => {
  const v = settled();
  v.renew("h1");
  v.pass(lan + 1, 0);
  expect(v.fence("h1")).toBe("live");
  v.pass(0, lan + 1);
  expect(v.fence("h1")).toBe("ack");
});

test("FENCE is refused by a voter in quarantine: D_A from its start", () => {
  const v = settled();
  v.restart();
  v.pass(lan - 10);
  expect(v.fence("h1")).toBe("live");
  v.pass(20);
  expect(v.fence("h1")).toBe("ack");
});

test("FENCE of an incarnation older than the one known here is granted, however live the newer one's lease is", () => {
  const v = settled();
  v.renew("h1", 1);
  v.pass(lan + 1);
  expect(v.renew("h1", 3, "m")?.verdict).toEqual({ kind: "ack" });
  expect(v.fence("h1", 2)).toBe("ack");
  expect(v.fence("h1", 3)).toBe("live");
  expect(v.renew("h1", 3, "m")?.verdict).toEqual({ kind: "ack" });
});

test("a fence that came with a copy or from before a restart is not granted again before the quarantine is over", () => {
  const v = settled();
  expect(v.fence("h1")).toBe("ack");
  v.restart();
  expect(v.fence("h1")).toBe("live");
  expect(v.renew("h1")?.verdict).toEqual({ kind: "fenced", fenced: 1 });
  v.pass(lan + 1);
  expect(v.fence("h1")).toBe("ack");
});

test("FENCE is durable before it is acknowledged, and granted again without a word", () => {
  const v = settled();
  const first = v.ask("h9", { kind: "fence", fleet: "f", cfg: 1, life: 1, host: "h1", inc: 3 });
  expect(first.persisted).toEqual([{ kind: "voter-host", host: "h1", value: { inc: 3, nonce: "", fenced: 3 } }]);
  const again = v.ask("h9", { kind: "fence", fleet: "f", cfg: 1, life: 1, host: "h1", inc: 3 });
  expect(again.persisted).toEqual([]);
  expect(again.reply).toMatchObject({ verdict: { kind: "ack" } });
});

test("confirm-dead fences a host whose lease is live, and raises an alarm that names the operator", () => {
  const v = settled();
  v.renew("h1");
  expect(v.fence("h1", 1, "ada")).toBe("ack");
  expect(v.renew("h1")?.verdict.kind).toBe("fenced");
});

test("PREPARE promises, returns what was accepted, and rejects lower ballots with the one promised", () => {
  const v = settled();
  expect(v.prepare(ballot(2))).toEqual({ guest: "g" });
  expect(v.accept(ballot(2), value("h1"))).toEqual({ guest: "g" });
  expect(v.prepare(ballot(3, "h2"))).toEqual({ guest: "g", acceptedBallot: ballot(2), value: value("h1") });
  expect(v.prepare(ballot(2))).toEqual({ guest: "g", rejectedBy: ballot(3, "h2") });
});

test("ACCEPT below the promise is rejected", () => {
  const v = settled();
  v.prepare(ballot(5, "h2"));
  expect(v.accept(ballot(4), value("h1"))).toEqual({ guest: "g", rejectedBy: ballot(5, "h2") });
});

test("promises and accepted values survive a restart of the voter", () => {
  const v = settled();
  v.prepare(ballot(5, "h2"));
  v.restart();
  expect(v.prepare(ballot(4))?.rejectedBy).toEqual(ballot(5, "h2"));
  v.accept(ballot(5, "h2"), value("h2"));
  v.restart();
  expect(v.prepare(ballot(6))?.value).toEqual(value("h2"));
});

test("ACCEPT of a claim whose incarnation is fenced here is refused", () => {
  const v = settled();
  v.fence("h1", 1);
  expect(v.accept(ballot(9), value("h1", 1))).toEqual({ guest: "g", fenced: true });
  expect(v.accept(ballot(9), value("h1", 2))).toEqual({ guest: "g" });
});

test("a ballot in somebody else's name is not answered", () => {
  const { reply } = settled().ask("h2", {
    kind: "prepare",
    fleet: "f",
    cfg: 1,
    life: 1,
    ballot: ballot(1, "h1"),
    guests: ["g"],
  });
  expect(reply).toBeUndefined();
});

test("answers to PREPARE say from when on the owner could be fenced, so that nobody fences a host that lives", () => {
  const v = settled();
  v.renew("h1");
  v.accept(ballot(1), value("h1"));
  const ask = () =>
    v.ask("h2", { kind: "prepare", fleet: "f", cfg: 1, life: 1, ballot: ballot(2, "h2"), guests: ["g"] }).reply;
  expect(ask()).toMatchObject({ owners: [{ host: "h1", inc: 1, remainingMs: lan }] });
  v.pass(lan + 1);
  expect(ask()).toMatchObject({ owners: [{ host: "h1", inc: 1, remainingMs: 0 }] });
});

test("a host that missed a renewal is named in answers to others, with the time it has left", () => {
  const v = settled();
  v.renew("h1");
  v.renew("h2");
  v.pass(1_600);
  expect(v.renew("h2")?.late).toEqual([{ host: "h1", inc: 1, remainingMs: lan - 1_600 }]);
  v.renew("h1");
  v.pass(100);
  expect(v.renew("h2")?.late).toEqual([]);
});

test("a voter that was deaf to most hosts for T_fence calls nobody dead for 5 s after it hears again", () => {
  const v = settled();
  for (const host of ["h1", "h2", "h3"]) v.renew(host);
  v.pass(30_000);
  v.renew("h2");
  expect(v.fence("h1")).toBe("live");
  v.pass(4_900);
  expect(v.fence("h1")).toBe("live");
  v.pass(200);
  expect(v.fence("h1")).toBe("ack");
});

test("one host that dies while the others are heard starts no hold-down", () => {
  const v = settled();
  for (const host of ["h1", "h2", "h3"]) v.renew(host);
  for (let i = 0; i < 10; i += 1) {
    v.pass(1_000);
    v.renew("h2");
    v.renew("h3");
  }
  expect(v.fence("h1")).toBe("ack");
});

test("a request under an older configuration is told of the present one, a request under a newer one is not answered", () => {
  const v = settled();
  const renew = { kind: "renew", fleet: "f", life: 1, inc: 1, nonce: "n", attempt: 1 } as const;
  expect(v.ask("h1", { ...renew, cfg: 0 }).reply).toMatchObject({ kind: "config-notice", sealed: false });
  expect(v.ask("h1", { ...renew, cfg: 2 }).reply).toBeUndefined();
});

test("a sealed voter grants, promises, accepts and fences nothing, and names the next configuration, also after a restart", () => {
  const v = settled();
  const next = { ...configuration(["v1", "v4", "v5"]), number: 2 };
  expect(v.ask("h1", { kind: "seal", fleet: "f", cfg: 1, life: 1, next }).reply).toMatchObject({ sealed: true });
  v.restart();
  const requests: VoterRequest[] = [
    { kind: "renew", fleet: "f", cfg: 1, life: 1, inc: 1, nonce: "n", attempt: 1 },
    { kind: "prepare", fleet: "f", cfg: 1, life: 1, ballot: ballot(1), guests: ["g"] },
    { kind: "accept", fleet: "f", cfg: 1, life: 1, ballot: ballot(1), values: [{ guest: "g", value: value("h1") }] },
    { kind: "fence", fleet: "f", cfg: 1, life: 1, host: "h2", inc: 1 },
  ];
  for (const request of requests) {
    const { reply, persisted } = v.ask("h1", request);
    expect(reply).toMatchObject({ kind: "config-notice", sealed: true, config: { number: 2 } });
    expect(persisted).toEqual([]);
  }
});

test("the largest answers, with names of 64 and peer ids of 52 characters, stay below 64 KiB", () => {
  const v = settled();
  const name = (prefix: string, i: number, length: number) => `${prefix}${i}`.padEnd(length, "x");
  const guests = Array.from({ length: guestsPerMessage }, (_, i) => name("guest", i, 64));
  const life = 281_474_976_710_655;
  guests.forEach((guest, i) => {
    const owner = name("peer", i, 52);
    v.renew(owner, 1_000_000);
    const accepted: Ballot = { n: 1_000_000 + i, host: owner, life };
    v.accept(
      accepted,
      { owner, inc: 1_000_000, epoch: 1_000_000, runId: `${owner}/${life}/1000000`, next: owner },
      guest,
    );
  });
  const high: Ballot = { n: 9_000_000, host: name("peer", 999, 52), life };
  const request = { fleet: "f", cfg: 1, life, guests, ballot: high } as const;
  const { reply } = v.ask(high.host, { kind: "prepare", ...request });
  expect(JSON.stringify(reply).length).toBeLessThan(65_536);
  v.pass(2_000);
  expect(JSON.stringify(v.renew(high.host)).length).toBeLessThan(65_536);
  v.ask("h1", { kind: "seal", fleet: "f", cfg: 1, life: 1, next: { ...configuration(["v1"]), number: 2 } });
  let cursor = "";
  for (let page = 0; page < 9; page += 1) {
    const answer = v.ask("h1", { kind: "snapshot", fleet: "f", cfg: 1, life: 1, cursor }).reply;
    expect(JSON.stringify(answer).length).toBeLessThan(65_536);
    if (answer?.kind !== "snapshot-reply" || answer.nextCursor === undefined) return;
    cursor = answer.nextCursor;
  }
  throw new Error("the snapshot has no end");
});
