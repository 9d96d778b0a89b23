/** One line of hosts(5). */
export interface HostsEntry {
  readonly address: string;
  /** The canonical name first, then its aliases. */
  readonly names: readonly string[];
}

/** Reads hosts(5): address, blanks, names; `#` begins a comment. */
export function parseHostsFile(text: string): readonly HostsEntry[] {
  return text.split("\n").flatMap((line) => {
    const [address, ...names] = (line.split("#", 1)[0] ?? "").trim().split(/\s+/);
    return address === undefined || address === "" || names.length === 0 ? [] : [{ address, names }];
  });
}

/** The names that the hosts file gives this host's own addresses, each once, in file order. */
export function ownNames(entries: readonly HostsEntry[], ownAddresses: ReadonlySet<string>): readonly string[] {
  return [...new Set(entries.filter(({ address }) => ownAddresses.has(address)).flatMap(({ names }) => names))];
}

/**
 * The qualified name of a host: its own name when that has a dot, otherwise the dotted name that stands on a line
 * with it. DNS is not asked: an unreachable server would delay every command by seconds.
 */
export function qualifiedName(hostName: string, entries: readonly HostsEntry[]): string | undefined {
  if (hostName.includes(".")) return hostName;
  const wanted = hostName.toLowerCase();
  return entries
    .filter(({ names }) => names.some((name) => name.toLowerCase().split(".", 1)[0] === wanted))
    .flatMap(({ names }) => names)
    .find((name) => name.toLowerCase().startsWith(`${wanted}.`));
}
