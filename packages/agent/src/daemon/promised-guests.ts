/**
 * What policy promises, in the protocol's words.
 *
 * A promise says what a guest should be and on which hosts; the protocol wants to know of each guest whether it should run
 * at all, whether it may run here, and how it is to be protected. Only guests are owned: networks belong to their host. A
 * promise that is only to warn is not handed over, so nothing is done about its guest.
 */
import type { Mode, PromisedGuest } from "@berth/claims";
import type { Diagnostic, EnvironmentPromise, GuestPromise } from "@berth/model";
import type { GuestRule } from "../config/agent-config.ts";
import { parseOnIsolated } from "../config/on-isolated.ts";

/** What this host knows beside the promise. */
export interface GuestMeans {
  /**
   * The guest runs here, or its hypervisor answers. What runs must not be given away because libvirtd is restarted; what does
   * not run is better off on a host that can start it.
   */
  readonly reachable: boolean;
  /** A definition can be had here: policy states it, it can be built, it is there, or it has travelled here. */
  readonly definable: boolean;
  /** The UUID that it has, or would get. */
  readonly uuid: string;
  /** 0 where nobody knows. */
  readonly memoryKib: number;
}

/** Where the rules come from. */
export interface RuleSources {
  /** How long a guest may take to shut down by itself, ms. */
  readonly shutdownTimeoutMs: number;
  readonly guestDefaults: GuestRule;
  readonly guestRules: Readonly<Record<string, Partial<GuestRule>>>;
}

/** The promised guests, and what is wrong with what their promises say about protection. */
export interface PromisedGuests {
  readonly guests: readonly PromisedGuest[];
  readonly diagnostics: readonly Diagnostic[];
}

/** Maps every guest promise that is to be acted upon. A guest that is promised twice alike counts once. */
export function promisedGuests(
  promises: readonly EnvironmentPromise[],
  rules: RuleSources,
  meansOf: (promise: GuestPromise) => GuestMeans,
): PromisedGuests {
  const guests = new Map<string, PromisedGuest>();
  const diagnostics: Diagnostic[] = [];
  for (const promise of promises) {
    if (promise.kind !== "guest" || promise.action.policy !== "fix") continue;
    const { rule, findings } = guestRule(promise, rules);
    diagnostics.push(...findings);
    const guest = promisedGuest(promise, rule, meansOf(promise));
    guests.set(promise.name, { ...guest, shutdownMs: rules.shutdownTimeoutMs });
  }
  return { guests: [...guests.values()], diagnostics };
}

function promisedGuest(promise: GuestPromise, rule: GuestRule, means: GuestMeans): PromisedGuest {
  return {
    guest: promise.name,
    uuid: means.uuid,
    mode: rule.mode,
    onIsolated: rule.onIsolated,
    wanted: wantedOf(promise),
    keep: rule.keep,
    placementKey: promise.hostClass,
    classMatch: promise.hostHolds,
    eligible: promise.hostHolds && means.definable && means.reachable,
    memoryKib: means.memoryKib,
  };
}

function wantedOf({ state }: GuestPromise): PromisedGuest["wanted"] {
  switch (state) {
    case "create":
    case "running":
      return "running";
    case "suspended":
      return "suspended";
    case "down":
    case "delete":
      return "down";
  }
}

const modes: readonly string[] = ["quorum", "gossip"] satisfies Mode[];
const keeps: readonly string[] = ["longest_running", "newest_epoch"] satisfies GuestRule["keep"][];

/** How one guest is protected: the fleet's defaults, then the exceptions by name, then what its promise says. */
export function guestRule(
  promise: GuestPromise,
  { guestDefaults, guestRules }: Pick<RuleSources, "guestDefaults" | "guestRules">,
): { readonly rule: GuestRule; readonly findings: readonly Diagnostic[] } {
  const base: GuestRule = { ...guestDefaults, ...guestRules[promise.name] };
  let rule = base;
  const findings: Diagnostic[] = [];
  const fault = (message: string) => findings.push(metaFinding(promise, message));
  for (const entry of promise.meta) {
    const split = entry.indexOf("=");
    const value = entry.slice(split + 1).trim();
    switch (split < 0 ? "" : entry.slice(0, split).trim()) {
      case "mode":
        if (modes.includes(value)) rule = { ...rule, mode: value as Mode };
        else fault(`mode is quorum or gossip, not "${value}".`);
        break;
      case "keep":
        if (keeps.includes(value)) rule = { ...rule, keep: value as GuestRule["keep"] };
        else fault(`keep is longest_running or newest_epoch, not "${value}".`);
        break;
      case "on_isolated": {
        const onIsolated = parseOnIsolated(value);
        if (onIsolated === undefined)
          fault(`on_isolated is pause, down, pause_then_down:SECONDS or run, not "${value}".`);
        else rule = { ...rule, onIsolated };
        break;
      }
      default:
        // Other entries of meta are notes of the policy's author.
        break;
    }
  }
  if (rule.onIsolated.kind === "run" && rule.mode === "quorum") {
    fault(
      "on_isolated=run needs mode=gossip: in quorum mode a guest never runs without a majority. It pauses instead.",
    );
    rule = { ...rule, onIsolated: { kind: "pause" } };
  }
  return { rule, findings };
}

/** A warning: the rest of the promise holds, and the guest keeps the protection that it has without this entry. */
function metaFinding(promise: GuestPromise, message: string): Diagnostic {
  return {
    severity: "warning",
    code: "META_RULE_INVALID",
    message: `meta of ${promise.name}: ${message}`,
    position: promise.position,
  };
}
