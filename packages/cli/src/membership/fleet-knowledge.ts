/**
 * What a command on membership must know beside the signed list: who votes now and who owns guests. The running agent knows it best;
 * where none runs, the store of this host says what it last knew.
 */
import type { DiskView } from "@berth/agent/fleet/leave-fleet";
import { connect } from "../agent-session.ts";
import { CliError } from "../cli-error.ts";
import { operatorName } from "../operator-guards.ts";
import type { Session } from "../session.ts";
import { type FleetOptions, stateDirOf } from "./fleet-options.ts";

/** Who votes, and who says so. */
export interface VotersKnown {
  readonly config: DiskView["config"];
  /** The store's word may be old: nobody has listened since the agent ended. */
  readonly from: "agent" | "store";
}

/** The configuration in force as far as this host knows. */
export async function votersKnown(options: FleetOptions, session: Session): Promise<VotersKnown> {
  try {
    const { claims } = await (await connect(options, session)).snapshot();
    return { config: claims.config, from: "agent" };
  } catch (error) {
    if (!hasCode(error, "AGENT_UNREACHABLE")) throw error;
    const { readDiskView } = await import("@berth/agent/fleet/leave-fleet");
    return { config: (await readDiskView(await stateDirOf(options, session))).config, from: "store" };
  }
}

/** Why a host must not simply go: one clause for each reason, none when it may. @throws AgentError AGENT_UNREACHABLE */
export async function tiesOf(host: string, options: FleetOptions, session: Session): Promise<readonly string[]> {
  const client = await connect(options, session);
  const { config } = (await client.snapshot()).claims;
  const claims = (await client.list("claims")).items;
  const owned = [...new Set(claims.filter(({ owner }) => owner === host).map(({ guest }) => guest))];
  return [
    ...(owned.length === 0 ? [] : [`it owns ${owned.length === 1 ? "guest" : "guests"} ${owned.join(", ")}`]),
    ...(config.voters.some((voter) => voter.host === host) ? ["it is one of the voters"] : []),
  ];
}

/** What stands behind an act that a check would have refused. */
export interface Insistence {
  readonly force?: true;
  readonly reason?: string;
  readonly operator?: string;
}

/**
 * Refuses what would hurt, unless somebody insists and says why. @throws CliError REFUSED, USAGE; AgentError AGENT_UNREACHABLE
 */
export async function refuseWhileTied(
  what: { readonly host: string; readonly act: string; readonly remedy: string },
  insistence: Insistence,
  options: FleetOptions,
  session: Session,
): Promise<void> {
  const { host, act, remedy } = what;
  if (insistence.force === true) return recordInsistence(act, insistence, options, session);
  const ties = await tiesOf(host, options, session);
  if (ties.length === 0) return;
  throw new CliError("REFUSED", `${act}: refused, because ${ties.join(" and ")}`, { remedy });
}

/** Writes down who insists, and why. @throws CliError USAGE without a reason */
export async function recordInsistence(
  act: string,
  { reason, operator }: Insistence,
  options: FleetOptions,
  session: Session,
): Promise<void> {
  if (reason === undefined || reason.trim() === "") {
    throw new CliError("USAGE", "--reason TEXT is needed with --force: it is written down for those who ask later");
  }
  const { recordAct } = await import("@berth/agent/fleet/audit-trail");
  const at = new Date(session.terminal.nowMs()).toISOString();
  recordAct(await stateDirOf(options, session), { at, operator: operatorName(operator, session), act, reason });
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && (error as { code?: unknown }).code === code;
}
