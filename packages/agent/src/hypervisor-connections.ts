import { join } from "node:path";
import type { GuestType } from "@berth/model";
import { AgentError } from "./agent-error.ts";
import { type BerthConfig, uriOf } from "./config/berth-config.ts";
import type { Hypervisor } from "./ports/hypervisor.ts";

/** Opens the connection behind a URI. @throws AgentError HYPERVISOR_UNREACHABLE */
export type HypervisorOpener = (uri: string, config: BerthConfig) => Promise<Hypervisor>;

/**
 * The connections of this host, opened when first needed and kept. Types that share a URI share its connection; one
 * that was lost is opened anew the next time it is asked for.
 */
export class HypervisorConnections {
  readonly #config: BerthConfig;
  readonly #open: HypervisorOpener;
  readonly #byUri = new Map<string, Promise<Hypervisor>>();

  constructor(components: { readonly config: BerthConfig; readonly open?: HypervisorOpener }) {
    this.#config = components.config;
    this.#open = components.open ?? openHypervisor;
  }

  /** The URI that serves a type. @throws AgentError HYPERVISOR_UNREACHABLE where the configuration names none */
  uriOf(type: GuestType): string {
    const uri = uriOf(type, this.#config);
    if (uri !== undefined) return uri;
    throw new AgentError("HYPERVISOR_UNREACHABLE", `no host is configured for type ${type}`, {
      remedy: `set uris.${type} in the configuration, or give --uri ${type}=${type}://HOST/?no_verify=1`,
    });
  }

  /** @throws AgentError HYPERVISOR_UNREACHABLE with the hypervisor's own reason */
  async get(uri: string): Promise<Hypervisor> {
    const known = this.#byUri.get(uri);
    if (known !== undefined) {
      const hypervisor = await known.catch(() => undefined);
      if (hypervisor?.alive === true) return hypervisor;
      if (this.#byUri.get(uri) === known) this.#byUri.delete(uri);
      await hypervisor?.close();
    }
    const opening = this.#byUri.get(uri) ?? this.#open(uri, this.#config);
    this.#byUri.set(uri, opening);
    return opening;
  }

  /** Gives a connection up without waiting for its farewell: the next one who asks gets a fresh one. */
  retire(uri: string): void {
    const known = this.#byUri.get(uri);
    this.#byUri.delete(uri);
    known?.then(
      (hypervisor) => hypervisor.close(),
      () => undefined,
    );
  }

  async close(): Promise<void> {
    const opened = [...this.#byUri.values()];
    this.#byUri.clear();
    await Promise.all(
      opened.map((opening) =>
        opening.then(
          (hypervisor) => hypervisor.close(),
          () => undefined,
        ),
      ),
    );
  }
}

/** The adapter for a URI. Each is loaded only when it is needed: a short command should not read code it does not use. */
async function openHypervisor(uri: string, config: BerthConfig): Promise<Hypervisor> {
  if (uri.startsWith("embedded:")) {
    const { EmbeddedHypervisor } = await import("./adapters/embedded/embedded-hypervisor.ts");
    const { StateStore } = await import("./adapters/embedded/state-store.ts");
    return new EmbeddedHypervisor({ store: new StateStore(join(config.stateDir, "embedded.json")) });
  }
  const { openLibvirtHypervisor } = await import("./adapters/libvirt/libvirt-hypervisor.ts");
  return openLibvirtHypervisor(uri);
}
