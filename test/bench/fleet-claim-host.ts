/**
 * One host of the claim bench: `node fleet-claim-host.ts STATE_DIR COUNT`. The protocol with its real parts - libp2p, the
 * store with its synced writes, both clocks, the dead-man's file - and none of the rest of an agent, so that no pass over
 * a policy stands in the way of what is measured. It claims COUNT guests, one after the other, and writes the times to
 * STATE_DIR/times.json: from the moment in which PREPARE leaves for the voters until a majority has the claim on its disks
 * and this host knows it.
 */
import { randomBytes } from "node:crypto";
import { renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { readBootId } from "@berth/agent/clock/boot-id";
import { openHostClock } from "@berth/agent/clock/host-clock";
import { ProtocolLoop } from "@berth/agent/daemon/protocol-loop";
import { openDeadManLink } from "@berth/agent/dead-man/file-link";
import { openFleetHome } from "@berth/agent/fleet/fleet-home";
import { peersOf } from "@berth/agent/fleet/fleet-keeper";
import { loadHostKey } from "@berth/agent/peers/host-key";
import { createPeerNetwork } from "@berth/agent/peers/libp2p-network";
import { openRecordStore } from "@berth/agent/store/open-record-store";
import { type Act, createHost, type DurableRecord, type GuestObservation, type PromisedGuest } from "@berth/claims";
import type { ClaimRun, ClaimTimes } from "./fleet-claim.ts";
import { until } from "./fleet-peer-hosts.ts";

const [stateDir = "", count = "0"] = process.argv.slice(2);
const home = openFleetHome(stateDir);
const bootId = readBootId();
const store = await openRecordStore(join(stateDir, "store"));
const [clock, key] = await Promise.all([openHostClock(), loadHostKey(stateDir)]);
const network = createPeerNetwork({
  ...{ fleet: home.fleet, self: home.self, key, listen: home.listen, mdns: false },
  members: peersOf(home.members.members, {}),
  fenceMs: home.founding.profile.fenceMs,
  log: ({ code, text }) => console.log(code, text),
});
const machine = createHost({
  ...{ host: home.self, fleet: home.fleet, hypervisor: true, seed: randomBytes(4).readUInt32LE() },
});
const prepared = new Map<string, number>();
const promisedMs = new Map<string, number>();
const noteFirst = (moments: Map<string, number>, guest: string) => {
  if (!moments.has(guest)) moments.set(guest, performance.now());
};
const send = network.send.bind(network);
network.send = (host, message) => {
  // The one to the voter on this host goes another way, at the same moment.
  if (message.kind === "prepare") for (const guest of message.guests) noteFirst(prepared, guest);
  if (message.kind === "accept") for (const { guest } of message.values) noteFirst(promisedMs, guest);
  return send(host, message);
};
const writes: number[] = [];
const timedStore = {
  put: async (batch: readonly DurableRecord[]) => {
    const began = performance.now();
    await store.put(batch);
    writes.push(performance.now() - began);
  },
};
const claimed = new Map<string, number>();
const observed = new Map<string, GuestObservation>();
const loop = new ProtocolLoop(
  { machine, clock, store: timedStore, link: openDeadManLink("/run/berth", bootId), network },
  {
    // A hypervisor that does at once what it is told.
    act: (act) => setImmediate(() => carryOut(act)),
    note: ({ code, guest, text }) => {
      if (code === "CLAIMED" && guest !== undefined) claimed.set(guest, performance.now());
      else console.log(code, text);
    },
    stored: () => {},
    failed: (error) => {
      console.log(error);
      process.exit(1);
    },
  },
);

function carryOut(act: Act): void {
  const { guest } = act;
  const state = act.kind === "resume" ? "running" : act.kind === "destroy" ? "off" : "paused";
  observed.set(guest, { guest, uuid: uuidOf(guest), state, process: { pid: 1, startTicks: 1 } });
  loop.handle({ kind: "act-done", act, outcome: "done" });
  loop.handle({ kind: "observed", guests: [...observed.values()] });
}

function uuidOf(guest: string): string {
  return `be570000-0000-4000-8000-${Buffer.from(guest).toString("hex").padStart(12, "0").slice(-12)}`;
}

function promised(name: string): PromisedGuest {
  return {
    ...{ guest: name, uuid: uuidOf(name), mode: "quorum", onIsolated: { kind: "pause" }, wanted: "running" },
    ...{ keep: "longest_running", placementKey: "any", classMatch: true, eligible: true, memoryKib: 1024 },
  };
}

network.onMessage((from, message) => loop.handle({ kind: "message", from, message }));
network.onPeerUp(({ host }) => loop.handle({ kind: "peer-connected", host }));
const nonce = randomBytes(16).toString("hex");
loop.start({ kind: "start", durable: store.load(), bootId, config: home.founding, nonce });
await network.start();
loop.handle({ kind: "capacity", weight: 1, memoryFreeKib: 1 << 20, hypervisorUp: true });
loop.handle({ kind: "observed", guests: [] });
loop.handle({ kind: "policy", guests: [] });
setInterval(() => loop.handle({ kind: "dead-man-alive", watchdog: false }), 250);

if (Number(count) > 0) {
  await until("all voters are heard", () => loop.view().votersHeard === home.founding.voters.length, 60_000);
  // A founded voter grants and promises nothing before its quarantine is over.
  await until("this host holds a lease", () => loop.view().leaseRemainingMs > 0, 60_000);
  const guests: PromisedGuest[] = [];
  const claims: ClaimTimes[] = [];
  const cpuBefore = process.cpuUsage();
  writes.length = 0;
  for (let index = 0; index < Number(count); index += 1) {
    const name = `guest-${index}`;
    guests.push(promised(name));
    loop.handle({ kind: "policy", guests });
    await until(`${name} is claimed`, () => claimed.has(name), 30_000, 1);
    const asked = prepared.get(name) ?? Number.NaN;
    const answered = promisedMs.get(name) ?? Number.NaN;
    const known = claimed.get(name) ?? Number.NaN;
    claims.push({ promiseMs: answered - asked, acceptMs: known - answered });
    await until(`${name} runs`, () => observed.get(name)?.state === "running", 30_000, 1);
  }
  const { user, system } = process.cpuUsage(cpuBefore);
  const run: ClaimRun = { claims, writes, cpuMs: (user + system) / 1000 };
  writeFileSync(join(stateDir, "times.new"), JSON.stringify(run));
  renameSync(join(stateDir, "times.new"), join(stateDir, "times.json"));
}
