/**
 * Every guest of the fleet, put together from what each host says of its own hypervisor.
 *
 * One item is one copy: a guest that is where it should be has one, a guest that executes twice has two, and one that
 * policy wants and nobody has is one item without a host. That a guest is nowhere is only said when every host that
 * could have it was heard; else it is unknown, with the host whose word is missing.
 */
import type { ClaimValue, GossipEntry, GuestAdvert, GuestId, GuestView, HostId } from "@berth/claims";
import { type EnvironmentPromise, isActive, type ObservedDomain } from "@berth/model";
import type { AgentSnapshot } from "../../daemon/running-agent.ts";
import type { GuestItem } from "../answers.ts";
import { type Hearing, hearings, seconds } from "./hearing.ts";

/** A claim, and whose word it is. */
export interface KnownClaim {
  readonly claim: ClaimValue;
  readonly saidBy: HostId;
  readonly ageMs: number;
}

/** What one host says of one guest. */
export interface SaidCopy {
  readonly origin: HostId;
  readonly advert: GuestAdvert;
  /** Since the word arrived. */
  readonly ageMs: number;
}

/** Everything that is known of one guest. */
export interface KnownGuest {
  readonly guest: GuestId;
  readonly promise: EnvironmentPromise | undefined;
  readonly domain: ObservedDomain | undefined;
  readonly view: GuestView | undefined;
  readonly said: readonly SaidCopy[];
  readonly claim: KnownClaim | undefined;
}

/** A snapshot never changes, and one answer looks at it from several sides. */
const worked = new WeakMap<AgentSnapshot, ReadonlyMap<GuestId, KnownGuest>>();

/** All guests that anybody speaks of, by name, in name order. */
export function knownGuests(snapshot: AgentSnapshot): ReadonlyMap<GuestId, KnownGuest> {
  const found = worked.get(snapshot) ?? workOut(snapshot);
  worked.set(snapshot, found);
  return found;
}

function workOut(snapshot: AgentSnapshot): ReadonlyMap<GuestId, KnownGuest> {
  const promises = new Map(
    snapshot.policy.promises.flatMap((promise) => (promise.kind === "guest" ? [[promise.name, promise]] : [])),
  );
  const domains = new Map(snapshot.observation?.what.domains.map((domain) => [domain.name, domain]));
  const views = new Map(snapshot.claims.guests.map((view) => [view.guest, view]));
  const said = saidCopies(snapshot.gossip);
  const names = new Set([...promises.keys(), ...domains.keys(), ...views.keys(), ...said.keys()]);
  return new Map(
    [...names].sort().map((guest) => {
      const parts = { guest, view: views.get(guest), said: said.get(guest) ?? [] };
      const claim = newestClaim(parts.view, parts.said, snapshot.self);
      return [guest, { ...parts, promise: promises.get(guest), domain: domains.get(guest), claim }];
    }),
  );
}

function saidCopies(gossip: AgentSnapshot["gossip"]): Map<GuestId, SaidCopy[]> {
  const said = new Map<GuestId, SaidCopy[]>();
  for (const { what, ageMs } of gossip) {
    const { origin, body }: GossipEntry = what;
    if (body?.kind !== "guest") continue;
    const copies = said.get(body.guest) ?? [];
    copies.push({ origin, advert: body, ageMs });
    said.set(body.guest, copies);
  }
  return said;
}

/** The one with the highest epoch: epochs never fall. What this host has from the registers goes before gossip. */
function newestClaim(view: GuestView | undefined, said: readonly SaidCopy[], self: HostId): KnownClaim | undefined {
  let newest: KnownClaim | undefined = view?.claim && { claim: view.claim, saidBy: self, ageMs: 0 };
  for (const { origin, advert, ageMs } of said) {
    const { owner, inc, epoch, runId, next } = advert;
    if (epoch === 0 || epoch <= (newest?.claim.epoch ?? 0)) continue;
    newest = {
      claim: { owner, inc, epoch, runId, ...(next === undefined ? {} : { next }) },
      saidBy: origin,
      ageMs,
    };
  }
  return newest;
}

/** The items of `berth get guests`. */
export function guestItems(snapshot: AgentSnapshot): GuestItem[] {
  const heard = hearings(snapshot);
  return [...knownGuests(snapshot).values()].flatMap((known) => itemsOf(known, snapshot, heard));
}

/** The same, by guest. */
export function guestItemsByName(snapshot: AgentSnapshot): ReadonlyMap<GuestId, readonly GuestItem[]> {
  const heard = hearings(snapshot);
  return new Map([...knownGuests(snapshot)].map(([name, known]) => [name, itemsOf(known, snapshot, heard)]));
}

/** `running on h2`, or `unknown (h3 unheard 42s)`. */
export function copyText({ host, state, state_reason }: GuestItem): string {
  if (state === "unknown") return `unknown (${state_reason ?? ""})`;
  return host === null ? state : `${state} on ${host}`;
}

/** The items of one guest. */
export function itemsOf(
  known: KnownGuest,
  snapshot: AgentSnapshot,
  heard: ReadonlyMap<HostId, Hearing>,
): readonly GuestItem[] {
  const copies = [...ownCopy(known, snapshot), ...otherCopies(known, snapshot, heard)];
  if (copies.length === 0) return missingCopy(known, snapshot, heard).map((copy) => item(known, copy, false));
  const running = copies.filter(({ state, uuid }) => state === "running" && uuid !== "");
  const twice = new Set(
    running.filter(({ uuid }) => running.filter((other) => other.uuid === uuid).length > 1).map(({ uuid }) => uuid),
  );
  return copies.map((copy) => item(known, copy, copy.state === "running" && twice.has(copy.uuid)));
}

