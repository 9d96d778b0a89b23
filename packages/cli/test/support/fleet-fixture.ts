/**
 * A fleet at one moment, as the agent of h1 sees it: h2 answers, h3 has been silent for 42 s, w is a witness. web1 runs here, web2 on h2,
 * web3 was on h3; db1 runs twice; batch1 belongs to a class that only h2 has; old1 is nobody's promise.
 */
import { startApi } from "@berth/agent/api/start-api";
import type { AgentEvent, AgentSnapshot, RunningAgent } from "@berth/agent/daemon/running-agent";
import type { EnvironmentPromise, ObservedDomain } from "@berth/model";

type Gossip = AgentSnapshot["gossip"][number];
type Body = NonNullable<Gossip["what"]["body"]>;
type HostAdvert = Extract<Body, { readonly kind: "host" }>;
type GuestAdvert = Extract<Body, { readonly kind: "guest" }>;
type Command = Parameters<RunningAgent["operate"]>[0];

const wallClockMs = Date.UTC(2026, 4, 17, 12);
const gibKib = 1_048_576;

function promise(name: string, change: Partial<EnvironmentPromise> = {}): EnvironmentPromise {
  return {
    kind: "guest",
    type: "kvm",
    name,
    state: "running",
    hostClass: "any",
    hostHolds: true,
    resources: { memoryKib: gibKib, cpus: 2 },
    action: { policy: "fix", ifElapsedMinutes: 0, expireAfterMinutes: 1 },
    classes: {},
    meta: [],
    dependsOn: [],
    bundle: "main",
    position: { file: "site.cf", line: 7, column: 3 },
    ...change,
  } as EnvironmentPromise;
}

function domain(name: string, state: ObservedDomain["state"]): ObservedDomain {
  return {
    name,
    uuid: `uuid-${name}`,
    state,
    persistent: true,
    autostart: false,
    managedSave: false,
    vcpus: { current: 2, maximum: 2 },
    memoryKib: { current: gibKib, maximum: gibKib },
  };
}

function hostWord(origin: string, ageMs: number, change: Partial<HostAdvert> = {}): Gossip {
  const body: HostAdvert = {
    kind: "host",
    inc: 1,
    weight: 1,
    memoryFreeKib: 8 * gibKib,
    load: 1,
    draining: false,
    hypervisor: true,
    matches: ["any"],
    leased: true,
    ...change,
  };
  return { ageMs, what: { origin, life: 1, seq: 1, key: "host", body } };
}

function guestWord(origin: string, guest: string, ageMs: number, change: Partial<GuestAdvert> = {}): Gossip {
  const body: GuestAdvert = {
    kind: "guest",
    guest,
    uuid: `uuid-${guest}`,
    promised: true,
    mode: "quorum",
    owner: origin,
    inc: 1,
    epoch: 1,
    runId: `${origin}/1/1`,
    startedAtMs: wallClockMs - 3_600_000,
    state: "running",
    classMatch: true,
    ...change,
  };
  return { ageMs, what: { origin, life: 1, seq: 1, key: `guest/${guest}`, body } };
}

function member(hostId: string, role: "voter" | "member" = "voter", hypervisor = true) {
  return {
    hostId,
    peerId: `12D3-${hostId}`,
    addresses: [`/ip4/192.0.2.${hostId.length}/tcp/7946`],
    role,
    disk: `disk-${hostId}`,
    hypervisor,
  };
}

const members = [member("h1"), member("h2"), member("h3"), member("w", "voter", false)];

function peer(
  index: number,
  state: "up" | "down",
  heardAgeMs: number,
  stateAgeMs: number,
): AgentSnapshot["peers"][number] {
  return {
    member: members[index] ?? member("nobody"),
    ...{ state, stateAgeMs, heardAgeMs, features: ["claims-1"], queuedBytes: 0, heardBy: [] },
    ...(state === "up" ? { roundTripMs: 0.74 } : {}),
  };
}

const claim = (owner: string, epoch: number) => ({ owner, inc: 1, epoch, runId: `${owner}/1/1` });

