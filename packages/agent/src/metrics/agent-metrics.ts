/**
 * What a Prometheus reads, computed from one snapshot at each scrape, so that it cannot differ from what status says. Series of guests
 * carry `domain` and `uuid`, as the libvirt exporters name them, and join with theirs.
 */
import { Counter, Gauge, Registry } from "prom-client";
import { guestItemsByName, knownGuests } from "../api/views/fleet-guests.ts";
import type { AgentSnapshot, RunningAgent } from "../daemon/running-agent.ts";

/** The metrics of one running agent. */
export interface AgentMetrics {
  /** In Prometheus's text format. */
  text(): Promise<string>;
  /** Stops counting. */
  stop(): void;
}

/** @returns the metrics of `agent`; counts begin now */
export function createAgentMetrics(agent: RunningAgent): AgentMetrics {
  const registry = new Registry();
  const series = newSeries(registry);
  const claimed = new Set<string>();
  const stop = agent.onEvent(({ level, code, guest }) => {
    series.events.inc({ level, code });
    if (code === "CLAIMED" && guest !== undefined) claimed.add(guest);
  });
  return {
    text: async () => {
      const snapshot = agent.snapshot();
      series.takeovers.inc(takeovers(claimed, snapshot));
      claimed.clear();
      setSeries(series, snapshot);
      countPeers(series.peerCounters, snapshot, registry);
      return await registry.metrics();
    },
    stop,
  };
}

type Series = ReturnType<typeof newSeries>;

function newSeries(registry: Registry) {
  const registers = [registry];
  const gauge = (name: string, help: string, labelNames: readonly string[] = []) =>
    new Gauge({ name: `berth_${name}`, help, labelNames: [...labelNames], registers });
  const guest = ["domain", "uuid"];
  return {
    claimHeld: gauge("claim_held", "1 for each guest that this host owns.", guest),
    phase: gauge("guest_phase", "1 for the phase that a protected guest is in on this host.", [...guest, "phase"]),
    duplicate: gauge("duplicate_guest_detected", "1 for a guest whose UUID is heard to run on several hosts.", guest),
    lease: gauge("lease_remaining_seconds", "What is left of this host's lease, 0 without one."),
    voters: gauge("voters_heard", "Voters that answer this host's renewals."),
    votersNeeded: gauge("voters_needed", "Voters that must answer for a lease."),
    generation: gauge("policy_generation", "Policies that came into force in this life of the agent."),
    policyBad: gauge("policy_bad", "1 while the newest policy has errors and an older one is in force."),
    libvirtUp: gauge("libvirt_up", "1 while the hypervisor answers."),
    deadMan: gauge("dead_man_alive", "1 while the dead-man answers."),
    degraded: gauge("degraded_reasons", "Reasons why a guest could run twice; 0 is well."),
    draining: gauge("draining", "1 while this host is being drained."),
    pass: gauge("converge_duration_seconds", "How long the last pass took."),
    promises: gauge("promises", "Promises of the last pass by outcome.", ["outcome"]),
    peerUp: gauge("peer_up", "1 for a peer that is heard.", ["peer"]),
    peerRoundTrip: gauge("peer_round_trip_seconds", "Round trip of the last heartbeat.", ["peer"]),
    up: gauge("up_seconds", "How long this life of the agent lasts."),
    takeovers: new Counter({
      name: "berth_takeovers_total",
      help: "Guests that this host claimed although another host owned them.",
      registers,
    }),
    events: new Counter({
      name: "berth_events_total",
      help: "Entries of the journal.",
      labelNames: ["level", "code"],
      registers,
    }),
    peerCounters: new Map<string, Counter>(),
  };
}

function setSeries(series: Series, snapshot: AgentSnapshot): void {
  const { claims, policy, lastPass, hypervisorProblem, deadMan, degraded, draining, peers } = snapshot;
  series.lease.set(claims.leaseRemainingMs / 1000);
  series.voters.set(claims.votersHeard);
  series.votersNeeded.set(claims.votersNeeded);
  series.generation.set(policy.generation);
  series.policyBad.set(Number(policy.bad));
  series.libvirtUp.set(Number(hypervisorProblem === undefined));
  series.deadMan.set(Number(deadMan.sign === "alive"));
  series.degraded.set(degraded.length);
  series.draining.set(Number(draining));
  series.up.set(snapshot.upMs / 1000);
  if (lastPass !== undefined) {
    series.pass.set(lastPass.durationSeconds);
    for (const [outcome, count] of Object.entries(lastPass.counts)) series.promises.set({ outcome }, count);
  }
  series.peerUp.reset();
  series.peerRoundTrip.reset();
  for (const { member, state, roundTripMs } of peers) {
    series.peerUp.set({ peer: member.hostId }, Number(state === "up"));
    if (roundTripMs !== undefined) series.peerRoundTrip.set({ peer: member.hostId }, roundTripMs / 1000);
  }
  setGuests(series, snapshot);
}

function setGuests({ claimHeld, phase, duplicate }: Series, snapshot: AgentSnapshot): void {
  for (const one of [claimHeld, phase, duplicate]) one.reset();
  const copies = guestItemsByName(snapshot);
  for (const { guest, view, domain } of knownGuests(snapshot).values()) {
    const items = copies.get(guest) ?? [];
    const uuid = domain?.uuid ?? items.find((copy) => copy.uuid !== "")?.uuid ?? "";
    const labels = { domain: guest, uuid };
    if (view !== undefined && (view.owned || view.phase !== "idle")) {
      claimHeld.set(labels, Number(view.owned));
      phase.set({ ...labels, phase: view.phase }, 1);
    }
    if (items.some((copy) => copy.duplicate)) duplicate.set(labels, 1);
  }
}

/** Of the guests that were claimed since the last look: those that another host still calls its own, under an earlier epoch. */
function takeovers(claimed: ReadonlySet<string>, snapshot: AgentSnapshot): number {
  if (claimed.size === 0) return 0;
  const known = knownGuests(snapshot);
  return [...claimed].filter((guest) => {
    const { view, said = [] } = known.get(guest) ?? {};
    const epoch = view?.claim?.epoch ?? 0;
    return said.some(
      ({ origin, advert }) => origin !== snapshot.self && advert.owner === origin && advert.epoch < epoch,
    );
  }).length;
}

/** Counts since the network's start, which `prom-client` can only add to. */
function countPeers(counters: Map<string, Counter>, { counters: counts }: AgentSnapshot, registry: Registry): void {
  for (const [name, count] of Object.entries(counts)) {
    const counter = counters.get(name) ?? newPeerCounter(name, registry);
    counters.set(name, counter);
    counter.reset();
    counter.inc(count);
  }
}

function newPeerCounter(name: string, registry: Registry): Counter {
  return new Counter({
    name: `berth_peer_${name.replaceAll("-", "_")}_total`,
    help: `Of the peer network, since the agent's start: ${name}.`,
    registers: [registry],
  });
}
