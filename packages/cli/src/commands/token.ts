import type { TokenRecord, TokenState } from "@berth/agent/fleet/token-book";
import type { Command } from "commander";
import { CliError } from "../cli-error.ts";
import { addFleetOptions, type FleetOptions, stateDirOf } from "../membership/fleet-options.ts";
import { noteTokens } from "../membership/token-text.ts";
import { addOutputOptions, choiceOption, outputChoice } from "../options.ts";
import type { ListView } from "../output/list-view.ts";
import { formatDuration } from "../output/units.ts";
import { parsePeriod } from "../period.ts";
import type { OutputChoice, Session } from "../session.ts";

interface CreateOptions extends FleetOptions {
  readonly ttl: string;
  readonly role: TokenRecord["role"];
  readonly for?: string;
}

/** `berth token`: the words by which hosts come into the fleet. */
export function define(command: Command, session: Session): void {
  addFleetOptions(command.command("create"))
    .summary("make a join token")
    .description("Makes a join token and prints it. It works once and is kept nowhere.")
    .option("--ttl <time>", "how long it is good", "24h")
    .addOption(
      choiceOption("--role <role>", "the most that the host may be", ["voter", "member", "observer"]).default("voter"),
    )
    .option("--for <host>", "for this host only; it may take its own old place, after its disk or key was lost")
    .action((options: CreateOptions) => create(options, session));
  addFleetOptions(addOutputOptions(command.command("list")))
    .summary("list the tokens of this host")
    .description("Lists the tokens that were made on this host, and what became of them.")
    .action((options: FleetOptions & OutputChoice) => list(options, session));
  addFleetOptions(command.command("revoke").argument("[id]", "as `berth token list` names it"))
    .summary("make a token worthless")
    .description("Makes a token worthless, or with --all every open one.")
    .option("--all", "every token that is open")
    .action((id: string | undefined, options: FleetOptions & { readonly all?: true }) => revoke(id, options, session));
}

async function create(options: CreateOptions, session: Session): Promise<void> {
  const { invite } = await import("@berth/agent/fleet/invite");
  const ttlMs = parsePeriod("--ttl", options.ttl) * 1_000;
  if (ttlMs === 0) throw new CliError("USAGE", `--ttl: a token that is good for ${options.ttl} opens nothing`);
  const { role, for: forHost } = options;
  const nowMs = session.terminal.nowMs();
  noteTokens([await invite(await stateDirOf(options, session), { ttlMs, role, forHost, nowMs })], session);
}

interface TokenRow extends TokenRecord {
  readonly state: TokenState;
  readonly nowMs: number;
}

const tokenView: ListView<TokenRow> = {
  kind: "TokenList",
  columns: [
    { title: "ID", cell: ({ id }) => id },
    { title: "STATE", cell: ({ state }) => state },
    { title: "ROLE", cell: ({ role }) => role },
    { title: "FOR", cell: ({ forHost }) => forHost ?? "-" },
    { title: "USED BY", cell: ({ used }) => used?.host ?? "-" },
    { title: "GOOD FOR", cell: ({ state, expiresMs, nowMs }) => (state === "open" ? ageText(expiresMs - nowMs) : "-") },
    { title: "AGE", cell: ({ createdMs, nowMs }) => ageText(nowMs - createdMs) },
  ],
  name: ({ id }) => id,
  json: ({ id, state, role, forHost, used, createdMs, expiresMs }) => ({
    ...{ id, state, role, for: forHost ?? null, used_by: used?.host ?? null },
    created: new Date(createdMs).toISOString(),
    expires: new Date(expiresMs).toISOString(),
  }),
};

async function list(options: FleetOptions & OutputChoice, session: Session): Promise<void> {
  const { readTokens, tokenState } = await import("@berth/agent/fleet/token-book");
  const nowMs = session.terminal.nowMs();
  const tokens = readTokens(await stateDirOf(options, session));
  const rows = tokens.map((token) => ({ ...token, nowMs, state: tokenState(token, nowMs) }));
  await session.list(tokenView, rows, outputChoice(options));
  if (rows.length === 0) session.note("No tokens here.");
}

async function revoke(
  id: string | undefined,
  options: FleetOptions & { readonly all?: true },
  session: Session,
): Promise<void> {
  if ((id === undefined) !== (options.all === true)) throw new CliError("USAGE", "name one token, or say --all");
  const { revokeTokens } = await import("@berth/agent/fleet/token-book");
  const nowMs = session.terminal.nowMs();
  const count = await revokeTokens(await stateDirOf(options, session), { ...(id !== undefined && { id }), nowMs });
  session.note(
    count === 0 ? "Nothing was open." : `${count === 1 ? "1 token is" : `${count} tokens are`} worthless now.`,
  );
}

function ageText(ms: number): string {
  return formatDuration(ms / 1_000);
}
