/**
 * What works on this host: policy, protocol, hypervisors, pass and definitions, each of which has news for others. Here is
 * who hears of what; when it begins and ends is the agent's.
 */
import type { GuestId } from "@berth/claims";
import { DefinitionExchange } from "../definitions/definition-exchange.ts";
import type { PassReport } from "../pass-report.ts";
import type { AgentComponents } from "./agent-components.ts";
import { FleetPass } from "./fleet-pass.ts";
import { actNote } from "./happenings.ts";
import { HostGuests } from "./host-guests.ts";
import { HostHypervisors } from "./host-hypervisors.ts";
import { OwnStarts } from "./own-starts.ts";
import { PassSchedule } from "./pass-schedule.ts";
import { PolicyDesk } from "./policy-desk.ts";
import { ProtocolLoop } from "./protocol-loop.ts";

/** The working parts of one agent. */
export class HostWorks {
  readonly policy: PolicyDesk;
  readonly loop: ProtocolLoop;
  readonly hypervisors: HostHypervisors;
  readonly guests: HostGuests;
  readonly schedule: PassSchedule;
  readonly definitions: DefinitionExchange;
  readonly ownStarts: OwnStarts;
  readonly #parts: AgentComponents;
  readonly #passes: FleetPass;

  /** @param listeners `failed`: the protocol cannot go on */
  constructor(components: AgentComponents, listeners: { readonly failed: (error: unknown) => void }) {
    const { config, agent, journal, openHypervisor } = components;
    const opener = openHypervisor === undefined ? {} : { openHypervisor };
    this.#parts = components;
    this.ownStarts = new OwnStarts({ runDir: agent.runDir });
    this.loop = this.#makeLoop(listeners.failed);
    this.hypervisors = new HostHypervisors({ config, ...opener }, (event) => this.guests.lifecycle(event));
    this.policy = this.#makePolicy();
    this.#passes = this.#makePasses();
    this.schedule = new PassSchedule({
      run: () => this.#pass(),
      periodMs: agent.passPeriodSeconds * 1000,
      failed: (text) => journal.write({ level: "warning", code: "PASS_FAILED", text }),
    });
    this.guests = this.#makeGuests();
    this.definitions = this.#makeDefinitions();
  }

  #makeLoop(failed: (error: unknown) => void): ProtocolLoop {
    const { machine, clock, store, link, network, journal } = this.#parts;
    return new ProtocolLoop(
      { machine, clock, store, link, network },
      {
        act: (act) => this.guests.act(act),
        note: (note) => journal.write(note),
        stored: (records) => {
          if (records.some(({ kind }) => kind === "owned")) this.definitions.capture();
        },
        failed,
      },
    );
  }

  #makePolicy(): PolicyDesk {
    const { config, agent, journal } = this.#parts;
    return new PolicyDesk(
      { config, agent, journal, means: () => this.#means() },
      {
        promised: (guests) => this.loop.handle({ kind: "policy", guests }),
        types: (types) => this.hypervisors.use(types),
        changed: () => {
          this.schedule.request();
          this.definitions.askAll();
        },
      },
    );
  }

  #makePasses(): FleetPass {
    const { config, machine } = this.#parts;
    return new FleetPass({
      config,
      connections: this.hypervisors.connections,
      policy: () => this.policy.inForce,
      view: () => this.loop.view(),
      isOwned: (guest) => machine.guest(guest)?.owned === true,
    });
  }

  #makeGuests(): HostGuests {
    const { config, agent, clock, journal } = this.#parts;
    return new HostGuests(
      {
        hypervisors: this.hypervisors,
        ownStarts: this.ownStarts,
        clock,
        typeOf: (guest) => this.policy.promises.get(guest)?.type,
        prepare: async (guest) => {
          await this.definitions.apply(guest);
          await this.#passes.prepare(guest);
        },
      },
      { shutdownTimeoutMs: config.shutdownTimeoutMs, weight: agent.weight, embedded: config.embedded },
      {
        event: (event) => this.loop.handle(event),
        meansChanged: () => this.policy.tell(),
        definitionsChanged: () => this.policy.tellSoon(),
        // What a daemon forgot while it was away, such as which networks were up, is repaired at once.
        back: () => this.schedule.request(),
        ended: (act, end) => {
          const note = actNote(act, end);
          if (note !== undefined) journal.write(note);
        },
        lifecycle: ({ change }) => {
          if (change === "defined") this.definitions.capture();
        },
      },
    );
  }

  #makeDefinitions(): DefinitionExchange {
    const { machine, definitions, network, journal } = this.#parts;
    return new DefinitionExchange({
      store: definitions,
      channel: network,
      guests: () => this.loop.view().guests,
      guest: (guest) => machine.guest(guest),
      promises: () => this.policy.promises,
      hypervisorOf: (guest) => this.guests.hypervisorOf(guest),
      peersUp: () => network.members().flatMap(({ member, state }) => (state === "up" ? [member.hostId] : [])),
      arrived: () => this.policy.tellSoon(),
      problem: (text, guest) => {
        journal.write({ level: "warning", code: "DEFINITION", text, ...(guest === undefined ? {} : { guest }) });
      },
    });
  }

  #means() {
    const { home, definitions } = this.#parts;
    return {
      hypervisorUp: home.hypervisor && this.guests.isUp,
      looked: !home.hypervisor || this.guests.observation !== undefined,
      domains: this.guests.domains,
      travelled: (guest: GuestId) => definitions.get(guest),
    };
  }

  async #pass(): Promise<PassReport | undefined> {
    if (!this.#parts.home.hypervisor) return undefined;
    const { generation } = await this.policy.reload();
    this.definitions.capture();
    this.definitions.askMissing();
    return generation === 0 ? undefined : this.#passes.run();
  }
}
