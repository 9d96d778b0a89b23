/** `berth get` of one host, without an agent: what its hypervisors say beside what policy promises. */
import { CliError } from "./cli-error.ts";
import { exitCodes } from "./exit-code.ts";
import { readHostView } from "./host-view.ts";
import { type HostOptions, outputChoice } from "./options.ts";
import type { Unreachable } from "./output/envelope.ts";
import type { ListView } from "./output/list-view.ts";
import { unreachableText } from "./pass-notes.ts";
import { readPolicy } from "./policy-source.ts";
import type { OutputChoice, Session } from "./session.ts";
import { guestView } from "./views/guest-view.ts";
import { networkView } from "./views/network-view.ts";
import { promiseView } from "./views/promise-view.ts";

/** What one host can be asked for. */
export const hostKinds = ["guests", "networks", "promises"] as const;
export type HostKind = (typeof hostKinds)[number];

/** Options of the one-host forms. */
export type HostListOptions = HostOptions & OutputChoice & { readonly file?: readonly string[] };

interface Request {
  readonly names: readonly string[];
  readonly options: HostListOptions;
  readonly unreachable?: readonly Unreachable[];
}

/** Lists what this host has. @throws CliError NOT_FOUND for a name that is not there */
export async function listHost(
  kind: HostKind,
  names: readonly string[],
  options: HostListOptions,
  session: Session,
): Promise<void> {
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
  refuseMissing(noun, "on this host", names, new Set(items.map(({ name }) => name)));
}

/** @throws CliError NOT_FOUND where a name is none of those that there are */
export function refuseMissing(noun: string, where: string, names: readonly string[], known: ReadonlySet<string>): void {
  const missing = names.filter((name) => !known.has(name));
  const [first] = missing;
  if (first === undefined) return;
  throw new CliError("NOT_FOUND", `no ${noun} ${missing.map((name) => `"${name}"`).join(", ")} ${where}`, {
    unknown: { word: first, known: [...known] },
  });
}
