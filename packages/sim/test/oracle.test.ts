import type { ClaimValue, DurableRecord, KnownHost, Message } from "@berth/claims";
import { describe, expect, test } from "vitest";
import { ClaimOracle } from "../src/claim-oracle.ts";
import { EventQueue } from "../src/event-queue.ts";
import { ExecutionOracle } from "../src/execution-oracle.ts";
import type { GuestProcess } from "../src/hypervisor.ts";
import { LeaseOracle } from "../src/lease-oracle.ts";
import type { ViolationCode } from "../src/violation.ts";

const profile = {
  ...{ name: "test", renewMs: 1000, fenceMs: 4000, killMs: 500, stopMs: 1000, watchdogMs: 0 },
  ...{ rho: 0, pollMs: 100, clockResolutionMs: 20 },
};
const voters = ["a", "b", "c"].map((voter) => ({ voter, host: voter }));
const config = { number: 1, voters, profile };

function claims(): { oracle: ClaimOracle; codes: ViolationCode[]; chosen: string[]; fenced: string[] } {
  const codes: ViolationCode[] = [];
  const chosen: string[] = [];
  const fenced: string[] = [];
  const oracle = new ClaimOracle(
    {
      chosen: (guest, now) => chosen.push(`${guest} ${now.value.owner} ${now.value.epoch}`),
      fencedByMajority: (host, inc) => fenced.push(`${host} ${inc}`),
    },
    (code) => codes.push(code),
  );
  oracle.addConfig(config);
  return { oracle, codes, chosen, fenced };
}

function accepted(n: number, host: string, value: Partial<ClaimValue>): DurableRecord {
  const ballot = { n, host, life: 1 };
  const full = { owner: host, inc: 1, epoch: 1, runId: "r", ...value };
  return { kind: "voter-register", guest: "web1", value: { promised: ballot, acceptedBallot: ballot, value: full } };
}

function known(value: Partial<KnownHost>): DurableRecord {
  return { kind: "voter-host", host: "h1", value: { inc: 1, nonce: "n", fenced: 0, ...value } };
}

describe("the oracle of claims", () => {
  test("calls a value chosen when a majority of disks has accepted it, and not before", () => {
    const { oracle, chosen } = claims();
    oracle.written("a", accepted(1, "h1", {}));
    oracle.written("a", accepted(1, "h1", {}));
    expect(chosen).toEqual([]);
    oracle.written("b", accepted(1, "h1", {}));
    expect(chosen).toEqual(["web1 h1 1"]);
    expect(oracle.owner("web1")?.value.owner).toBe("h1");
  });

  test("reports one ballot with two values, and a falling epoch", () => {
    const { oracle, codes } = claims();
    oracle.written("a", accepted(1, "h1", {}));
    oracle.written("b", accepted(1, "h1", { epoch: 2 }));
    expect(codes).toEqual(["CLAIM_FORKED"]);
    for (const voter of ["a", "b"]) oracle.written(voter, accepted(2, "h1", { epoch: 5 }));
    for (const voter of ["a", "b"]) oracle.written(voter, accepted(3, "h2", { owner: "h2", epoch: 4 }));
    expect(codes).toEqual(["CLAIM_FORKED", "EPOCH_FELL"]);
  });

  test("reports one epoch that was chosen for two owners", () => {
    const { oracle, codes } = claims();
    for (const voter of ["a", "b"]) oracle.written(voter, accepted(2, "h1", { epoch: 5 }));
    for (const voter of ["b", "c"]) oracle.written(voter, accepted(3, "h2", { owner: "h2", epoch: 5 }));
    expect(codes).toEqual(["CLAIM_FORKED"]);
  });

  test("calls an incarnation fenced when a majority of disks says so", () => {
    const { oracle, fenced } = claims();
    oracle.written("a", known({ fenced: 2 }));
    expect(fenced).toEqual([]);
    oracle.written("c", known({ fenced: 1 }));
    expect(fenced).toEqual(["h1 1"]);
    expect(oracle.fencedInc("h1")).toBe(1);
    oracle.written("c", known({ fenced: 2 }));
    expect(oracle.fencedInc("h1")).toBe(2);
  });

  test("a fence that was copied to a new voter set counts when its quarantine is over, and is on the disks before", () => {
    const { oracle, fenced } = claims();
    oracle.written("a", known({ fenced: 1 }));
    oracle.written("b", known({ fenced: 1 }), true);
    expect(fenced).toEqual([]);
    expect(oracle.fencedOnDisks("h1")).toBe(1);
    oracle.fenceStands("b", "h1", 1);
    expect(fenced).toEqual(["h1 1"]);
  });
});

