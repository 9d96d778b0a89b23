import { expect, test } from "vitest";
import { mutants, runMutant } from "../src/mutants.ts";
import { runFleet } from "../src/run-fleet.ts";

test("there are at least twenty-five mutants, each with a name of its own", () => {
  expect(mutants.length).toBeGreaterThanOrEqual(25);
  expect(new Set(mutants.map(({ name }) => name)).size).toBe(mutants.length);
});

for (const mutant of mutants) {
  const where = mutant.seeds === 0 ? "in its own schedule" : `within ${mutant.seeds} seeds`;
  test(`the oracle catches ${mutant.name} (${mutant.weakens}) ${where}`, { timeout: 240_000 }, () => {
    const outcome = runMutant(mutant);
    expect(outcome.caught, outcome.text).toBe(true);
  });
  if (mutant.directed.length === 0 || mutant.name === "drift-beyond-rho") continue;
  test(`the protocol as it is holds in the schedule made for ${mutant.name}`, () => {
    for (const spec of mutant.directed) expect(runFleet(spec).violation).toBeUndefined();
  });
}
