/**
 * What this host has beside what policy promises of it. Undeclared guests are listed as well, and promised ones that
 * are absent; what could not be asked is `unknown`, never "stopped".
 */
import { existsSync } from "node:fs";
import type { BerthConfig } from "@berth/agent/config/berth-config";
import type { HostObservation } from "@berth/agent/converge";
import {
  type EnvironmentPromise,
  type GuestType,
  guestTypes,
  hypervisorOf,
  type ObservedDomain,
  type ObservedNetwork,
} from "@berth/model";
import { readHostConfig } from "./host-config.ts";
import type { HostOptions } from "./options.ts";
import type { Unreachable } from "./output/envelope.ts";
import { readPolicy } from "./policy-source.ts";
import type { Session } from "./session.ts";

/** One guest or network of this host: promised, observed, or both. */
export interface HostRow<Observed> {
  readonly name: string;
  readonly type: GuestType;
  /** The connection that serves it; absent where the configuration names none. */
  readonly uri?: string;
  /** Absent where nothing by this name was seen. */
  readonly observed?: Observed;
  /** Why nothing can be said, where the hypervisor does not answer. */
  readonly unknown?: string;
  readonly promise?: EnvironmentPromise;
  /** When this was known, RFC 3339 in UTC. */
  readonly seenAt: string;
  /** How old the knowledge was when it was shown. */
  readonly ageSeconds: number;
}

/** A guest as `berth get guests` lists it. */
export type GuestRow = HostRow<ObservedDomain>;
/** A network as `berth get networks` lists it. */
export type NetworkRow = HostRow<ObservedNetwork>;

/** Everything that `berth get guests` and `get networks` show. */
export interface HostView {
  readonly guests: readonly GuestRow[];
  readonly networks: readonly NetworkRow[];
  readonly unreachable: readonly Unreachable[];
}

/** Asks every hypervisor that policy or the configuration names, that of `kvm` where neither names one. */
export async function readHostView(
  files: readonly string[],
  options: HostOptions,
  session: Session,
): Promise<HostView> {
  const { BerthHost } = await import("@berth/agent/converge");
  const config = await readHostConfig(options, session);
  const hasPolicy = files.length > 0 || existsSync(config.policyPath);
  const promises = hasPolicy ? (await readPolicy(files, options, session)).promises : [];
  await using host = new BerthHost({ config });
  const answers = byUri(await host.observations(typesToAsk(promises, config)));
  const seenAtMs = session.terminal.nowMs();
  const time = (): Time => ({
    seenAt: new Date(seenAtMs).toISOString(),
    ageSeconds: Math.floor((session.terminal.nowMs() - seenAtMs) / 1000),
  });
  return {
    guests: answers.flatMap((answer) => rows(answer, domainsOf(answer), served(answer, promises, "guest"), time())),
    networks: answers.flatMap((answer) =>
      rows(answer, networksOf(answer), served(answer, promises, "network"), time()),
    ),
    unreachable: answers.flatMap((answer) => unreachable(answer, session.host)),
  };
}

type Time = Pick<HostRow<unknown>, "seenAt" | "ageSeconds">;

/** One connection's answer, and all the types that it serves. */
interface Answer {
  readonly types: readonly GuestType[];
  readonly observed: HostObservation;
}

/** Types with one URI share one set of guests, so the first answer stands for all of them. */
function byUri(observations: readonly HostObservation[]): Answer[] {
  const groups = Map.groupBy(observations, (observed) => observed.uri ?? observed.type);
  return [...groups.values()].flatMap((group) => {
    const [first] = group;
    return first === undefined ? [] : [{ types: group.map(({ type }) => type), observed: first }];
  });
}

function typesToAsk(promises: readonly EnvironmentPromise[], config: BerthConfig): readonly GuestType[] {
  const promised = new Set(promises.map(({ type }) => hypervisorOf(type)));
  const asked = guestTypes.filter((type) => promised.has(type) || config.uris[type] !== undefined);
  return asked.length > 0 ? asked : ["kvm"];
}

function served({ types }: Answer, promises: readonly EnvironmentPromise[], kind: EnvironmentPromise["kind"]) {
  return promises.filter((promise) => promise.kind === kind && types.includes(hypervisorOf(promise.type)));
}

function domainsOf({ observed }: Answer): readonly ObservedDomain[] {
  return "observation" in observed ? observed.observation.domains : [];
}

function networksOf({ observed }: Answer): readonly ObservedNetwork[] {
  return "observation" in observed ? observed.observation.networks : [];
}

function unreachable({ types, observed }: Answer, host: string): Unreachable[] {
  if (!("error" in observed)) return [];
  const { uri, error } = observed;
  return [{ host, type: types.join(", "), ...(uri === undefined ? {} : { uri }), reason: error.message }];
}

function rows<Observed extends { readonly name: string }>(
  { types, observed }: Answer,
  found: readonly Observed[],
  promises: readonly EnvironmentPromise[],
  time: Time,
): HostRow<Observed>[] {
  const byName = new Map(found.map((one) => [one.name, one]));
  const promiseByName = new Map(promises.map((promise) => [promise.name, promise]));
  const names = [...new Set([...promiseByName.keys(), ...byName.keys()])].sort();
  const unknown = "error" in observed ? { unknown: observed.error.message } : {};
  return names.map((name) => {
    const [one, promise] = [byName.get(name), promiseByName.get(name)];
    return {
      name,
      type: promise === undefined ? (types[0] ?? "kvm") : hypervisorOf(promise.type),
      ...(observed.uri === undefined ? {} : { uri: observed.uri }),
      ...(one === undefined ? {} : { observed: one }),
      ...unknown,
      ...(promise === undefined ? {} : { promise }),
      ...time,
    };
  });
}
