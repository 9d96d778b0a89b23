import type { GuestItem } from "@berth/agent/api/answers";
import type { AgentClient } from "@berth/agent/api/client";
import type { Command } from "commander";
import { type AgentOptions, addAgentOptions, connect } from "../agent-session.ts";
import { CliError } from "../cli-error.ts";
import { hostNamed, readHosts } from "../operator-guards.ts";
import { addOperatorOption, ask } from "../operator-order.ts";
import { formatCount } from "../output/units.ts";
import { parsePeriod } from "../period.ts";
import type { Session } from "../session.ts";
import { type Progress, waitUntil } from "../wait-until.ts";

interface Options extends AgentOptions {
  readonly wait?: true;
  readonly timeout: string;
  readonly anyway?: true;
  readonly operator?: string;
}

/** `berth drain [HOST]`: a host gives its guests up in order and takes none. */
export function define(command: Command, session: Session): void {
  command
    .argument("[host]", "which host (otherwise this one)")
    .option("--wait", "return once that host owns no guest")
    .option("--timeout <period>", "with --wait: how long", "10m")
    .option("--anyway", "also when a guest can run on no other host, and will be down");
  addAgentOptions(addOperatorOption(command))
    .addHelpText("after", help)
    .action((host: string | undefined, options: Options) => drain(host, options, session));
}

async function drain(named: string | undefined, options: Options, session: Session): Promise<void> {
  const timeoutSeconds = parsePeriod("--timeout", options.timeout);
  const client = await connect(options, session);
  const fleet = await readHosts(client);
  const host = named ?? fleet.self;
  const { hypervisor, state } = hostNamed(host, fleet);
  if (!hypervisor) {
    session.note(`${host} is a witness: it has no guests to give up.`);
    return;
  }
  // Of a host that is not heard the agent says so; what could be stranded there is not known.
  if (options.anyway !== true && state === "up") await refuseStranded(client, host);
  await ask({ host, command: { kind: "drain" }, operator: options.operator, fleet, client }, session);
  const undo = host === fleet.self ? "berth undrain" : `berth undrain ${host}`;
  session.note(`${host} is being drained: it gives its guests up and takes none until \`${undo}\`.`);
  if (options.wait !== true) return;
  await waitUntil({ look: () => ownedBy(client, host), timeoutSeconds, what: "the drain" }, session);
  session.note(`${host} owns no guest any more.`);
}

/** Guests that no other host may run would be shut down for nothing. */
async function refuseStranded(client: AgentClient, host: string): Promise<void> {
  const [guests, promises, { hosts }] = await Promise.all([
    client.list("guests"),
    client.list("promises"),
    readHosts(client),
  ]);
  const takers = new Set(
    hosts
      .filter(({ name, state, draining }) => state === "up" && draining !== true && name !== host)
      .map(({ name }) => name),
  );
  const places = new Map(promises.items.map(({ name, kind, holds_on }) => [`${kind}/${name}`, holds_on]));
  const stranded = guests.items.filter((guest) => {
    // A guest that this host's policy does not name may have a place that cannot be seen from here.
    const elsewhere = places.get(`guest/${guest.name}`) ?? (guest.here === null ? undefined : []);
    return (
      isOwnedBy(host, guest, guests.asSeenBy) && elsewhere !== undefined && !elsewhere.some((one) => takers.has(one))
    );
  });
  const names = [...new Set(stranded.map(({ name }) => name))];
  if (names.length === 0) return;
  throw new CliError(
    "REFUSED",
    `no other host that is heard may run ${names.join(", ")}: draining ${host} would only stop ${names.length === 1 ? "it" : "them"}`,
    {
      remedy: "`berth explain GUEST --on HOST` says why not; --anyway drains all the same.",
    },
  );
}

async function ownedBy(client: AgentClient, host: string): Promise<Progress> {
  const { asSeenBy, items } = await client.list("guests");
  const owned = new Set(items.filter((guest) => isOwnedBy(host, guest, asSeenBy)).map(({ name }) => name));
  if (owned.size === 0) return { done: true };
  const some = [...owned].slice(0, 5).join(", ");
  return {
    done: false,
    left: `${host} still owns ${formatCount(owned.size, "guest")}: ${some}${owned.size > 5 ? " and more" : ""}`,
  };
}

/** By the host's own agent where that answers, by the fleet's word elsewhere. */
function isOwnedBy(host: string, { here, owner }: GuestItem, self: string): boolean {
  return host === self ? here?.owned === true : owner === host;
}

const help = `
Each guest is shut down, its claim is handed to the best other host, and that host starts it. The host stays drained
over restarts of its agent. A guest that no other host may run is a reason to refuse (exit code 6). Another host is
asked over the fleet's own network, by members and voters only; both hosts write down who asked.
`;
