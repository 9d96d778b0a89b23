import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { report } from "./support.ts";

/** What a person reads. A change here is a change of what users see: look at the text, then run `npx vitest run -u`. */
function cases(folder: string): readonly { readonly name: string; readonly text: string }[] {
  const url = new URL(`${folder}/`, import.meta.url);
  const names = readdirSync(url).filter((name) => name.endsWith(".cf"));
  return names.sort().map((name) => ({ name, text: readFileSync(new URL(name, url), "utf8") }));
}

describe("the seed policy", () => {
  it.each(cases("../../../test/fixtures/seed"))("$name is told what its golden file says", async ({ name, text }) => {
    await expect(report(text, name)).toMatchFileSnapshot(`golden/seed/${name.replace(/\.cf$/, ".txt")}`);
  });
});

describe("the mistake", () => {
  it.each(cases("golden/mistakes"))("$name is told what its golden file says", async ({ name, text }) => {
    await expect(report(text, name)).toMatchFileSnapshot(`golden/mistakes/${name.replace(/\.cf$/, ".txt")}`);
  });
});
