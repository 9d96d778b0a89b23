/**
 * What a guest's promise comes to on this host, before anything is known of the guest itself.
 *
 * A promise names a state, and a class of hosts. Where the class holds and the host owns the guest, the promise is what
 * it says. Elsewhere `create` and `running` turn into "not here": down, or suspended. `suspended`, `down` and `delete`
 * apply wherever the promise is evaluated; but a paused copy is only ever started where the guest may run. Where the class
 * holds and nobody is known to own the guest yet, it is left as it is: to start it could make two of it, and to stop it
 * could stop the only one.
 */
import type { GuestPromise, Ownership } from "@berth/model";
import type { Goal, OwnershipMap, PlannerSettings } from "./plan-types.ts";

/** What is to be done with a guest here. */
export interface GuestIntent {
  readonly promise: GuestPromise;
  readonly goal: Extract<Goal, "running" | "suspended" | "down" | "deleted" | "unchanged">;
  /** Whether this host may start or resume the guest. */
  readonly mayRun: boolean;
  /** Peers exist: the guest starts paused, and memory saved earlier may be older than its disk. */
  readonly hasPeers: boolean;
  /** One clause: the goal, and why it is not what the promise says where it is not. */
  readonly here: string;
}

/** Ownership of a guest that nobody said anything of. */
const unknownOwnership: Ownership = { kind: "elsewhere", reason: "nothing is known of its ownership" };

/** What the promise comes to here, by class and ownership alone. */
export function guestIntent(promise: GuestPromise, ownership: OwnershipMap, settings: PlannerSettings): GuestIntent {
  const owned = ownership.get(promise.name) ?? unknownOwnership;
  const mayRun = promise.hostHolds && owned.kind !== "elsewhere";
  const hasPeers = owned.kind !== "sole";
  switch (promise.state) {
    case "delete":
      return { promise, goal: "deleted", mayRun, hasPeers, here: "deleted" };
    case "down":
      return { promise, goal: "down", mayRun, hasPeers, here: "down" };
    case "suspended":
      return { promise, goal: "suspended", mayRun, hasPeers, here: suspendedHere(promise, owned, mayRun) };
    case "create":
    case "running": {
      if (mayRun) return { promise, goal: "running", mayRun, hasPeers, here: "running" };
      if (promise.hostHolds && isUndecided(owned)) {
        return { promise, goal: "unchanged", mayRun, hasPeers, here: `as it is, for ${whyNotHere(promise, owned)}` };
      }
      const goal = settings.notOwnedState;
      return { promise, goal, mayRun, hasPeers, here: `${goal}, for ${whyNotHere(promise, owned)}` };
    }
  }
}

function isUndecided(owned: Ownership): boolean {
  return owned.kind === "elsewhere" && owned.owner === undefined;
}

function suspendedHere(promise: GuestPromise, owned: Ownership, mayRun: boolean): string {
  return mayRun ? "suspended" : `suspended if it is there, for ${whyNotHere(promise, owned)}`;
}

function whyNotHere(promise: GuestPromise, owned: Ownership): string {
  if (!promise.hostHolds) return `class ${promise.hostClass} does not hold here`;
  if (owned.kind !== "elsewhere") return "it is owned here";
  return owned.owner === undefined ? owned.reason : `${owned.owner} owns it (${owned.reason})`;
}

/** Whether the promise says anything of what the guest is made of. */
export function describesGuest(promise: GuestPromise): boolean {
  const { spec, cpus, memoryKib, diskMb, baseline } = promise.resources;
  return [spec, cpus, memoryKib, diskMb, baseline, promise.interface].some((part) => part !== undefined);
}

/**
 * Whether a guest that is absent can be built from the promise's resources. `create` asks for a guest, so anything stated
 * will do. `running` and `suspended` speak of a guest that is there; only a stated amount of memory, of which there is no
 * natural default, shows that the promise means to describe one.
 */
export function canBeBuilt(promise: GuestPromise): boolean {
  if (promise.resources.spec !== undefined) return false;
  return promise.state === "create" ? describesGuest(promise) : promise.resources.memoryKib !== undefined;
}

/** Whether the definition is compared with the promise: where the guest may run, and there is something to compare. */
export function comparesDefinition(intent: GuestIntent): boolean {
  return intent.mayRun && intent.goal !== "deleted" && describesGuest(intent.promise);
}

/** Absolute path of the disk that `env_disk` and `env_baseline` speak of; `undefined` where neither is stated. */
export function volumePath(promise: GuestPromise, settings: PlannerSettings): string | undefined {
  const { diskMb, baseline, spec } = promise.resources;
  if (spec !== undefined || (diskMb === undefined && baseline === undefined)) return undefined;
  return `${settings.volumeFolder}/${promise.name}.qcow2`;
}
