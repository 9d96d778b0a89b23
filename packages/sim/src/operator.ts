import type { OperatorCommand, Voter } from "@berth/claims";
import type { Fleet } from "./fleet.ts";
import type { Machine } from "./machine.ts";
import { voterOf } from "./oracle.ts";

const askAgainMs = 10_000;
const drainAnswerMs = 200;

/**
 * The person with the `berth` command. Commands go to one agent and may be lost with it; a change of voters is asked for
 * again, of another agent, until the disks show that it has happened.
 */
export class Operator {
  readonly #fleet: Fleet;
  #asked = 0;
  #disks = new Map<string, number>();

  constructor(fleet: Fleet) {
    this.#fleet = fleet;
  }

  drain(machine: Machine, kind: "drain" | "undrain"): void {
    if (!machine.answering) return;
    if (kind === "drain") this.#fleet.draining.add(machine.node);
    else this.#fleet.queue.after(drainAnswerMs, (node: number) => this.#fleet.draining.delete(node), machine.node);
    this.#tell(machine, { kind });
  }

  /** To the agent that runs the guest now. */
  release(guest: string, to: Machine): void {
    const owner = this.#fleet.oracle.claims.owner(guest)?.value.owner;
    const machine = owner === undefined || owner === null ? undefined : this.#fleet.machineNamed(owner);
    if (machine === undefined || !machine.answering) return;
    this.#fleet.noteRelease(guest);
    this.#tell(machine, to === machine ? { kind: "release", guest } : { kind: "release", guest, to: to.name });
  }

  /** Says so of a host that is off, and of no other: the person has looked. */
  confirmDead(machine: Machine): void {
    if (machine.powered) return;
    const asked = this.#anyAgent((candidate) => candidate !== machine);
    if (asked !== undefined) this.#tell(asked, { kind: "confirm-dead", host: machine.name, operator: "ops" });
  }

  /** Founds a voter on `by` (again, when its disk was wiped) and has it take the place of the voter on `out`. */
  replaceVoter(out: Machine, by: Machine): void {
    this.#found(by);
    if (!by.member) by.join();
    this.#askFor(out, by);
  }

  /** Founds a new voter set from one host's voter when no majority is left; asked again until it answers. */
  resetQuorum(host: Machine, voters: readonly Machine[], dead: readonly Machine[]): void {
    const fleet = this.#fleet;
    if (fleet.oracle.claims.latestConfig()?.reset !== undefined && this.#isActive(voterOf(host) ?? "")) return;
    for (const machine of voters) this.#found(machine);
    fleet.queue.after(askAgainMs, () => this.resetQuorum(host, voters, dead), undefined);
    if (!host.answering) return;
    this.#tell(host, {
      kind: "reset-quorum",
      voters: voters.map((machine) => ({ voter: voterOf(machine) ?? "", host: machine.name })),
      deadHosts: dead.map(({ name }) => name),
      operator: "ops",
      reason: "the majority of the voters is lost",
    });
  }

  #found(machine: Machine): void {
    if (voterOf(machine) !== undefined) return;
    const count = (this.#disks.get(machine.name) ?? 1) + 1;
    this.#disks.set(machine.name, count);
    machine.disk.records.set("voter-disk", { kind: "voter-disk", value: { voter: `${machine.name}-disk${count}` } });
    if (machine.member) machine.restartAgent();
  }

  #askFor(out: Machine, by: Machine): void {
    const fleet = this.#fleet;
    const incoming = voterOf(by);
    const config = fleet.oracle.claims.latestConfig();
    if (incoming === undefined || config === undefined || this.#isActive(incoming)) return;
    const others = config.voters.filter(({ host, voter }) => host !== out.name && voter !== incoming);
    const voters: Voter[] = [...others, { voter: incoming, host: by.name }];
    if (voters.length % 2 === 1 && new Set(voters.map(({ host }) => host)).size === voters.length) {
      const asked = this.#anyAgent(() => true);
      if (asked !== undefined) this.#tell(asked, { kind: "change-voters", voters });
    }
    fleet.queue.after(askAgainMs, () => this.#askFor(out, by), undefined);
  }

  #isActive(voter: string): boolean {
    const active = this.#fleet.oracle.claims.latestConfig();
    return (
      active?.voters.some((candidate) => candidate.voter === voter) === true && active.number === this.#activeNumber()
    );
  }

  /** The highest configuration number that a majority of its voters' disks have as active. */
  #activeNumber(): number {
    return this.#fleet.oracle.claims.activeNumber();
  }

  #anyAgent(wanted: (machine: Machine) => boolean): Machine | undefined {
    const able = this.#fleet.members().filter((machine) => machine.answering && wanted(machine));
    return able[this.#asked++ % Math.max(1, able.length)];
  }

  #tell(machine: Machine, command: OperatorCommand): void {
    this.#fleet.say(machine.name, `is told: ${commandText(command)}`);
    machine.agent?.handle({ kind: "operator", command });
  }
}

function commandText(command: OperatorCommand): string {
  switch (command.kind) {
    case "confirm-dead":
      return `${command.host} is dead`;
    case "reset-quorum":
      return `found a new voter set: ${command.voters.map(({ voter }) => voter).join(", ")}`;
    case "change-voters":
      return `the voters are to be ${command.voters.map(({ voter }) => voter).join(", ")}`;
    case "release":
      return `release ${command.guest}${command.to === undefined ? "" : ` to ${command.to}`}`;
    case "claim":
      return `take ${command.guest}`;
    case "drain":
      return "drain";
    case "undrain":
      return "end the drain";
  }
}
