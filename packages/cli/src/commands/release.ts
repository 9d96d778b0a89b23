import type { AgentClient } from "@berth/agent/api/client";
import type { Command } from "commander";
import { type AgentOptions, addAgentOptions, connect } from "../agent-session.ts";
import { CliError } from "../cli-error.ts";
import { type FleetHosts, hostNamed, readHosts, requireHere } from "../operator-guards.ts";
import { parsePeriod } from "../period.ts";
import type { Session } from "../session.ts";
import { parseGuest } from "../thing-name.ts";
import { type Progress, waitUntil } from "../wait-until.ts";

interface Options extends AgentOptions {
  readonly to?: string;
  readonly wait?: true;
  readonly timeout: string;
}

/** `berth release GUEST [--to HOST]`: the guest is stopped here and its claim handed on. */
export function define(command: Command, session: Session): void {
  command
    .argument("<guest>", "guest/NAME, or its bare name")
    .option("--to <host>", "who shall have it (otherwise the best other host)")
    .option("--wait", "return once another host runs it")
    .option("--timeout <period>", "with --wait: how long", "5m");
  addAgentOptions(command)
    .addHelpText("after", help)
    .action((text: string, options: Options) => release(parseGuest(text), options, session));
}

async function release(guest: string, options: Options, session: Session): Promise<void> {
  const timeoutSeconds = parsePeriod("--timeout", options.timeout);
  const client = await connect(options, session);
  const fleet = await readHosts(client);
  await requireOwned(guest, client, fleet);
  const { to } = options;
  if (to !== undefined) await refuseBadTarget(guest, to, client, fleet);
  await client.operate(to === undefined ? { kind: "release", guest } : { kind: "release", guest, to });
  session.note(
    `${guest} is given up by ${fleet.self}${to === undefined ? "" : ` for ${to}`}: it is shut down here and started there.`,
  );
  if (options.wait !== true) return;
  await waitUntil(
    { look: () => runsElsewhere(guest, to, client, fleet.self), timeoutSeconds, what: "the hand-over" },
    session,
  );
}

/** @throws CliError NOT_FOUND, ELSEWHERE, REFUSED */
async function requireOwned(guest: string, client: AgentClient, { self }: FleetHosts): Promise<void> {
  const { items } = await client.list("guests");
  const found = items.find(({ name }) => name === guest);
  if (found === undefined) {
    throw new CliError("NOT_FOUND", `no guest "${guest}" in the fleet, as far as ${self} hears`, {
      unknown: { word: guest, known: items.map(({ name }) => name) },
    });
  }
  if (found.here?.owned === true) return;
  if (found.owner !== null) requireHere(found.owner, self, `release ${guest}`);
  throw new CliError("REFUSED", `${self} does not own ${guest}: there is nothing to give up`, {
    remedy: `\`berth explain guest/${guest}\` says where it stands.`,
  });
}

/** @throws CliError NOT_FOUND, REFUSED */
async function refuseBadTarget(guest: string, to: string, client: AgentClient, fleet: FleetHosts): Promise<void> {
  const { self, state, state_reason } = hostNamed(to, fleet);
  if (self) throw new CliError("REFUSED", `${to} is this host and has ${guest} already`);
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
  self: string,
): Promise<Progress> {
  const { items } = await client.list("guests");
  const copies = items.filter(({ name }) => name === guest);
  const running = copies.find(
    ({ state, host }) => state === "running" && host !== self && (to === undefined || host === to),
  );
  if (running !== undefined) return { done: true };
  const now = copies.map(({ state, host }) => (host === null ? state : `${state} on ${host}`)).join(", ");
  return { done: false, left: `${guest} is ${now || "nowhere"}` };
}

const help = `
Only the owner can give a guest up, so the command is run there. Disks stay where they are: the other host must reach
them.
`;
