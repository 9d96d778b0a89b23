import { expect, test } from "vitest";
import { mutants, runMutant } from "../src/mutants.ts";

test("there are at least twenty-five mutants, each with a name of its own", () => {
  expect(mutants.length).toBeGreaterThanOrEqual(25);
  expect(new Set(mutants.map(({ name }) => name)).size).toBe(mutants.length);
});

for (const mutant of mutants) {
  test(`the oracle catches ${mutant.name} (${mutant.weakens}) within ${mutant.seeds} seeds`, {
    timeout: 240_000,
  }, () => {
    const outcome = runMutant(mutant);
    expect(outcome.caught, outcome.text).toBe(true);
  });
}
