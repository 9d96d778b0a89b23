/** One answer, shown once or again and again. */
import type { Command } from "commander";
import type { Session } from "./session.ts";

/** What one look at the agent comes to. */
export interface Screen {
  /** Data, for stdout. */
  readonly text: string;
  /** Remarks, for stderr. */
  readonly notes: readonly string[];
}

/** What `-w` parses to. */
export interface WatchOptions {
  readonly watch?: true;
}

/** Between two looks: faster than a person reads, and slower than the agent notices. */
const periodMs = 2_000;
/** Cursor to the upper left corner, and everything from there on erased. */
const clear = "\u001b[H\u001b[J";

/** `-w`. */
export function addWatchOption(command: Command): Command {
  return command.option("-w, --watch", "show it again every two seconds, until interrupted");
}

/**
 * Shows what `look` finds. With `-w` it looks again until SIGINT; an agent that goes away meanwhile is told and waited for. On a
 * terminal each screen replaces the one before, in a pipe it follows it after an empty line.
 */
export async function show(session: Session, { watch }: WatchOptions, look: () => Promise<Screen>): Promise<void> {
  if (watch !== true) {
    print(session, await look());
    return;
  }
  const signal = session.terminal.interruptSignal();
  const { isTerminal } = session.terminal.stdout;
  for (let first = true; !signal.aborted; first = false) {
    const screen = await (first ? look() : lookOrSay(look));
    if (isTerminal) session.data(clear);
    else if (!first) session.data("\n");
    print(session, screen);
    await pause(signal);
  }
}

function print(session: Session, { text, notes }: Screen): void {
  session.data(text);
  for (const note of notes) session.note(note);
}

async function lookOrSay(look: () => Promise<Screen>): Promise<Screen> {
  try {
    return await look();
  } catch (error) {
    if (!(error instanceof Error) || !("code" in error) || error.code !== "AGENT_UNREACHABLE") throw error;
    return { text: "", notes: [`${error.message}; trying again`] };
  }
}

function pause(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const end = (): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, periodMs);
    signal.addEventListener("abort", end, { once: true });
  });
}
