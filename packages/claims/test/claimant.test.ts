import { expect, test } from "vitest";
import { Claimant } from "../src/claimant/claimant.ts";
import { Holder } from "../src/holder/holder.ts";
import { Membership } from "../src/membership.ts";
import { Outbox } from "../src/outbox.ts";
import { Gathering } from "../src/placement/gathering.ts";
import { Random } from "../src/random.ts";
import { productionRules as rules } from "../src/rules.ts";
import type { Now } from "../src/time.ts";
import { configuration } from "./small-machine.ts";

const at = (ms: number): Now => ({ bootMs: ms, monoMs: ms });

test("an attempt whose last guest is abandoned is over: nothing is repeated, and nobody is woken for it", () => {
  const outbox = new Outbox({ rules });
  const membership = new Membership({ outbox }, { fleet: "f", config: configuration(["v1", "v2", "v3"]) });
  const identity = { inc: 1, nonce: "n", bootId: "b", life: 3 };
  const holder = new Holder({ rules, outbox, membership }, { host: "h1", identity, validUntil: undefined });
  const gathering = new Gathering({ late: holder.late, membership }, { self: "h1" }, at(0));
  const random = new Random(1);
  const claimant = new Claimant({ rules, outbox, membership, holder, random, gathering, self: "h1" });
  claimant.propose("g", { kind: "refresh" });
  claimant.flush(at(0));
  claimant.abandon("g");
  claimant.tick(at(3_000));
  expect(claimant.nextResendMs).toBe(Number.POSITIVE_INFINITY);
});
