import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../scenarios/", import.meta.url));

/** Names of all scenario folders, sorted. */
export function scenarioNames(): string[] {
  return readdirSync(root, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .sort();
}

/** The path of a scenario's folder. */
export function scenarioFolder(name: string): string {
  return `${root}${name}`;
}
