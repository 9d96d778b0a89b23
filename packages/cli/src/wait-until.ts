/** Waits for what a command has only asked for, and says how far it is. */
import { CliError } from "./cli-error.ts";
import { formatDuration } from "./output/units.ts";
import type { Session } from "./session.ts";

/** Between two looks. */
const periodMs = 500;

/** What one look found: done, or what is left, in a few words. */
export type Progress = { readonly done: true } | { readonly done: false; readonly left: string };

/** What to wait for, and how long. */
export interface Wait {
  readonly look: () => Promise<Progress>;
  readonly timeoutSeconds: number;
  /** Such as `the drain`; what goes on when this command stops waiting for it. */
  readonly what: string;
}

/** @throws CliError NOT_DONE_YET when the time is over, or on SIGINT; what was asked for goes on */
export async function waitUntil({ look, timeoutSeconds, what }: Wait, session: Session): Promise<void> {
  const signal = session.terminal.interruptSignal();
  const endMs = performance.now() + timeoutSeconds * 1000;
  let told = "";
  for (;;) {
    const progress = await look();
    if (progress.done) return;
    if (progress.left !== told) session.note(progress.left);
    told = progress.left;
    if (signal.aborted) throw new CliError("NOT_DONE_YET", `not waited for any longer; ${what} goes on`);
    if (performance.now() >= endMs) {
      throw new CliError(
        "NOT_DONE_YET",
        `not done within ${formatDuration(timeoutSeconds)}: ${progress.left}; ${what} goes on`,
      );
    }
    await new Promise((resolve) => setTimeout(resolve, periodMs));
  }
}
