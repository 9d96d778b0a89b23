import { startLibvirtd } from "../../../test/support/libvirtd.ts";
import { tinyGuestXml } from "../../../test/support/tiny-guest.ts";
import { describeHypervisorContract } from "./hypervisor-contract.ts";
import { libvirtContractHost } from "./libvirt-contract-host.ts";

describeHypervisorContract("QEMU", async () => {
  const libvirtd = await startLibvirtd();
  return libvirtContractHost({
    libvirtd,
    uri: libvirtd.qemuUri(),
    guestXml: (name, init = {}) => tinyGuestXml({ name, ...init }),
    networkXml: (name) => `<network><name>${name}</name></network>`,
    volumeFolder: "/var/lib/libvirt/contract",
    undefineOfActiveNetwork: "active transient",
    guestsPowerOff: false,
    crash: async (virsh, name) => {
      const pidFile = `/run/libvirt/qemu/${name}.pid`;
      await libvirtd.run("sh", "-c", `kill -9 $(cat ${pidFile})`);
      const stopped = async () => (await virsh("domstate", name)).trim() !== "running";
      while (!(await stopped()));
    },
  });
});
