/**
 * What stands behind a guest's promise on this host: the UUID that it has or would get, its memory, and whether a definition
 * of it can be had. What follows from the promise alone is worked out once for each promise.
 */
import { childNamed, domainSize, guestUuid, normalUuid, parseXml, textOf } from "@berth/domain-xml";
import { type GuestPromise, isActive, type ObservedDomain } from "@berth/model";
import { canBeBuilt } from "@berth/planner";
import type { GuestMeans } from "./promised-guests.ts";

/** What the host knows beside the promise. */
export interface MeansContext {
  /** All hypervisors answer now. */
  readonly hypervisorUp: boolean;
  /** The hypervisors were looked at in this life; before that, what they have is not known and is not held against a guest. */
  readonly looked: boolean;
  readonly domains: ReadonlyMap<string, ObservedDomain>;
  /** A definition that travelled here. */
  readonly travelled: (guest: string) => { readonly uuid: string; readonly xml: string } | undefined;
  readonly identitySeed: string;
}

interface FromPromise {
  readonly uuid: string | undefined;
  readonly memoryKib: number | undefined;
  readonly definable: boolean;
}

const cache = new WeakMap<GuestPromise, FromPromise>();

/** The means for one guest. */
export function guestMeans(promise: GuestPromise, context: MeansContext): GuestMeans {
  const known = cache.get(promise) ?? fromPromise(promise);
  cache.set(promise, known);
  const domain = context.domains.get(promise.name);
  const travelled = context.travelled(promise.name);
  const runsHere = domain !== undefined && isActive(domain.state);
  return {
    reachable: context.hypervisorUp || !context.looked || runsHere,
    definable: known.definable || !context.looked || domain?.persistent === true || travelled !== undefined,
    uuid: domain?.uuid ?? known.uuid ?? travelled?.uuid ?? guestUuid(promise.name, context.identitySeed),
    memoryKib: known.memoryKib ?? memoryOf(travelled?.xml) ?? domain?.memoryKib.maximum ?? 0,
  };
}

function fromPromise(promise: GuestPromise): FromPromise {
  const { spec, memoryKib } = promise.resources;
  const parse = spec === undefined || spec.problem !== undefined ? undefined : parseXml(spec.xml);
  const root = parse?.ok === true ? parse.root : undefined;
  const uuid = root === undefined ? undefined : childNamed(root, "uuid");
  return {
    uuid: uuid === undefined ? undefined : normalUuid(textOf(uuid)),
    memoryKib: memoryKib ?? (root === undefined ? undefined : domainSize(root).memoryKib),
    definable: root !== undefined || canBeBuilt(promise),
  };
}

function memoryOf(xml: string | undefined): number | undefined {
  const parse = xml === undefined ? undefined : parseXml(xml);
  return parse?.ok === true ? domainSize(parse.root).memoryKib : undefined;
}
