import type { Command } from "commander";
import { CliError } from "../cli-error.ts";
import { exitCodes } from "../exit-code.ts";
import { readHostView } from "../host-view.ts";
import { addHostOptions, addOutputOptions, choiceArgument, type HostOptions, outputChoice } from "../options.ts";
import type { Unreachable } from "../output/envelope.ts";
import type { ListView } from "../output/list-view.ts";
import { unreachableText } from "../pass-notes.ts";
import { readPolicy } from "../policy-source.ts";
import type { OutputChoice, Session } from "../session.ts";
import { guestView } from "../views/guest-view.ts";
import { networkView } from "../views/network-view.ts";
import { promiseView } from "../views/promise-view.ts";

const kinds = ["guests", "networks", "promises"] as const;
type Kind = (typeof kinds)[number];

interface Request {
  readonly names: readonly string[];
  readonly options: Options;
  readonly unreachable?: readonly Unreachable[];
}

type Options = HostOptions & OutputChoice & { readonly file?: readonly string[] };

/** `berth get KIND [NAME...]`: what this host has, beside what policy promises of it. */
export function define(command: Command, session: Session): void {
  command
    .addArgument(choiceArgument("<kind>", "what to list", kinds))
    .argument("[name...]", "only these")
    .option("-f, --file <file>", "policy file (otherwise the one of the configuration, if it exists)", collect);
  addHostOptions(addOutputOptions(command))
    .addHelpText("after", help)
    .action((kind: Kind, names: string[], options: Options) => get(kind, names, options, session));
}

function collect(file: string, before: readonly string[] = []): readonly string[] {
  return [...before, file];
}

async function get(kind: Kind, names: readonly string[], options: Options, session: Session): Promise<void> {
  switch (kind) {
    case "promises": {
      const { promises } = await readPolicy(options.file ?? [], options, session);
      return show(promiseView, promises, { names, options }, session);
    }
    case "guests":
    case "networks": {
      const { guests, networks, unreachable } = await readHostView(options.file ?? [], options, session);
      for (const { type = "", uri, reason } of unreachable) session.note(unreachableText(type, uri, reason));
      if (unreachable.length > 0) session.exitCode = exitCodes.error;
      if (kind === "guests") return show(guestView, guests, { names, options, unreachable }, session);
      return show(networkView, networks, { names, options, unreachable }, session);
    }
  }
}

async function show<T extends { readonly name: string }>(
  view: ListView<T>,
  items: readonly T[],
  { names, options, unreachable = [] }: Request,
  session: Session,
): Promise<void> {
  const chosen = names.length === 0 ? items : items.filter((item) => names.includes(item.name));
  await session.list(view, chosen, outputChoice(options), { unreachable });
  const noun = view.kind.replace(/List$/, "").toLowerCase();
  if (items.length === 0 && names.length === 0 && unreachable.length === 0) session.note(`No ${noun}s here.`);
  const missing = names.filter((name) => !items.some((item) => item.name === name));
  const [first] = missing;
  if (first === undefined) return;
  throw new CliError("NOT_FOUND", `no ${noun} ${missing.map((name) => `"${name}"`).join(", ")} on this host`, {
    unknown: { word: first, known: items.map(({ name }) => name) },
  });
}

const help = `
Guests and networks that no policy promises are listed too; PROMISED is then "-". Berth never touches those.
AGE says how old the knowledge is, not the guest.
`;
