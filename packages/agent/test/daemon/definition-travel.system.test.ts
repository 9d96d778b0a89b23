/** Definitions on their way over real links: more of them than may wait for a peer at once. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { GuestPromise } from "@berth/model";
import { expect, onTestFinished, test } from "vitest";
import { DefinitionExchange } from "../../src/definitions/definition-exchange.ts";
import { DefinitionStore } from "../../src/definitions/definition-store.ts";
import { guestPromise } from "../guest-promise.ts";
import { type FleetHost, startFleet } from "../peers/peer-fleet.ts";

const guests = Array.from({ length: 300 }, (_, index) => `db${index}`);
const promises: ReadonlyMap<string, GuestPromise> = new Map(
  guests.map((name) => [name, guestPromise(name, { state: "running" })]),
);

/** As long as the definition of a guest with a dozen devices. */
function definition(guest: string) {
  const index = guests.indexOf(guest);
  const uuid = `6ba7b810-9dad-41d1-80b4-${String(index).padStart(12, "0")}`;
  const xml = `<domain><name>${guest}</name><uuid>${uuid}</uuid><description>${"x".repeat(6_000)}</description></domain>`;
  return { guest, uuid, epoch: 1, xml, applied: false };
}

/** A host's exchange over its network. */
function exchange({ network }: FleetHost) {
  const stateDir = mkdtempSync(join(tmpdir(), "berth-travel-"));
  onTestFinished(() => rmSync(stateDir, { recursive: true }));
  const store = new DefinitionStore({ stateDir });
  const parts = new DefinitionExchange({
    store,
    channel: network,
    guests: () => [],
    guest: () => undefined,
    promises: () => promises,
    hypervisorOf: () => Promise.reject(new Error("nothing is started here")),
    peersUp: () => network.members().map(({ member }) => member.hostId),
    arrived: () => {},
    problem: (text) => expect.fail(text),
  });
  network.onNotice((from, notice) => parts.take(from, notice));
  return { parts, store };
}

test("a host that comes up is given all definitions, although they are more than may wait for it at once", async () => {
  await using fleet = await startFleet(2);
  const [old, fresh] = [exchange(fleet.host(0)), exchange(fleet.host(1))];
  for (const guest of guests) await old.store.offer(definition(guest), false);
  fresh.parts.peerUp("h0");
  const missing = () => guests.filter((guest) => fresh.store.get(guest) === undefined).length;
  await expect.poll(missing, { timeout: 10_000, interval: 50 }).toBe(0);
});
