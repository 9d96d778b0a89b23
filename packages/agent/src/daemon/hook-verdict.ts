/**
 * May a guest be started here by somebody's hand?
 *
 * libvirt asks before each start, whoever ordered it. What Berth starts itself at this moment is known. A guest that
 * is protected may be started by hand only on the host that owns it, while its lease runs; anywhere else it could be the
 * second copy, so the start is refused with a sentence that says who owns it and what to do instead.
 */
import type { GuestId, GuestView, HostId } from "@berth/claims";
import type { GuestPromise } from "@berth/model";
import type { HookVerdict } from "./running-agent.ts";

/** What the verdict depends on. */
export interface HookQuestion {
  readonly guest: GuestId;
  readonly self: HostId;
  /** Absent where policy in force does not promise it. */
  readonly promise: GuestPromise | undefined;
  /** What the protocol knows of it. */
  readonly view: GuestView | undefined;
  /** The hypervisor is being told by this agent to start it, paused. */
  readonly isOwnStart: boolean;
  /** The lease runs, or the guest needs none: gossip mode. */
  readonly leased: boolean;
  /** False while no policy was ever good in this life: then what earlier ones promised counts. */
  readonly policyKnown: boolean;
  readonly promisedBefore: boolean;
}

const allowed: HookVerdict = { kind: "allowed" };

/** The verdict on a start, a restore or an incoming migration. */
export function hookVerdict(question: HookQuestion): HookVerdict {
  const { promise, view, isOwnStart, leased, policyKnown, promisedBefore } = question;
  if (isOwnStart && leased) return allowed;
  const isPromised = promise !== undefined && promise.action.policy === "fix";
  const isProtected = isPromised || view?.owned === true || (!policyKnown && promisedBefore);
  return isProtected ? protectedVerdict(question) : allowed;
}

function protectedVerdict({ guest, self, promise, view, leased, policyKnown }: HookQuestion): HookVerdict {
  const owner = view?.claim?.owner ?? undefined;
  if (owner !== undefined && owner !== self) {
    const move = `berth release ${guest} --to ${self}`;
    return refused(`${guest} is owned by ${owner}, not by ${self}: start it there, or move it here with \`${move}\``);
  }
  if (view?.owned !== true) {
    const until = policyKnown ? "Berth starts it where policy wants it" : "no policy is in force here";
    return refused(`${guest} is promised and nobody is known to own it: ${until}`);
  }
  if (!leased) return refused(`${self} owns ${guest} but has lost its lease: another host may take it over now`);
  if (promise !== undefined && (promise.state === "down" || promise.state === "delete"))
    return refused(`policy wants ${guest} ${promise.state === "down" ? "down" : "deleted"}`);
  return allowed;
}

function refused(sentence: string): HookVerdict {
  return { kind: "refused", sentence };
}
