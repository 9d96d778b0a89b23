/** The outside as policy sees it: files, names, commands, always through the caller. */

/** What a file path leads to. */
export interface FileStatus {
  readonly kind: "file" | "directory" | "other";
  readonly sizeBytes: number;
  readonly executable: boolean;
}

/** A text, or why there is none. */
export type FileRead = { readonly ok: true; readonly text: string } | { readonly ok: false; readonly error: string };

/** What came of a command: `output` is what it wrote to standard output. */
export interface CommandResult {
  readonly ok: boolean;
  readonly output: string;
}

/**
 * The outside as policy may look at it, implemented by the caller. Synchronous, and never throws: what cannot be had is a
 * value. One evaluation may ask the same question several times and expects the same answer.
 */
export interface PolicyWorld {
  /** Reads a whole text file. `error` is one phrase for a person, such as `no such file`. */
  readFile(path: string): FileRead;
  /** Follows symbolic links; `undefined` where nothing is there. */
  fileStatus(path: string): FileStatus | undefined;
  /** The first address of a host name. @default absent: `host2ip` stays unresolved */
  resolveHost?(name: string): string | undefined;
  /** @default absent: `getenv` gives nothing */
  environmentVariable?(name: string): string | undefined;
  /** Whether a host name is in a netgroup. @default absent: in none */
  hostInNetgroup?(host: string, netgroup: string): boolean;
  /** Runs a command. Called only where the evaluation was given `allowCommands`. */
  runCommand?(command: string, shell: "noshell" | "useshell" | "powershell"): CommandResult;
}
