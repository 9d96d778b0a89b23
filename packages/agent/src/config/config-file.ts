import { guestTypes } from "@berth/model";
import { type Document, LineCounter, parseDocument } from "yaml";
import * as z from "zod";
import { agentFileShape, type PartialAgentConfig, toAgentConfig } from "./agent-config-file.ts";
import type { PartialConfig } from "./config-sources.ts";

/**
 * One configuration file. Loaded only where such a file exists, because the YAML reader and the schema library take
 * longer to load than the rest of a short command.
 */
const className = z.string().regex(/^[a-zA-Z0-9_]+$/, "a class name has letters, digits and _ only");
const absolutePath = z.string().startsWith("/", "an absolute path is needed");
const notOwnedState = z.enum(["down", "suspended"]);

const fileSchema = z.strictObject({
  uris: z.partialRecord(z.enum(guestTypes), z.string().min(1)).optional(),
  classes: z.array(className).optional(),
  policy: absolutePath.optional(),
  state_dir: absolutePath.optional(),
  shutdown_timeout: z.number().min(0).max(86_400).optional(),
  not_owned_state: notOwnedState.optional(),
  identity_seed: z.string().max(256).optional(),
  allow_execresult: z.boolean().optional(),
  embedded: z.boolean().optional(),
  ...agentFileShape,
});

type FileContent = z.infer<typeof fileSchema>;

/** What a file sets, or every finding about it as a `file:line:column: text` line. */
export type ConfigFileResult =
  | { readonly ok: true; readonly config: PartialConfig; readonly agent: PartialAgentConfig }
  | { readonly ok: false; readonly findings: readonly string[] };

/** Reads one YAML text. Unknown keys, wrong types and YAML mistakes are findings with their place. */
export function parseConfigFile(file: string, text: string): ConfigFileResult {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true });
  const at = (offset: number) => {
    const { line, col } = lines.linePos(offset);
    return `${file}:${line}:${col}`;
  };
  if (document.errors.length > 0) {
    return { ok: false, findings: document.errors.map((error) => `${at(error.pos[0])}: ${firstLine(error.message)}`) };
  }
  const content: unknown = document.toJS() ?? {};
  const checked = fileSchema.safeParse(content);
  if (checked.success) {
    return { ok: true, config: toConfig(checked.data), agent: toAgentConfig(checked.data) };
  }
  return {
    ok: false,
    findings: checked.error.issues.flatMap((issue) =>
      issue.code === "unrecognized_keys"
        ? issue.keys.map((key) => `${at(offsetOf(document, [...issue.path, key]))}: unknown key "${key}"`)
        : [`${at(offsetOf(document, issue.path))}: ${issue.path.join(".") || "the file"}: ${issue.message}`],
    ),
  };
}

function firstLine(message: string): string {
  return message.split("\n", 1)[0]?.replace(/ at line \d+, column \d+:?$/, "") ?? message;
}

/** Where the key of a path stands; the document's start for a path that is not there. */
function offsetOf(document: Document.Parsed, path: readonly PropertyKey[]): number {
  const parentPath = path.slice(0, -1);
  const last = path.at(-1);
  const parent: unknown = parentPath.length === 0 ? document.contents : document.getIn(parentPath, true);
  const items = (parent as { items?: readonly unknown[] } | null)?.items ?? [];
  for (const [index, item] of items.entries()) {
    const pair = item as { key?: { value?: unknown; range?: readonly number[] }; range?: readonly number[] };
    if (pair.key?.value === last) return pair.key?.range?.[0] ?? 0;
    if (index === last) return pair.range?.[0] ?? 0;
  }
  return 0;
}

function toConfig(content: FileContent): PartialConfig {
  const seconds = content.shutdown_timeout;
  return {
    ...(content.uris && { uris: withoutUndefined(content.uris) }),
    ...(content.classes && { classes: content.classes }),
    ...(content.policy !== undefined && { policyPath: content.policy }),
    ...(content.state_dir !== undefined && { stateDir: content.state_dir }),
    ...(seconds !== undefined && { shutdownTimeoutMs: seconds * 1000 }),
    ...(content.not_owned_state && { notOwnedState: content.not_owned_state }),
    ...(content.identity_seed !== undefined && { identitySeed: content.identity_seed }),
    ...(content.allow_execresult !== undefined && { allowExecresult: content.allow_execresult }),
    ...(content.embedded !== undefined && { embedded: content.embedded }),
  };
}

function withoutUndefined<Key extends string>(record: Partial<Record<Key, string | undefined>>) {
  return Object.fromEntries(Object.entries(record).filter(([, value]) => value !== undefined)) as Partial<
    Record<Key, string>
  >;
}