interface Copy {
  readonly host: HostId | null;
  readonly uuid: string;
  readonly state: string;
  readonly reason?: string;
  readonly ageMs: number;
}

/** What this host's own hypervisor says; nothing where it has no such domain and no claim. */
function ownCopy({ domain, view, said, promise }: KnownGuest, snapshot: AgentSnapshot): readonly Copy[] {
  const { self, hypervisorProblem, observation } = snapshot;
  const mine = said.find(({ origin }) => origin === self)?.advert;
  const uuid = domain?.uuid ?? mine?.uuid ?? "";
  const ageMs = observation?.ageMs ?? 0;
  if (hypervisorProblem !== undefined) {
    if (domain === undefined && view?.owned !== true) return [];
    return [{ host: self, uuid, state: "unknown", reason: `the hypervisor of ${self} does not answer`, ageMs }];
  }
  // Defined and off is no copy of a promised guest: it lies on every host that may run it.
  const isCopy = domain !== undefined && (isActive(domain.state) || (promise === undefined && said.length === 0));
  if (isCopy) return [{ host: self, uuid, state: stateOf(domain), ageMs }];
  return view?.owned === true ? [{ host: self, uuid, state: "off", ageMs }] : [];
}

/** libvirt's word, with the two words that the fleet has for the most frequent states. */
function stateOf({ state }: ObservedDomain): string {
  if (state === "blocked") return "running";
  return state === "shutoff" ? "off" : state;
}

/** Copies on other hosts: what they run, and what they own. */
function otherCopies(
  { said, claim }: KnownGuest,
  { self, upMs }: AgentSnapshot,
  heard: ReadonlyMap<HostId, Hearing>,
): readonly Copy[] {
  return said.flatMap(({ origin, advert, ageMs }): readonly Copy[] => {
    if (origin === self || (advert.state === "off" && advert.owner !== origin)) return [];
    const { heard: isHeard, silence, ageMs: heardAgeMs } = heard.get(origin) ?? stranger(origin, ageMs);
    const { uuid, state } = advert;
    if (isHeard) return [{ host: origin, uuid, state, ageMs: heardAgeMs ?? 0 }];
    if (isFencedOff(advert, claim, heard)) return [];
    return [{ host: origin, uuid, state: "unknown", reason: silence, ageMs: heardAgeMs ?? upMs }];
  });
}

/** A word of somebody who is no member any more. */
function stranger(host: HostId, ageMs: number): Pick<Hearing, "heard" | "silence" | "ageMs"> {
  return { heard: false, silence: `${host} is no member`, ageMs };
}

/** A quorum claim of a later epoch was given to a host that is heard: the silent one was fenced before that, and paused. */
function isFencedOff(advert: GuestAdvert, claim: KnownClaim | undefined, heard: ReadonlyMap<HostId, Hearing>): boolean {
  if (advert.mode !== "quorum" || claim === undefined || claim.claim.epoch <= advert.epoch) return false;
  const { owner } = claim.claim;
  return owner !== null && heard.get(owner)?.heard === true;
}

/** A promised guest without a copy: off when everybody said so, unknown while somebody's word is missing. */
function missingCopy(
  { promise, claim, said }: KnownGuest,
  { upMs }: AgentSnapshot,
  heard: ReadonlyMap<HostId, Hearing>,
): readonly Copy[] {
  if (promise === undefined && claim === undefined) return [];
  const uuid = said[0]?.advert.uuid ?? "";
  const owner = claim?.claim.owner ?? null;
  const silent = silentHypervisors(heard);
  const first = silent.find(({ host }) => host === owner) ?? silent[0];
  if (first === undefined) return [{ host: null, uuid, state: "off", ageMs: oldest(heard) }];
  const host = first.host === owner ? owner : null;
  return [{ host, uuid, state: "unknown", reason: first.why, ageMs: first.ageMs ?? upMs }];
}

/** Hosts that may run guests and of whose guests nothing is known now. */
export function silentHypervisors(
  heard: ReadonlyMap<HostId, Hearing>,
): readonly { readonly host: HostId; readonly why: string; readonly ageMs: number | undefined }[] {
  return [...heard.values()].flatMap(({ host, member, heard: isHeard, silence, advert, self, ageMs }) => {
    if (member?.hypervisor === false) return [];
    if (!isHeard) return [{ host, why: silence, ageMs }];
    if (self) return [];
    if (advert === undefined) return [{ host, why: `${host} has not said yet what it runs`, ageMs }];
    if (!advert.hypervisor) return [{ host, why: `the hypervisor of ${host} does not answer`, ageMs }];
    return [];
  });
}

function oldest(heard: ReadonlyMap<HostId, Hearing>): number {
  return Math.max(0, ...[...heard.values()].map(({ ageMs }) => ageMs ?? 0));
}

function item(known: KnownGuest, copy: Copy, duplicate: boolean): GuestItem {
  const { guest, promise, view, said, claim } = known;
  const advert = said.find(({ origin }) => origin === copy.host)?.advert ?? said[0]?.advert;
  return {
    name: guest,
    uuid: copy.uuid,
    host: copy.host,
    state: copy.state,
    ...(copy.reason === undefined ? {} : { state_reason: copy.reason }),
    promised: promise?.state ?? null,
    protected: promise !== undefined || said.some((one) => one.advert.promised),
    owner: claim?.claim.owner ?? null,
    epoch: claim?.claim.epoch ?? 0,
    mode: advert?.mode ?? null,
    duplicate,
    here: view === undefined ? null : { phase: view.phase, owned: view.owned, reason: view.reason },
    age_seconds: seconds(copy.ageMs),
  };
}
