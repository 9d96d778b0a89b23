import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseXml, type XmlElement } from "@berth/domain-xml";

/** What policy wants, and what libvirt 9.0 made of it. `capture-fixtures.ts` writes them. */
export interface DefinitionPair {
  readonly driver: "qemu" | "test" | "network";
  readonly name: string;
  readonly wanted: string;
  readonly inactive: string;
  /** Absent where the capturing host could not start it. */
  readonly active?: string;
}

export const fixturesFolder: string = fileURLToPath(new URL("../fixtures", import.meta.url));

/** All captured pairs of a driver. */
export function definitionPairs(driver: DefinitionPair["driver"]): DefinitionPair[] {
  const folder = join(fixturesFolder, driver);
  return readdirSync(folder)
    .filter((file) => file.endsWith(".wanted.xml"))
    .sort()
    .map((file) => {
      const name = file.slice(0, -".wanted.xml".length);
      const active = join(folder, `${name}.active.xml`);
      return {
        driver,
        name,
        wanted: readFileSync(join(folder, file), "utf8"),
        inactive: readFileSync(join(folder, `${name}.inactive.xml`), "utf8"),
        ...(existsSync(active) ? { active: readFileSync(active, "utf8") } : {}),
      };
    });
}

/** The root of an XML text that must be well-formed. */
export function root(xml: string): XmlElement {
  const parse = parseXml(xml);
  if (!parse.ok) throw new Error(`${parse.problem.line}:${parse.problem.column} ${parse.problem.message}`);
  return parse.root;
}
