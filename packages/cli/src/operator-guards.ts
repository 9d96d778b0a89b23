/**
 * What stands between a typed command and two running copies. The protocol believes an operator who vouches that a host is off, so
 * what can be seen from here to be wrong is refused before it is asked for.
 */
import type { HostItem } from "@berth/agent/api/answers";
import type { AgentClient } from "@berth/agent/api/client";
import { CliError } from "./cli-error.ts";
import { formatDuration } from "./output/units.ts";
import type { Session } from "./session.ts";

/** The hosts of the fleet, and which of them answers. */
export interface FleetHosts {
  readonly self: string;
  readonly hosts: readonly HostItem[];
}

/** Asks for the hosts. */
export async function readHosts(client: AgentClient): Promise<FleetHosts> {
  const { asSeenBy, items } = await client.list("hosts");
  return { self: asSeenBy, hosts: items };
}

/** One host by name. @throws CliError NOT_FOUND */
export function hostNamed(name: string, { hosts, self }: FleetHosts): HostItem {
  const found = hosts.find((host) => host.name === name);
  if (found !== undefined) return found;
  throw new CliError("NOT_FOUND", `the fleet of ${self} has no host "${name}"`, {
    unknown: { word: name, known: hosts.map((host) => host.name) },
  });
}

/**
 * A host may be called dead only when it is not this one and is not heard.
 *
 * @throws CliError NOT_FOUND, REFUSED
 */
export function refuseLiving(name: string, fleet: FleetHosts): void {
  const { self, state, heard_by: others, age_seconds: age } = hostNamed(name, fleet);
  if (self) throw new CliError("REFUSED", `${name} is this very host: it is not dead`);
  if (others.length > 0) {
    throw new CliError(
      "REFUSED",
      `${fleet.self} does not hear ${name}, but by the last word of ${others.join(", ")} it does: ${name} may live`,
      {
        remedy: `If it does, the link between ${fleet.self} and ${name} is broken; if not, ask again in a few seconds.`,
      },
    );
  }
  if (state === "unknown") return;
  const ago = age === null ? "" : `, last heard ${formatDuration(age)} ago`;
  throw new CliError("REFUSED", `${name} answers (${state}${ago}): it is not dead, and its guests may be running`, {
    remedy: `To move its guests in order: berth drain ${name}`,
  });
}

/** The name must be typed twice, so that nobody vouches for a host by accident. @throws CliError USAGE */
export function requireFenced(host: string, fenced: readonly string[] | undefined): void {
  if (fenced?.includes(host) === true) return;
  throw new CliError(
    "USAGE",
    `--i-have-fenced ${host} is needed: it says that you have made sure that ${host} is off`,
    {
      remedy: `Cut its power, or see with your own eyes that it has none. If ${host} still runs its guests, they will run twice.`,
    },
  );
}

/** Whose word it is, for the journal of the fleet: `--operator`, or the user who is signed in. @throws CliError USAGE */
export function operatorName(named: string | undefined, session: Session): string {
  const { SUDO_USER, USER, LOGNAME } = session.terminal.environment;
  const name = named ?? [SUDO_USER, USER, LOGNAME].find((one) => one !== undefined && one !== "");
  if (name !== undefined) return name;
  throw new CliError("USAGE", "--operator NAME is needed: the fleet's journal keeps who vouched");
}
