import { startTestDriverLibvirtd } from "../../../test/support/libvirtd.ts";
import { tinyGuestXml } from "../../../test/support/tiny-guest.ts";
import { describeHypervisorContract } from "./hypervisor-contract.ts";
import { libvirtContractHost } from "./libvirt-contract-host.ts";

describeHypervisorContract("libvirt's test driver", async () => {
  const libvirtd = await startTestDriverLibvirtd();
  return libvirtContractHost({
    libvirtd,
    uri: libvirtd.testUri(),
    guestXml: (name, init = {}) => tinyGuestXml({ name, type: "test", ...init }),
    networkXml: (name) => `<network><name>${name}</name></network>`,
    volumeFolder: "/contract-pool",
    undefineOfActiveNetwork: "OPERATION_INVALID",
    guestsPowerOff: true,
    crash: async (virsh, name) => void (await virsh("dump", "--crash", name, "/dev/null")),
  });
});
