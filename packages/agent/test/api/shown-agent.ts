/** An agent of one host alone that shows one moment, for tests of what carries its answers. */
import type { AgentEvent, AgentSnapshot, RunningAgent } from "../../src/daemon/running-agent.ts";
import type { AgentLog } from "../../src/logging/agent-log.ts";

/** What the agent was told, beside the agent. */
export interface ShownAgent extends RunningAgent {
  readonly operated: Parameters<RunningAgent["operate"]>[0][];
  readonly ordered: Parameters<RunningAgent["order"]>[];
  say(event: AgentEvent): void;
  /** How many listen to its events. */
  readonly listeners: number;
}

/** A host in a fleet of its own, with one guest. */
export function oneHost(change: Partial<AgentSnapshot> = {}): AgentSnapshot {
  const profile = { name: "lan", renewMs: 1000, fenceMs: 4000, killMs: 500, stopMs: 1000, watchdogMs: 0, rho: 0.01 };
  const claim = { owner: "h1", inc: 1, epoch: 1, runId: "h1/1/1" };
  return {
    fleet: "shop",
    self: "h1",
    release: "0.1.0",
    wallClockMs: Date.UTC(2026, 4, 17, 12),
    upMs: 60_000,
    claims: {
      config: {
        number: 1,
        voters: [{ voter: "disk-h1", host: "h1" }],
        profile: { ...profile, pollMs: 50, clockResolutionMs: 10 },
      },
      inc: 1,
      life: 1,
      leaseRemainingMs: 3_400,
      votersHeard: 1,
      votersNeeded: 1,
      guests: [{ guest: "web1", phase: "running", owned: true, claim, reason: "owned and running here" }],
    },
    policy: {
      generation: 3,
      digest: "abc",
      files: [],
      promises: [],
      classes: new Set(["any"]),
      diagnostics: [],
      bad: false,
    },
    deadMan: { sign: "alive" },
    degraded: [],
    members: { fleet: "shop", number: 1, fleetKey: "k", rotations: [], members: [], signature: "s" },
    peers: [],
    counters: { received: 4, "bad-proof": 2 } as AgentSnapshot["counters"],
    facts: new Map(),
    gossip: [],
    observation: {
      ageMs: 100,
      what: {
        domains: [
          {
            name: "web1",
            uuid: "5e1d",
            state: "running",
            persistent: true,
            autostart: false,
            managedSave: false,
            vcpus: { current: 1, maximum: 1 },
            memoryKib: { current: 1024, maximum: 1024 },
          },
        ],
        networks: [],
      },
    },
    acts: [],
    draining: false,
    ...change,
  };
}

/** An agent that shows `snapshot()` and keeps what it is told. */
export function shownAgent(snapshot: () => AgentSnapshot = oneHost): ShownAgent {
  const events: AgentEvent[] = [];
  const listeners = new Set<(event: AgentEvent) => void>();
  const operated: ShownAgent["operated"] = [];
  const ordered: ShownAgent["ordered"] = [];
  return {
    snapshot,
    operated,
    operate: (command) => void operated.push(command),
    ordered,
    order: async (...asked) => {
      ordered.push(asked);
      return { kind: "taken" };
    },
    reload: async () => snapshot().policy,
    events: (sinceId = 0, sinceMs = 0) => events.filter(({ id, at }) => id > sinceId && Date.parse(at) >= sinceMs),
    onEvent: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    hook: (guest) =>
      guest === "web1" ? { kind: "allowed" } : { kind: "refused", sentence: `${guest} belongs to h2; start it there` },
    adoptMembers: () => {},
    stop: async () => {},
    ended: new Promise(() => {}),
    say: (event) => {
      events.push(event);
      for (const listener of listeners) listener(event);
    },
    get listeners() {
      return listeners.size;
    },
  };
}

/** One line of a log. */
export interface LogLine {
  readonly level: string;
  readonly code: string;
  readonly text: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** A log that keeps its lines. */
export function keptLog(): { readonly log: AgentLog; readonly lines: LogLine[] } {
  const lines: LogLine[] = [];
  const write =
    (level: string) =>
    (code: string, text: string, fields: Readonly<Record<string, unknown>> = {}) =>
      void lines.push({ level, code, text, fields });
  const log: AgentLog = {
    debug: write("debug"),
    info: write("info"),
    warn: write("warn"),
    error: write("error"),
    child: () => log,
  };
  return { log, lines };
}
