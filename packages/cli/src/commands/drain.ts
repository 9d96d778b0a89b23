import type { AgentClient } from "@berth/agent/api/client";
import type { Command } from "commander";
import { type AgentOptions, addAgentOptions, connect } from "../agent-session.ts";
import { CliError } from "../cli-error.ts";
import { hostNamed, readHosts, requireHere } from "../operator-guards.ts";
import { formatCount } from "../output/units.ts";
import { parsePeriod } from "../period.ts";
import type { Session } from "../session.ts";
import { type Progress, waitUntil } from "../wait-until.ts";

interface Options extends AgentOptions {
  readonly wait?: true;
  readonly timeout: string;
  readonly anyway?: true;
}

/** `berth drain [HOST]`: this host gives its guests up in order and takes none. */
export function define(command: Command, session: Session): void {
  command
    .argument("[host]", "this host; another one is told where to run it")
    .option("--wait", "return once this host owns no guest")
    .option("--timeout <period>", "with --wait: how long", "10m")
    .option("--anyway", "also when a guest can run on no other host, and will be down");
  addAgentOptions(command)
    .addHelpText("after", help)
    .action((host: string | undefined, options: Options) => drain(host, options, session));
}

async function drain(host: string | undefined, options: Options, session: Session): Promise<void> {
  const timeoutSeconds = parsePeriod("--timeout", options.timeout);
  const client = await connect(options, session);
  const fleet = await readHosts(client);
  if (host !== undefined) hostNamed(host, fleet);
  requireHere(host, fleet.self, "drain");
  if (!hostNamed(fleet.self, fleet).hypervisor) {
    session.note(`${fleet.self} is a witness: it has no guests to give up.`);
    return;
  }
  if (options.anyway !== true) await refuseStranded(client, fleet.self);
  await client.operate({ kind: "drain" });
  session.note(`${fleet.self} is being drained: it gives its guests up and takes none until \`berth undrain\`.`);
  if (options.wait !== true) return;
  await waitUntil({ look: () => ownedHere(client, fleet.self), timeoutSeconds, what: "the drain" }, session);
  session.note(`${fleet.self} owns no guest any more.`);
}

/** Guests that no other host may run would be shut down for nothing. */
async function refuseStranded(client: AgentClient, self: string): Promise<void> {
  const [guests, promises, { hosts }] = await Promise.all([
    client.list("guests"),
    client.list("promises"),
    readHosts(client),
  ]);
  const takers = new Set(
    hosts.filter((one) => one.state === "up" && one.draining !== true && !one.self).map(({ name }) => name),
  );
  const places = new Map(promises.items.map(({ name, kind, holds_on }) => [`${kind}/${name}`, holds_on]));
  const stranded = guests.items.filter(({ name, here }) => {
    return here?.owned === true && !(places.get(`guest/${name}`) ?? []).some((host) => takers.has(host));
  });
  const names = [...new Set(stranded.map(({ name }) => name))];
  if (names.length === 0) return;
  throw new CliError(
    "REFUSED",
    `no other host that is heard may run ${names.join(", ")}: draining ${self} would only stop ${names.length === 1 ? "it" : "them"}`,
    {
      remedy: "`berth explain GUEST --on HOST` says why not; --anyway drains all the same.",
    },
  );
}

async function ownedHere(client: AgentClient, self: string): Promise<Progress> {
  const { items } = await client.list("guests");
  const owned = new Set(items.filter(({ here }) => here?.owned === true).map(({ name }) => name));
  if (owned.size === 0) return { done: true };
  const some = [...owned].slice(0, 5).join(", ");
  return {
    done: false,
    left: `${self} still owns ${formatCount(owned.size, "guest")}: ${some}${owned.size > 5 ? " and more" : ""}`,
  };
}

const help = `
Each guest is shut down, its claim is handed to the best other host, and that host starts it. The host stays drained
over restarts of its agent. A guest that no other host may run is a reason to refuse (exit code 6).
`;
