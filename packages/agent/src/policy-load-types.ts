import type { Evaluation } from "@berth/policy";
import type { BerthConfig } from "./config/berth-config.ts";

/** Which policy to load, and as what host. */
export interface PolicyLoadInit {
  /** Policy files, each with its own `body common control`. Empty: the configured policy. */
  readonly files: readonly string[];
  readonly config: BerthConfig;
  /** `-D`: classes beside the hard and the configured ones. */
  readonly classes?: readonly string[];
  /** `-N`: classes that do not hold although something sets them. */
  readonly negatedClasses?: readonly string[];
  /** `-b`: in place of the policy's own sequence. */
  readonly bundleSequence?: readonly string[];
}

/** A policy as this host sees it. Do not act on the promises where a diagnostic is an error. */
export interface PolicyLoad extends Omit<Evaluation, "sources"> {
  /** File -> text of every policy file that was read, for showing the line of a diagnostic. */
  readonly sources: ReadonlyMap<string, string>;
}