const claims: AgentSnapshot["claims"] = {
  config: {
    number: 1,
    voters: ["h1", "h2", "w"].map((host) => ({ voter: `disk-${host}`, host })),
    profile: {
      ...{ name: "lan", renewMs: 1000, fenceMs: 4000, killMs: 500, stopMs: 1000, watchdogMs: 0 },
      ...{ rho: 0.01, pollMs: 50, clockResolutionMs: 10 },
    },
  },
  ...{ inc: 1, life: 3, leaseRemainingMs: 3_410, votersHeard: 3, votersNeeded: 2 },
  guests: [
    { guest: "web1", phase: "running", owned: true, claim: claim("h1", 1), reason: "owned and running here" },
    { guest: "web2", phase: "idle", owned: false, claim: claim("h2", 1), reason: "owned by h2" },
    { guest: "web3", phase: "idle", owned: false, claim: claim("h3", 1), reason: "its owner h3 is late" },
    { guest: "db1", phase: "running", owned: true, claim: claim("h1", 2), reason: "owned and running here" },
    { guest: "batch1", phase: "idle", owned: false, reason: "batch_host does not hold here" },
  ],
  voter: { active: true, liveHosts: 2, quarantineMs: 0, sealed: false },
};

const policy: AgentSnapshot["policy"] = {
  ...{ generation: 2, digest: "4f1cd2aa90b7", files: ["site.cf"], since: "2026-05-17T11:00:00.000Z" },
  promises: [
    ...["web1", "web2", "web3", "db1"].map((name) => promise(name)),
    promise("batch1", { hostClass: "batch_host", hostHolds: false }),
    promise("lan0", { kind: "network", type: "kvm_net" } as Partial<EnvironmentPromise>),
  ],
  ...{ classes: new Set(["any", "linux"]), diagnostics: [], bad: false },
};

const factsOfH2: AgentSnapshot["facts"] = new Map([
  [
    "h2",
    {
      ageMs: 900,
      what: {
        ...{ release: "0.1.0", policyDigest: "4f1cd2aa90b7", configNumber: 1, profile: "lan", degraded: [] },
        ...{ cpus: 8, memoryKib: 16 * gibKib, hypervisors: [{ type: "kvm", reachable: true }] },
        wallClockMs: wallClockMs + 5_000 - 900,
        hears: [
          { host: "h1", up: true, heardAgeMs: 100 },
          { host: "h3", up: false, heardAgeMs: 41_000 },
        ],
      },
    },
  ],
]);

const gossip: AgentSnapshot["gossip"] = [
  hostWord("h1", 0, { load: 2 }),
  hostWord("h2", 4_000, { matches: ["any", "batch_host"] }),
  hostWord("h3", 50_000),
  hostWord("w", 6_000, { hypervisor: false, load: 0, matches: [], memoryFreeKib: 0 }),
  guestWord("h1", "web1", 0),
  guestWord("h1", "db1", 0, { epoch: 2 }),
  guestWord("h2", "web2", 4_000),
  guestWord("h2", "db1", 4_000, { owner: "h2", epoch: 1 }),
  guestWord("h3", "web3", 50_000),
];

const heartbeat = {
  ...{ pid: 77, poll: 9, bootId: "b", at: { bootMs: 1, monoMs: 1 } },
  ...{ expired: false, libvirtUp: true, watchdog: "absent" as const, degraded: [] },
};

const observation = {
  ageMs: 400,
  what: {
    domains: [
      domain("web1", "running"),
      domain("db1", "running"),
      domain("old1", "shutoff"),
      domain("web2", "shutoff"),
    ],
    networks: [{ name: "lan0", uuid: "uuid-lan0", active: true, persistent: true, autostart: true }],
  },
};

