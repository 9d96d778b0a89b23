import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { AgentError } from "../agent-error.ts";

/** Makes the folder of a state file. @throws AgentError STATE_FILE_UNAVAILABLE */
export function makeStateFolder(path: string): void {
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  } catch (error) {
    throw stateFileError(path, error);
  }
}

/** What a user should read when the system refuses a state file; errors that say more themselves are left as they are. */
export function stateFileError(path: string, error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof AgentError || !("syscall" in error)) return error;
  return new AgentError("STATE_FILE_UNAVAILABLE", `the state file ${path} cannot be used: ${error.message}`, {
    cause: error,
    remedy: "name another folder with --state-dir, or run as a user who may write there",
  });
}
