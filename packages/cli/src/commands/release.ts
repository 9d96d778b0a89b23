import type { AgentClient } from "@berth/agent/api/client";
import type { Command } from "commander";
import { type AgentOptions, addAgentOptions, connect } from "../agent-session.ts";
import { CliError } from "../cli-error.ts";
import { type FleetHosts, hostNamed, readHosts } from "../operator-guards.ts";
import { addOperatorOption, ask } from "../operator-order.ts";
import { parsePeriod } from "../period.ts";
import type { Session } from "../session.ts";
import { parseGuest } from "../thing-name.ts";
import { type Progress, waitUntil } from "../wait-until.ts";

interface Options extends AgentOptions {
  readonly to?: string;
  readonly wait?: true;
  readonly timeout: string;
  readonly operator?: string;
}

/** `berth release GUEST [--to HOST]`: the guest is stopped where it is and its claim handed on. */
export function define(command: Command, session: Session): void {
  command
    .argument("<guest>", "guest/NAME, or its bare name")
    .option("--to <host>", "who shall have it (otherwise the best other host)")
    .option("--wait", "return once another host runs it")
    .option("--timeout <period>", "with --wait: how long", "5m");
  addAgentOptions(addOperatorOption(command))
    .addHelpText("after", help)
    .action((text: string, options: Options) => release(parseGuest(text), options, session));
}

async function release(guest: string, options: Options, session: Session): Promise<void> {
  const timeoutSeconds = parsePeriod("--timeout", options.timeout);
  const client = await connect(options, session);
  const fleet = await readHosts(client);
  const host = await ownerOf(guest, client, fleet);
  const { to, operator } = options;
  if (to !== undefined) await refuseBadTarget({ guest, to, owner: host }, client, fleet);
  const command = { kind: "release", guest, ...(to === undefined ? {} : { to }) } as const;
  await ask({ host, command, operator, fleet, client }, session);
  const where = to === undefined ? "by another host" : `by ${to}`;
  session.note(`${guest} is given up by ${host}: it is shut down there and started ${where}.`);
  if (options.wait !== true) return;
  await waitUntil(
    { look: () => runsElsewhere(guest, to, client, host), timeoutSeconds, what: "the hand-over" },
    session,
  );
}

/** The host that alone can give the guest up. @throws CliError NOT_FOUND, REFUSED */
async function ownerOf(guest: string, client: AgentClient, { self }: FleetHosts): Promise<string> {
  const { items } = await client.list("guests");
  const found = items.find(({ name }) => name === guest);
  if (found === undefined) {
    throw new CliError("NOT_FOUND", `no guest "${guest}" in the fleet, as far as ${self} hears`, {
      unknown: { word: guest, known: items.map(({ name }) => name) },
    });
  }
  if (found.here?.owned === true) return self;
  if (found.owner !== null && found.owner !== self) return found.owner;
  throw new CliError("REFUSED", `nobody owns ${guest}, as far as ${self} hears: there is nothing to give up`, {
    remedy: `\`berth explain guest/${guest}\` says where it stands.`,
  });
}

/** @throws CliError NOT_FOUND, REFUSED */
async function refuseBadTarget(
  { guest, to, owner }: { readonly guest: string; readonly to: string; readonly owner: string },
  client: AgentClient,
  fleet: FleetHosts,
): Promise<void> {
  const { state, state_reason } = hostNamed(to, fleet);
  if (to === owner) throw new CliError("REFUSED", `${to} owns ${guest} already: there is nothing to move`);
  if (state !== "up")
    throw new CliError("REFUSED", `${to} is ${state} (${state_reason ?? "not heard"}): nobody would start ${guest}`);
  const explanation = (await client.explain(guest, to)).items[0];
  const no = explanation?.steps.find(
    ({ check, verdict }) => verdict === "no" && ["class", "hypervisor", "room", "lease"].includes(check),
  );
  if (no === undefined) return;
  throw new CliError("REFUSED", `${to} would not take ${guest}: ${no.text}`, {
    remedy: `\`berth explain ${guest} --on ${to}\` has the whole list.`,
  });
}

async function runsElsewhere(
  guest: string,
  to: string | undefined,
  client: AgentClient,
  owner: string,
): Promise<Progress> {
  const { items } = await client.list("guests");
  const copies = items.filter(({ name }) => name === guest);
  const running = copies.find(
    ({ state, host }) => state === "running" && host !== owner && (to === undefined || host === to),
  );
  if (running !== undefined) return { done: true };
  const now = copies.map(({ state, host }) => (host === null ? state : `${state} on ${host}`)).join(", ");
  return { done: false, left: `${guest} is ${now || "nowhere"}` };
}

const help = `
Only the owner can give a guest up, so its agent is asked, from whichever host this is typed on; both write down who
asked. Disks stay where they are: the other host must reach them.
`;
