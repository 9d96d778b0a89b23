/**
 * The whole snapshot as JSON, for tests, live views and bug reports: maps become lists of pairs, sets become lists. Passwords in
 * definitions are hidden, as libvirt hides them from everybody but root.
 */
import type { AgentSnapshot } from "../daemon/running-agent.ts";

const passwords = /(passwd=)("[^"]*"|'[^']*')/g;

/** @returns the JSON text of a snapshot */
export function encodeSnapshot(snapshot: AgentSnapshot): string {
  return JSON.stringify(snapshot, (_key, value: unknown) => {
    if (value instanceof Map) return { $map: [...value] };
    if (value instanceof Set) return { $set: [...value] };
    if (typeof value === "string" && value.includes("passwd=")) return value.replace(passwords, "$1'***'");
    return value;
  });
}

/** @returns what {@link encodeSnapshot} made a text of */
export function decodeSnapshot(text: string): AgentSnapshot {
  return JSON.parse(text, (_key, value: unknown) => {
    if (typeof value !== "object" || value === null) return value;
    if ("$map" in value && Array.isArray(value.$map)) return new Map(value.$map as [unknown, unknown][]);
    if ("$set" in value && Array.isArray(value.$set)) return new Set(value.$set as unknown[]);
    return value;
  }) as AgentSnapshot;
}
