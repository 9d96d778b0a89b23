import { main, type Terminal } from "../src/index.ts";

/** What one command line printed, and how it ended. */
export interface Run {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** How a run differs from an ordinary one in a pipe. */
export interface RunInit {
  readonly environment?: Readonly<Record<string, string>>;
  readonly isTerminal?: boolean;
  /** What SIGINT aborts. */
  readonly signal?: AbortSignal;
  /** Called with each text that is written, on either stream. */
  readonly onOutput?: (text: string) => void;
}

/** Runs one command line in this process, on streams that keep what they are given. */
export async function run(argv: readonly string[], init: RunInit = {}): Promise<Run> {
  const texts = { stdout: "", stderr: "" };
  const sink = (name: keyof typeof texts) => ({
    isTerminal: init.isTerminal ?? false,
    columns: 100,
    write: (text: string) => {
      texts[name] += text;
      init.onOutput?.(text);
    },
  });
  const terminal: Terminal = {
    stdout: sink("stdout"),
    stderr: sink("stderr"),
    environment: init.environment ?? {},
    nowMs: () => 0,
    interruptSignal: () => init.signal ?? new AbortController().signal,
  };
  const exitCode = await main(argv, terminal);
  return { exitCode, ...texts };
}
