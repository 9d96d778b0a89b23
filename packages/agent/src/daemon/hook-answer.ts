/**
 * What libvirt's hook is told: the agent's verdict, or, where the agent does not answer, one by the files that it left.
 *
 * Without an agent nobody knows who owns a guest now. What this host owned, or what policy promised when the agent last
 * ran, may run elsewhere meanwhile, so it is refused; everything else is not Berth's and passes.
 */

import { reasonOf } from "../agent-error.ts";
import { agentClient } from "../api/client.ts";
import type { AgentConfig } from "../config/agent-config.ts";
import { ownedGuestsPath, readOwnedGuests } from "../store/owned-guests-file.ts";
import { readPromisedGuests } from "./promised-guests-file.ts";
import type { HookVerdict } from "./running-agent.ts";

/** What is asked, and where to look. */
export interface HookRequest {
  readonly guest: string;
  /** libvirt's word: prepare, start, restore, migrate, stopped, release, reconnect, attach, started. */
  readonly operation: string;
  /** `begin`, `end` or `-`. */
  readonly subOperation: string;
  readonly agent: AgentConfig;
  readonly stateDir: string;
}

/** libvirt waits for the hook, and a person for libvirt. @default 3 s: a busy agent answers within one */
const answerDeadlineMs = 3_000;

/** Operations after which the guest would execute here (libvirt.org/hooks.html); the others decide nothing. */
const asked: ReadonlySet<string> = new Set(["prepare", "start", "restore", "migrate"]);

/** The verdict. Never rejects: a hook that fails for a reason of its own must still decide. */
export async function hookAnswer({
  guest,
  operation,
  subOperation,
  agent,
  stateDir,
}: HookRequest): Promise<HookVerdict> {
  if (!asked.has(operation) || subOperation === "end") return { kind: "allowed" };
  try {
    const client = agentClient({ socketPath: agent.socketPath, deadlineMs: answerDeadlineMs });
    return await client.hook(guest, operation);
  } catch (error) {
    return byFiles(guest, reasonOf(error), stateDir);
  }
}

function byFiles(guest: string, why: string, stateDir: string): HookVerdict {
  const silent = `the agent of this host does not answer (${why})`;
  const owned = readOwnedGuests(ownedGuestsPath(stateDir));
  const promised = readPromisedGuests(stateDir);
  for (const [list, what] of [
    [owned, "owns"],
    [promised, "protects"],
  ] as const) {
    if (list.kind !== "damaged") continue;
    return { kind: "refused", sentence: `${silent}, and the list of what it ${what} cannot be read: ${list.why}` };
  }
  const isOwned = owned.kind === "known" && owned.guests.includes(guest);
  const isPromised = promised.kind === "known" && promised.guests.includes(guest);
  if (!isOwned && !isPromised) return { kind: "allowed" };
  const what = isOwned ? "owned it" : "protects it";
  const sentence = `${guest} may run on another host: this host ${what}, but ${silent}; start the agent first`;
  return { kind: "refused", sentence };
}
