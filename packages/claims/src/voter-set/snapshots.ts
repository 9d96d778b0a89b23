/** Several voters' memories become one, in pages again. */
import type { SnapshotPage } from "../messages.ts";
import { mergeHost, mergeRegister } from "../voter/merge.ts";
import { allPages } from "../voter/on-snapshot.ts";
import type { GuestId, HostId, KnownHost, Register } from "../words.ts";

/** Merges pages of any number of voters: the highest ballot per register, the newest incarnation and every fence per host. */
export function mergeSnapshots(pages: readonly SnapshotPage[]): readonly SnapshotPage[] {
  const hosts = new Map<HostId, KnownHost>();
  const registers = new Map<GuestId, Register>();
  for (const page of pages) {
    for (const { host, known } of page.hosts) hosts.set(host, mergeHost(hosts.get(host), known));
    for (const { guest, register } of page.registers)
      registers.set(guest, mergeRegister(registers.get(guest), register));
  }
  return allPages({ hosts, registers });
}
