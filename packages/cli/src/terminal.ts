/** Where the command's texts go. Data to `stdout`, everything else to `stderr`; tests put strings here. */
export interface Terminal {
  readonly stdout: TextSink;
  readonly stderr: TextSink;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Milliseconds since 1970, for ages and times. */
  readonly nowMs: () => number;
  /**
   * A signal that SIGINT and SIGTERM abort, for work that shall end in order. Until it is asked for, they end the
   * process at once, as is right for commands that change nothing.
   */
  interruptSignal(): AbortSignal;
}

/** One output stream. */
export interface TextSink {
  readonly isTerminal: boolean;
  /** Columns of the terminal, where it is one. */
  readonly columns: number | undefined;
  write(text: string): void;
}

/** The process's own streams. A reader that goes away (`berth get guests | head -1`) ends the output, not the work. */
export function processTerminal(): Terminal {
  return {
    stdout: streamSink(process.stdout),
    stderr: streamSink(process.stderr),
    environment: process.env,
    nowMs: Date.now,
    interruptSignal,
  };
}

function streamSink(stream: NodeJS.WriteStream): TextSink {
  let open = true;
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
    open = false;
  });
  return {
    isTerminal: stream.isTTY === true,
    columns: stream.columns,
    write(text) {
      if (open) stream.write(text);
    },
  };
}

/** The first SIGINT or SIGTERM asks for an orderly end, the second one ends the process as if nobody had listened. */
function interruptSignal(): AbortSignal {
  const controller = new AbortController();
  for (const name of ["SIGINT", "SIGTERM"] as const) {
    process.once(name, () => controller.abort(new DOMException(`${name} received`, "AbortError")));
  }
  return controller.signal;
}
