import { type ExitCode, exitCodes } from "./exit-code.ts";

/** Stable codes of {@link CliError}; the messages are free to change. */
export type CliErrorCode =
  | "USAGE"
  | "NOT_FOUND"
  | "POLICY_INVALID"
  | "NO_POLICY"
  | "HYPERVISOR_UNREACHABLE"
  /** There is no agent to ask: this host belongs to no fleet. */
  | "NO_FLEET"
  /** The agent answered, and then went away. */
  | "AGENT_GONE"
  /** The files are in use by this host's agent. */
  | "AGENT_RUNS"
  /** It must be run on another host. */
  | "ELSEWHERE"
  /** It could make a guest run twice, or stand still, and what was typed does not say that this is meant. */
  | "REFUSED"
  /** What was asked for was begun and did not end within the time given. */
  | "NOT_DONE_YET"
  | "DEMO_FAILED"
  /** A simulation could not be started, or did not come to what was waited for. */
  | "SIMULATION_FAILED"
  /** No simulation runs where one was looked for, or one does where a new one should. */
  | "SIMULATION_ABSENT"
  | "SIMULATION_RUNS"
  /** The simulation will not do this. */
  | "SIMULATION_REFUSED";

/** What a {@link CliError} carries beside its message. */
export interface CliErrorInit {
  /** One sentence that says what to do about it. */
  readonly remedy?: string;
  /** How the process ends. @default by code: 64 for USAGE, 4 for NOT_FOUND, 6 for REFUSED, 1 otherwise */
  readonly exitCode?: ExitCode;
  readonly cause?: unknown;
  /** The word that is not known and those that would be, for "did you mean". */
  readonly unknown?: UnknownWord;
}

/** A word of the user's that is none of the known ones. */
export interface UnknownWord {
  readonly word: string;
  readonly known: readonly string[];
}

/** The one class that this package throws: a message for a person, a code for a program, and how to go on. */
export class CliError extends Error {
  readonly code: CliErrorCode;
  readonly exitCode: ExitCode;
  readonly remedy: string | undefined;
  readonly unknown: UnknownWord | undefined;

  constructor(code: CliErrorCode, message: string, init: CliErrorInit = {}) {
    super(message, { cause: init.cause });
    this.name = "CliError";
    this.code = code;
    this.exitCode = init.exitCode ?? exitCodeOf(code);
    this.remedy = init.remedy;
    this.unknown = init.unknown;
  }
}

function exitCodeOf(code: CliErrorCode): ExitCode {
  if (code === "USAGE") return exitCodes.usage;
  if (code === "NOT_FOUND") return exitCodes.notFound;
  if (code === "REFUSED") return exitCodes.refusedForSafety;
  return exitCodes.error;
}
