import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { EmbeddedHypervisor } from "../src/adapters/embedded/embedded-hypervisor.ts";
import { StateStore } from "../src/adapters/embedded/state-store.ts";
import { stepOf } from "./contract-host.ts";
import type { MatrixHost } from "./state-matrix.ts";

/** The embedded hypervisor on a state file of its own. */
export async function embeddedHost(): Promise<MatrixHost> {
  const folder = mkdtempSync(join(tmpdir(), "berth-embedded-"));
  const store = new StateStore(join(folder, "embedded.json"));
  const guestXml = (
    name: string,
    init: { uuid?: string; vcpus?: number; vcpusMaximum?: number; deaf?: boolean } = {},
  ) => `<domain type='kvm'>
      <name>${name}</name>
      ${init.uuid === undefined ? "" : `<uuid>${init.uuid}</uuid>`}
      <memory unit='MiB'>32</memory>
      <vcpu current='${init.vcpus ?? 1}'>${init.vcpusMaximum ?? init.vcpus ?? 1}</vcpu>
      <os><type>hvm</type></os>
      ${init.deaf === true ? "<metadata><berth:embedded xmlns:berth='urn:berth:embedded' on-shutdown='ignore'/></metadata>" : ""}
    </domain>`;
  const change = (name: string, edit: (domain: ReturnType<typeof domainOf>) => void) => {
    return store.change((state) => edit(domainOf(state, name)));
  };
  const domainOf = (state: ReturnType<StateStore["read"]>, name: string) => {
    const domain = state.domains.get(name);
    if (domain === undefined) throw new Error(`no domain ${name}`);
    return { state, domain };
  };
  const hypervisor = new EmbeddedHypervisor({ store });
  return {
    open: async () => new EmbeddedHypervisor({ store: new StateStore(join(folder, "embedded.json")) }),
    guestXml,
    networkXml: (name) => `<network><name>${name}</name></network>`,
    type: "kvm",
    config: { embedded: true, stateDir: folder },
    volumeFolder: "/volumes",
    undefineOfActiveNetwork: "active transient",
    arrangeTransient: async (name) => {
      await hypervisor.perform(stepOf({ kind: "define-domain", domain: name, xml: guestXml(name) }));
      await hypervisor.perform(stepOf({ kind: "start-domain", domain: name, paused: false, discardSave: false }));
      await hypervisor.perform(stepOf({ kind: "undefine-domain", domain: name }));
    },
    arrangeManagedSave: (name) =>
      change(name, ({ state, domain: { active: _, ...rest } }) => {
        state.domains.set(name, { ...rest, state: "shutoff", managedSave: true });
      }),
    arrangeCrashed: (name) =>
      change(name, ({ state, domain: { active: _, ...rest } }) => {
        state.domains.set(name, { ...rest, state: "crashed" });
      }),
    arrangeTransientNetwork: async (network) => {
      const xml = `<network><name>${network}</name></network>`;
      await hypervisor.perform(stepOf({ kind: "define-network", network, xml }));
      await hypervisor.perform(stepOf({ kind: "start-network", network }));
      await hypervisor.perform(stepOf({ kind: "undefine-network", network }));
    },
    close: async () => rmSync(folder, { recursive: true, force: true }),
  };
}
