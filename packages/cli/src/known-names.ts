/** What the fleet has, when somebody names what it has not: for "did you mean". */
import type { AgentClient } from "@berth/agent/api/client";
import { CliError } from "./cli-error.ts";
import type { ThingKind } from "./thing-name.ts";

/** Names of one kind, as far as this host hears. */
export async function knownNames(client: AgentClient, kind: ThingKind): Promise<readonly string[]> {
  const { items } = await client.list(`${kind}s`);
  return items.map(({ name }) => name);
}

/** Does it, and tells of a name that the agent does not know which names it does. @throws CliError NOT_FOUND */
export async function withKnownNames<T>(
  work: Promise<T>,
  client: AgentClient,
  { kind, name }: { readonly kind: ThingKind; readonly name: string },
): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (!(error instanceof Error) || !("code" in error) || error.code !== "NOT_FOUND") throw error;
    const unknown = { word: name, known: await knownNames(client, kind) };
    throw new CliError("NOT_FOUND", error.message, { cause: error, unknown });
  }
}