describe("the oracle of leases", () => {
  const head = { fleet: "sim", cfg: 1, life: 1, inc: 1, attempt: 7 };
  const renew: Message = { kind: "renew", nonce: "n", ...head };
  const ack = (voter: string): Message => ({ kind: "renew-reply", voter, verdict: { kind: "ack" }, late: [], ...head });

  test("counts from the first sending and only for a majority of different disks", () => {
    const { oracle } = claims();
    const leases = new LeaseOracle(oracle, 4000);
    leases.sent("h1", renew, 100);
    leases.sent("h1", renew, 900);
    leases.arrived("h1", ack("a"), 1000);
    leases.arrived("h1", ack("a"), 1000);
    expect(leases.validUntilMs("h1")).toBe(0);
    leases.arrived("h1", ack("b"), 1000);
    expect(leases.validUntilMs("h1")).toBe(4100);
  });

  test("an answer that comes when its renewal is over gives no lease", () => {
    const { oracle } = claims();
    const leases = new LeaseOracle(oracle, 4000);
    leases.sent("h1", renew, 100);
    for (const voter of ["a", "b", "c"]) leases.arrived("h1", ack(voter), 4100);
    expect(leases.validUntilMs("h1")).toBe(0);
  });

  test("an answer to a renewal that was never sent counts for nothing", () => {
    const { oracle } = claims();
    const leases = new LeaseOracle(oracle, 4000);
    for (const voter of ["a", "b", "c"]) leases.arrived("h1", ack(voter), 1000);
    expect(leases.validUntilMs("h1")).toBe(0);
  });
});

describe("the oracle of executions", () => {
  const process = (pid: number): GuestProcess => ({
    ...{
      guest: "web1",
      pid,
      startTicks: 0,
      startedAtMs: 0,
      paused: false,
      unkillable: false,
      byHand: false,
      resumedAtWake: false,
      handMade: false,
    },
  });

  function executions(): { oracle: ExecutionOracle; codes: ViolationCode[] } {
    const codes: ViolationCode[] = [];
    const oracle = new ExecutionOracle(
      new EventQueue(),
      (node) => `h${node + 1}`,
      (code) => codes.push(code),
    );
    oracle.addGuest("web1", false);
    return { oracle, codes };
  }

  test("reports the second copy at once", () => {
    const { oracle, codes } = executions();
    oracle.began(0, process(1), undefined);
    expect(codes).toEqual([]);
    oracle.began(1, process(2), undefined);
    expect(codes).toEqual(["TWO_COPIES"]);
  });

  test("a copy that ended does not count", () => {
    const { oracle, codes } = executions();
    const first = process(1);
    oracle.began(0, first, undefined);
    oracle.ended(first);
    oracle.began(1, process(2), undefined);
    expect(codes).toEqual([]);
  });

  test("an excused copy counts from the moment its excuse ends", () => {
    const { oracle, codes } = executions();
    oracle.began(0, process(1), undefined);
    const copy = oracle.began(1, process(2), "hand");
    expect(codes).toEqual([]);
    oracle.endExcuse(copy);
    expect(codes).toEqual(["TWO_COPIES"]);
  });
});
