/** Networks and promises of the answering host: each host has its own, so no other one is asked. */
import { type EnvironmentPromise, formatPosition, type ObservedNetwork } from "@berth/model";
import type { AgentSnapshot } from "../../daemon/running-agent.ts";
import type { PromiseReport } from "../../pass-report.ts";
import type { GuestItem, NetworkItem, PromiseItem } from "../answers.ts";
import type { Unreachable } from "../envelope.ts";
import { copyText, guestItemsByName } from "./fleet-guests.ts";
import { hearings, seconds } from "./hearing.ts";

/** The items of `berth get networks`. */
export function networkItems(snapshot: AgentSnapshot): NetworkItem[] {
  const { observation, policy, self, hypervisorProblem } = snapshot;
  const promises = new Map(policy.promises.flatMap((one) => (one.kind === "network" ? [[one.name, one]] : [])));
  const found = new Map(observation?.what.networks.map((network) => [network.name, network]));
  return [...new Set([...promises.keys(), ...found.keys()])].sort().map((name) => {
    const network = found.get(name);
    const promise = promises.get(name);
    return {
      name,
      host: self,
      type: promise?.type ?? null,
      state: hypervisorProblem !== undefined || observation === undefined ? "unknown" : networkState(network),
      promised: promise?.state ?? null,
      uuid: network?.uuid ?? null,
      autostart: network?.autostart ?? null,
      persistent: network?.persistent ?? null,
      age_seconds: seconds(observation?.ageMs ?? 0),
    };
  });
}

function networkState(network: ObservedNetwork | undefined): string {
  if (network === undefined) return "absent";
  return network.active ? "active" : "inactive";
}

/** Other hosts' networks are missing from every answer, which must not look complete. */
export function networksElsewhere(snapshot: AgentSnapshot): Unreachable[] {
  return [...hearings(snapshot).values()].flatMap(({ host, self, member }) =>
    self || member?.hypervisor === false ? [] : [{ host, reason: "networks are told by their own host only" }],
  );
}

/** The items of `berth get promises`. */
export function promiseItems(snapshot: AgentSnapshot): PromiseItem[] {
  const { policy, lastPass } = snapshot;
  const guests = guestItemsByName(snapshot);
  const reports = new Map(lastPass?.promises.map((report) => [`${report.kind}/${report.name}`, report]));
  const ageSeconds = passAgeSeconds(snapshot);
  return policy.promises.map((promise) => {
    const report = reports.get(`${promise.kind}/${promise.name}`);
    return {
      name: promise.name,
      kind: promise.kind,
      type: promise.type,
      state: promise.state,
      class: promise.hostClass,
      holds_here: promise.hostHolds,
      holds_on: promise.kind === "guest" ? matchingHosts(promise, snapshot) : [],
      outcome: report?.outcome ?? null,
      reason: report?.failure?.message ?? report?.reason ?? "",
      now: nowText(promise, report, guests.get(promise.name) ?? []),
      pending: report?.pending ?? [],
      place: formatPosition(promise.position),
      age_seconds: ageSeconds,
    };
  });
}

/** Hosts that say that they may run a guest of this class, this one included. */
export function matchingHosts({ hostClass }: EnvironmentPromise, snapshot: AgentSnapshot): readonly string[] {
  return [...hearings(snapshot).values()].flatMap(({ host, heard, advert }) =>
    heard && advert?.matches.includes(hostClass) === true ? [host] : [],
  );
}

/** Seconds since the last pass ended; null before the first. */
export function passAgeSeconds({ lastPass, wallClockMs }: AgentSnapshot): number | null {
  if (lastPass === undefined) return null;
  return seconds(wallClockMs - Date.parse(lastPass.startedAt) - lastPass.durationSeconds * 1000);
}

function nowText(
  { kind }: EnvironmentPromise,
  report: PromiseReport | undefined,
  copies: readonly GuestItem[],
): string {
  if (kind === "network") return report?.here ?? "not looked at yet";
  return copies.map(copyText).join("; ") || "nowhere";
}
