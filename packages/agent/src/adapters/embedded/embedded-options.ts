import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { AgentError, reasonOf } from "../../agent-error.ts";

/** What a simulation asks of the embedded hypervisor, in `embedded-options.json` beside its state file. */
export interface EmbeddedOptions {
  /** How long a start takes, ms. @default 0; a real guest takes some hundred */
  readonly startMs: number;
  /** Whether it is written down when each guest executed (`execution-journal.ts`). @default false */
  readonly journal: boolean;
}

/** Where the options of a state file stand. */
export function embeddedOptionsPath(statePath: string): string {
  return join(dirname(statePath), "embedded-options.json");
}

/** @throws AgentError STATE_FILE_CORRUPT where the file is there and is not what it should be */
export function readEmbeddedOptions(statePath: string): EmbeddedOptions {
  const path = embeddedOptionsPath(statePath);
  const defaults: EmbeddedOptions = { startMs: 0, journal: false };
  try {
    return { ...defaults, ...(JSON.parse(readFileSync(path, "utf8")) as Partial<EmbeddedOptions>) };
  } catch (error) {
    if (["ENOENT", "ENOTDIR"].includes((error as NodeJS.ErrnoException).code ?? "")) return defaults;
    throw new AgentError("STATE_FILE_CORRUPT", `${path} cannot be read: ${reasonOf(error)}`, { cause: error });
  }
}
