import { expect, test } from "vitest";
import { Holder } from "../src/holder/holder.ts";
import { Membership } from "../src/membership.ts";
import type { Message, RenewReply } from "../src/messages.ts";
import { Outbox } from "../src/outbox.ts";
import { productionRules } from "../src/rules.ts";
import type { Now } from "../src/time.ts";
import { configuration } from "./small-machine.ts";

/** One holder among three voters; the test plays the voters. */
class OneHolder {
  readonly outbox = new Outbox({ rules: productionRules });
  readonly holder: Holder;
  now: Now = { bootMs: 10_000, monoMs: 10_000 };

  constructor() {
    const config = configuration(["v1", "v2", "v3"]);
    const membership = new Membership({ outbox: this.outbox }, { fleet: "f", config });
    const identity = { inc: 1, nonce: "n", bootId: "b", life: 3 };
    this.holder = new Holder(
      { rules: productionRules, outbox: this.outbox, membership },
      { host: "h1", identity, validUntil: undefined },
    );
  }

  pass(bootMs: number, monoMs = bootMs): this {
    this.now = { bootMs: this.now.bootMs + bootMs, monoMs: this.now.monoMs + monoMs };
    return this;
  }

  /** Lets the holder renew; the number of the attempt. */
  send(): number {
    this.holder.renewSoon();
    this.holder.tick(this.now);
    const sent: Message | undefined = this.outbox.take(undefined).send[0]?.message;
    return sent?.kind === "renew" ? sent.attempt : 0;
  }

  answer(voter: string, attempt: number, verdict: RenewReply["verdict"] = { kind: "ack" }): void {
    const head = { kind: "renew-reply", fleet: "f", cfg: 1, life: 3, inc: 1, late: [] } as const;
    this.holder.onRenewReply({ ...head, voter, attempt, verdict }, this.now);
  }

  get leased(): boolean {
    return this.holder.isLeased(this.now);
  }
}

test("the lease counts from before the request was sent, however late the answers come", () => {
  const h = new OneHolder();
  const attempt = h.send();
  h.pass(3_000);
  h.answer("disk-v1", attempt);
  h.answer("disk-v2", attempt);
  expect(h.holder.validUntil).toEqual({ bootMs: 14_000, monoMs: 14_000 });
});

test("the same voter's answer twice is one voter", () => {
  const h = new OneHolder();
  const attempt = h.send();
  h.answer("disk-v1", attempt);
  h.answer("disk-v1", attempt);
  expect(h.leased).toBe(false);
  h.answer("disk-v3", attempt);
  expect(h.leased).toBe(true);
});

test("acks for different attempts do not add up to a majority", () => {
  const h = new OneHolder();
  h.answer("disk-v1", h.send());
  h.pass(500);
  h.answer("disk-v2", h.send());
  expect(h.leased).toBe(false);
});

test("an answer that comes when the lease it grants has run out is worth nothing", () => {
  const h = new OneHolder();
  const attempt = h.send();
  h.answer("disk-v1", attempt);
  h.pass(4_000);
  h.answer("disk-v2", attempt);
  expect(h.leased).toBe(false);
});

test("an older attempt that is answered late never shortens the lease", () => {
  const h = new OneHolder();
  const first = h.send();
  h.pass(1_000);
  const second = h.send();
  for (const voter of ["disk-v1", "disk-v2"]) h.answer(voter, second);
  for (const voter of ["disk-v1", "disk-v2"]) h.answer(voter, first);
  expect(h.holder.validUntil).toEqual({ bootMs: 15_000, monoMs: 15_000 });
});

test.each([
  ["boot-time", 4_000, 0],
  ["monotonic", 0, 4_000],
])("the lease is over when the %s clock alone has reached its end", (_clock, bootMs, monoMs) => {
  const h = new OneHolder();
  const attempt = h.send();
  for (const voter of ["disk-v1", "disk-v2"]) h.answer(voter, attempt);
  expect(h.leased).toBe(true);
  h.pass(bootMs, monoMs);
  expect(h.leased).toBe(false);
});

test("one voter's fence is noted, a majority's ends the incarnation", () => {
  const h = new OneHolder();
  const attempt = h.send();
  h.answer("disk-v1", attempt, { kind: "fenced", fenced: 1 });
  h.answer("disk-v1", attempt, { kind: "fenced", fenced: 1 });
  expect(h.holder.isFenced).toBe(false);
  h.answer("disk-v2", attempt, { kind: "fenced", fenced: 1 });
  expect(h.holder.isFenced).toBe(true);
});

test("a new incarnation lies above everything that was fenced, is durable, and has no lease", () => {
  const h = new OneHolder();
  const attempt = h.send();
  for (const voter of ["disk-v1", "disk-v2"]) h.answer(voter, attempt, { kind: "fenced", fenced: 6 });
  expect(h.holder.reincarnate({ nonce: "m", bootId: "b" })).toMatchObject({ inc: 7, nonce: "m", life: 3 });
  expect(h.outbox.take(undefined).persist).toContainEqual({
    kind: "identity",
    value: { inc: 7, nonce: "m", bootId: "b", life: 3 },
  });
  expect(h.leased).toBe(false);
});

test("the moment at which a majority would fence a host is known from their late lists", () => {
  const h = new OneHolder();
  const late = (voter: string, remainingMs: number) =>
    h.holder.late.learn(voter, [{ host: "h9", inc: 2, remainingMs }], h.now);
  late("disk-v1", 500);
  const voters = ["disk-v1", "disk-v2", "disk-v3"];
  expect(h.holder.late.fenceableFromMs(voters, "h9", 2)).toBe(Number.POSITIVE_INFINITY);
  late("disk-v2", 900);
  late("disk-v3", 2_000);
  expect(h.holder.late.fenceableFromMs(voters, "h9", 2)).toBe(10_900);
  expect(h.holder.late.fenceableFromMs(voters, "h9", 3)).toBe(Number.POSITIVE_INFINITY);
  h.holder.late.learn("disk-v1", [], h.now);
  expect(h.holder.late.fenceableFromMs(voters, "h9", 2)).toBe(12_000);
});