/** The moment, with what matters to the test changed. */
export function fleetSnapshot(change: Partial<AgentSnapshot> = {}): AgentSnapshot {
  return {
    ...{ fleet: "shop", self: "h1", release: "0.1.0", wallClockMs, upMs: 7_500_000 },
    ...{ claims, policy, gossip, observation, facts: factsOfH2 },
    deadMan: { sign: "alive", heartbeat },
    degraded: ["no watchdog device: a hypervisor process that cannot be killed could run on"],
    members: { fleet: "shop", number: 4, fleetKey: "key", rotations: [], members, signature: "s" },
    peers: [peer(1, "up", 300, 7_000_000), peer(2, "down", 42_000, 40_000), peer(3, "up", 200, 7_000_000)],
    counters: { received: 7, sent: 9, malformed: 1 } as AgentSnapshot["counters"],
    ...{ acts: [], draining: false },
    ...change,
  };
}

/** The same moment on the witness, which has no policy, no hypervisor and no dead-man. */
export function witnessSnapshot(): AgentSnapshot {
  const { observation: _, ...rest } = fleetSnapshot();
  const known = { guest: "web1", phase: "idle" as const, owned: false, claim: claim("h1", 1), reason: "owned by h1" };
  const self = { ...peer(0, "up", 300, 7_000_000), member: member("h1") };
  return {
    ...rest,
    self: "w",
    degraded: [],
    peers: [self, ...rest.peers.filter((one) => one.member.hostId !== "w")],
    claims: { ...claims, guests: [known], leaseRemainingMs: 0, votersHeard: 0 },
    policy: { generation: 0, digest: "", files: [], promises: [], classes: new Set(), diagnostics: [], bad: false },
    deadMan: { sign: "absent" },
  };
}

/** Two entries of the journal. */
export const fleetEvents: readonly AgentEvent[] = [
  {
    id: 1,
    life: 1,
    at: "2026-05-17T09:00:00.000Z",
    level: "info",
    code: "CLAIMED",
    text: "web1 is claimed, epoch 1",
    guest: "web1",
  },
  {
    id: 2,
    life: 1,
    at: "2026-05-17T11:55:00.000Z",
    level: "alarm",
    code: "DUPLICATE_GUEST",
    text: "uuid-db1 runs on h1, h2",
    guest: "db1",
  },
];

/** An agent that shows one moment and keeps what it is told. */
export interface ShownAgent {
  readonly socketPath: string;
  readonly operated: Command[];
  /** Commands for other hosts: host, command, who asked. */
  readonly ordered: Parameters<RunningAgent["order"]>[];
  /** What the other host answers from now on. */
  answerOrders(outcome: Awaited<ReturnType<RunningAgent["order"]>>): void;
  /** Replaces the moment. */
  show(snapshot: AgentSnapshot): void;
  /** Writes another entry of the journal. */
  say(event: AgentEvent): void;
  close(): Promise<void>;
}

const silent = { debug() {}, info() {}, warn() {}, error() {}, child: () => silent };

/** Serves a snapshot on a real socket, as the agent does. */
export async function serveFleet(socketPath: string, first: AgentSnapshot = fleetSnapshot()): Promise<ShownAgent> {
  let snapshot = first;
  const events = [...fleetEvents];
  const listeners = new Set<(event: AgentEvent) => void>();
  const operated: Command[] = [];
  const ordered: ShownAgent["ordered"] = [];
  let orderOutcome: Awaited<ReturnType<RunningAgent["order"]>> = { kind: "taken" };
  const agent: RunningAgent = {
    snapshot: () => snapshot,
    operate: (command) => void operated.push(command),
    order: async (...asked) => {
      ordered.push(asked);
      return orderOutcome;
    },
    reload: async () => snapshot.policy,
    events: (sinceId = 0, sinceMs = 0) => events.filter(({ id, at }) => id > sinceId && Date.parse(at) >= sinceMs),
    onEvent: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    hook: () => ({ kind: "allowed" }),
    adoptMembers: () => {},
    stop: async () => {},
    ended: new Promise(() => {}),
  };
  const api = await startApi({ agent, config: { socketPath, socketGroup: "", httpListen: "" }, log: silent });
  return {
    socketPath,
    operated,
    ordered,
    answerOrders: (outcome) => {
      orderOutcome = outcome;
    },
    show: (next) => {
      snapshot = next;
    },
    say: (event) => {
      events.push(event);
      for (const listener of listeners) listener(event);
    },
    close: () => api.close(),
  };
}
