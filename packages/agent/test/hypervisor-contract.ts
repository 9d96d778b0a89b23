/**
 * What every hypervisor adapter must do, whoever is behind it: each kind of step from each start state, with the state
 * after it or the code of the refusal. A suite calls {@link describeHypervisorContract} with its own host.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { guestCells, networkCells, same } from "./contract-cells.ts";
import { testDefinitions } from "./contract-definitions.ts";
import { ContractGround, type ContractHost, networkStates, startStates } from "./contract-host.ts";
import { testLives } from "./contract-lives.ts";
import { inWords } from "./domain-words.ts";

/**
 * Declares the suite for one kind of host.
 *
 * @param traits - `guestsPowerOff`: every guest powers off as soon as it is asked, as those of the test driver do, so
 * that nobody ever waits for one
 */
export function describeHypervisorContract(
  title: string,
  startHost: () => Promise<ContractHost>,
  traits: { readonly guestsPowerOff: boolean } = { guestsPowerOff: false },
): void {
  describe(title, () => {
    const ground = new ContractGround();
    beforeAll(() => ground.open(startHost));
    afterAll(() => ground.close());
    testSteps(ground);
    testDefinitions(ground);
    testLives(ground, traits);
  });
}

/** Each kind of step from each start state. */
function testSteps(ground: ContractGround): void {
  for (const [kind, stepFor, expected] of guestCells) {
    test(`${kind} leads from each start state where it should, and may be repeated`, async () => {
      const outcomes = await Promise.all(
        startStates.map(async (state, index) => {
          const name = `${kind.replaceAll(" ", "-")}-${index}`;
          await ground.arrange(name, state);
          const step = stepFor(name);
          const look = async () => inWords(await ground.domainNamed(name));
          const first = await ground.outcomeOf(step, look);
          const repeated = await ground.outcomeOf(step, look);
          await ground.remove(name);
          return [state, first, repeated] as const;
        }),
      );
      expect(Object.fromEntries(outcomes.map(([state, first]) => [state, first]))).toEqual(expected);
      expect(Object.fromEntries(outcomes.map(([state, , repeated]) => [state, repeated]))).toEqual(expected);
    });
  }

  test("define-domain makes any start state persistent and leaves what runs alone", async () => {
    const outcomes = await Promise.all(
      startStates.map(async (state, index) => {
        const name = `define-${index}`;
        await ground.arrange(name, state);
        const uuid = (await ground.domainNamed(name))?.uuid;
        const xml = ground.host.guestXml(name, { vcpusMaximum: 2, ...(uuid !== undefined && { uuid }) });
        await ground.perform({ kind: "define-domain", domain: name, xml });
        const after = await ground.domainNamed(name);
        await ground.remove(name);
        return [state, inWords(after)] as const;
      }),
    );
    expect(Object.fromEntries(outcomes)).toEqual({ ...same, absent: "off", transient: "running" });
  });

  for (const [kind, stepFor, expected] of networkCells) {
    test(`${kind} leads from each start state where it should, and may be repeated`, async () => {
      const outcomes: [string, string][] = [];
      const repeats: [string, string][] = [];
      for (const [index, state] of networkStates.entries()) {
        const name = `${kind}-${index}`;
        await ground.arrangeNetwork(name, state);
        const look = () => ground.networkInWords(name);
        outcomes.push([state, await ground.outcomeOf(stepFor(name), look)]);
        repeats.push([state, await ground.outcomeOf(stepFor(name), look)]);
        await ground.perform({ kind: "stop-network", network: name });
        await ground.perform({ kind: "undefine-network", network: name });
      }
      const here =
        kind === "undefine-network" ? { ...expected, active: ground.host.undefineOfActiveNetwork } : expected;
      expect(Object.fromEntries(outcomes)).toEqual(here);
      expect(Object.fromEntries(repeats)).toEqual(here);
    });
  }
}
