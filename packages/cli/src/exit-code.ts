/**
 * How a run of `berth` ends, for scripts. Nothing to do is success, and so are changes that wait, unless
 * `--detailed-exitcode` asks to tell them apart.
 */
export const exitCodes = {
  fine: 0,
  error: 1,
  /** Changes pending or promises not kept; only with `--detailed-exitcode`. */
  changes: 2,
  agentUnreachable: 3,
  notFound: 4,
  notAuthorised: 5,
  refusedForSafety: 6,
  /** `EX_USAGE` of BSD's sysexits(3). */
  usage: 64,
} as const;

/** One of the numbers of {@link exitCodes}. */
export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];
