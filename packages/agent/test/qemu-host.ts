import { startLibvirtd } from "../../../test/support/libvirtd.ts";
import { tinyGuestXml } from "../../../test/support/tiny-guest.ts";
import { libvirtContractHost } from "./libvirt-contract-host.ts";
import type { MatrixHost } from "./state-matrix.ts";

/** QEMU on a private libvirtd. */
export async function qemuHost(): Promise<MatrixHost> {
  const libvirtd = await startLibvirtd();
  const contract = libvirtContractHost({
    libvirtd,
    uri: libvirtd.qemuUri(),
    guestXml: (name, init = {}) => tinyGuestXml({ name, ...init }),
    networkXml: (name) => `<network><name>${name}</name></network>`,
    volumeFolder: "/var/lib/libvirt/contract",
    undefineOfActiveNetwork: "active transient",
    crash: async (virsh, name) => {
      const pidFile = `/run/libvirt/qemu/${name}.pid`;
      await libvirtd.run("sh", "-c", `kill -9 $(cat ${pidFile})`);
      const stopped = async () => (await virsh("domstate", name)).trim() !== "running";
      while (!(await stopped()));
    },
  });
  return { ...contract, type: "kvm", config: { uris: { kvm: libvirtd.qemuUri() } } };
}
