/** Everything that the answering host knows of one guest, host or network, for `berth describe`. */
import { type EnvironmentPromise, formatPosition } from "@berth/model";
import type { AgentEvent, AgentSnapshot } from "../../daemon/running-agent.ts";
import type { ClaimItem, EventItem, GuestItem } from "../answers.ts";
import { explainGuest } from "./explain-guest.ts";
import { itemsOf, knownGuests } from "./fleet-guests.ts";
import { claimItems, hostItems, peerItems } from "./fleet-hosts.ts";
import { hearings, seconds } from "./hearing.ts";
import { matchingHosts, networkItems } from "./host-things.ts";

/** Events that a description ends with. */
const eventsMost = 10;

/** What can be described. */
export type DescribedKind = "guest" | "host" | "network";

/** @returns the item, or undefined when nothing of this name is known here */
export function describeThing(
  kind: DescribedKind,
  name: string,
  snapshot: AgentSnapshot,
  events: readonly AgentEvent[],
): object | undefined {
  switch (kind) {
    case "guest":
      return describeGuest(name, snapshot, events);
    case "host":
      return describeHost(name, snapshot, events);
    case "network":
      return describeNetwork(name, snapshot);
  }
}

function describeGuest(name: string, snapshot: AgentSnapshot, events: readonly AgentEvent[]): object | undefined {
  const known = knownGuests(snapshot).get(name);
  if (known === undefined) return undefined;
  const { domain, promise, view } = known;
  const claim = claimItems(snapshot).find(({ guest }) => guest === name);
  return {
    name,
    explanation: explainGuest(snapshot, name)?.conclusion ?? null,
    copies: itemsOf(known, snapshot, hearings(snapshot)).map(copyJson),
    claim: claim === undefined ? null : claimJson(claim),
    here: view === undefined ? null : { phase: view.phase, owned: view.owned, reason: view.reason },
    promised: promise === undefined ? null : promiseJson(promise, snapshot),
    live:
      domain === undefined
        ? null
        : {
            uuid: domain.uuid,
            state: domain.state,
            persistent: domain.persistent,
            autostart: domain.autostart,
            managed_save: domain.managedSave,
            ...(domain.vcpus.current > 0 ? { vcpus: domain.vcpus.current } : {}),
            ...(domain.memoryKib.current > 0 ? { memory_bytes: domain.memoryKib.current * 1024 } : {}),
            age_seconds: seconds(snapshot.observation?.ageMs ?? 0),
          },
    last_pass: passJson("guest", name, snapshot),
    events: eventsOf(events, (event) => event.guest === name),
  };
}

/** What differs between copies of one guest. */
function copyJson({ host, state, state_reason, uuid, duplicate, age_seconds }: GuestItem): object {
  return { host, state, ...(state_reason === undefined ? {} : { state_reason }), uuid, duplicate, age_seconds };
}

function claimJson({
  owner,
  owner_state,
  epoch,
  incarnation,
  run_id,
  next,
  mode,
  said_by,
  age_seconds,
}: ClaimItem): object {
  return {
    owner,
    owner_state,
    epoch,
    incarnation,
    run_id,
    ...(next === undefined ? {} : { next }),
    mode,
    said_by,
    age_seconds,
  };
}

function describeHost(name: string, snapshot: AgentSnapshot, events: readonly AgentEvent[]): object | undefined {
  const host = hostItems(snapshot).find((item) => item.name === name);
  if (host === undefined) return undefined;
  const peer = peerItems(snapshot).find((item) => item.name === name);
  const heard = hearings(snapshot);
  const copies = [...knownGuests(snapshot).values()].flatMap((known) => itemsOf(known, snapshot, heard));
  const self = name === snapshot.self;
  return {
    ...host,
    offers: heard.get(name)?.advert?.matches ?? [],
    copies: copies.filter((copy) => copy.host === name).map((copy) => ({ guest: copy.name, ...copyJson(copy) })),
    heard_here:
      peer === undefined || self
        ? null
        : {
            state: peer.state,
            heard_age_seconds: peer.heard_age_seconds,
            round_trip_seconds: peer.round_trip_seconds,
            features: peer.features,
          },
    hears: peer?.hears ?? [],
    events: eventsOf(events, (event) => event.host === name),
  };
}

function describeNetwork(name: string, snapshot: AgentSnapshot): object | undefined {
  const network = networkItems(snapshot).find((item) => item.name === name);
  if (network === undefined) return undefined;
  const promise = snapshot.policy.promises.find((one) => one.kind === "network" && one.name === name);
  return {
    ...network,
    policy: promise === undefined ? null : promiseJson(promise, snapshot),
    last_pass: passJson("network", name, snapshot),
  };
}

function promiseJson(promise: EnvironmentPromise, snapshot: AgentSnapshot): object {
  const { resources } = promise;
  return {
    state: promise.state,
    type: promise.type,
    class: promise.hostClass,
    holds_here: promise.hostHolds,
    ...(promise.kind === "guest" ? { holds_on: matchingHosts(promise, snapshot) } : {}),
    ...(resources.cpus === undefined ? {} : { vcpus: resources.cpus }),
    ...(resources.memoryKib === undefined ? {} : { memory_bytes: resources.memoryKib * 1024 }),
    ...(resources.spec?.path === undefined ? {} : { definition: resources.spec.path }),
    bundle: promise.bundle,
    place: formatPosition(promise.position),
    ...(promise.comment === undefined ? {} : { comment: promise.comment }),
  };
}

function passJson(kind: "guest" | "network", name: string, { lastPass }: AgentSnapshot): object | null {
  const report = lastPass?.promises.find((one) => one.kind === kind && one.name === name);
  if (report === undefined) return null;
  const { outcome, reason, pending, warnings, failure } = report;
  return { outcome, reason: failure?.message ?? reason, at: lastPass?.startedAt ?? null, pending, warnings };
}

function eventsOf(events: readonly AgentEvent[], concerns: (event: AgentEvent) => boolean): readonly EventItem[] {
  return events.filter(concerns).slice(-eventsMost);
}
