import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect } from "node-libvirt";
import type { PrivateLibvirtd } from "../../../test/support/libvirtd.ts";
import { openLibvirtHypervisor } from "../src/adapters/libvirt/libvirt-hypervisor.ts";
import type { ContractHost } from "./contract-host.ts";

/** What differs between the drivers of one libvirtd. */
export interface LibvirtContractInit {
  readonly libvirtd: PrivateLibvirtd;
  readonly uri: string;
  readonly guestXml: ContractHost["guestXml"];
  readonly networkXml: ContractHost["networkXml"];
  readonly undefineOfActiveNetwork: ContractHost["undefineOfActiveNetwork"];
  readonly volumeFolder: string;
  /** Ends the guest as a crash does. */
  readonly crash: (virsh: (...args: string[]) => Promise<string>, name: string) => Promise<void>;
}

/** The contract's host on a private libvirtd: what no step can do is done with virsh. */
export function libvirtContractHost(init: LibvirtContractInit): ContractHost {
  const folder = mkdtempSync(join(tmpdir(), "berth-contract-"));
  let files = 0;
  const fileWith = (xml: string) => {
    files += 1;
    const file = join(folder, `${files}.xml`);
    writeFileSync(file, xml);
    return file;
  };
  const virsh = (...args: string[]) => init.libvirtd.virsh(...args);
  return {
    open: () => openLibvirtHypervisor(init.uri),
    guestXml: init.guestXml,
    networkXml: init.networkXml,
    undefineOfActiveNetwork: init.undefineOfActiveNetwork,
    volumeFolder: init.volumeFolder,
    arrangeTransient: async (name) => void (await virsh("create", fileWith(init.guestXml(name)))),
    // Not with virsh: now and then its managedsave waits for ever for a job that has ended.
    arrangeManagedSave: async (name) => {
      const connection = await connect(init.uri);
      await connection.domains.managedSave(await connection.domains.lookupByName(name));
      await connection.close();
    },
    arrangeCrashed: (name) => init.crash(virsh, name),
    arrangeTransientNetwork: async (name) => void (await virsh("net-create", fileWith(init.networkXml(name)))),
    close: async () => {
      rmSync(folder, { recursive: true, force: true });
      await init.libvirtd.stop();
    },
  };
}
