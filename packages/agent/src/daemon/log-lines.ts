/** Where the daemon writes its log: one line per call. `code` is stable, `text` is free to change. */
export interface LogLines {
  debug(code: string, text: string, fields?: object): void;
  info(code: string, text: string, fields?: object): void;
  warn(code: string, text: string, fields?: object): void;
  error(code: string, text: string, fields?: object): void;
}
