import { startTestDriverLibvirtd } from "../../../test/support/libvirtd.ts";
import { tinyGuestXml } from "../../../test/support/tiny-guest.ts";
import { libvirtContractHost } from "./libvirt-contract-host.ts";
import type { MatrixHost } from "./state-matrix.ts";

/** Libvirt's test driver on a private libvirtd. */
export async function testDriverHost(): Promise<MatrixHost> {
  const libvirtd = await startTestDriverLibvirtd();
  const contract = libvirtContractHost({
    libvirtd,
    uri: libvirtd.testUri(),
    guestXml: (name, init = {}) => tinyGuestXml({ name, type: "test", ...init }),
    networkXml: (name) => `<network><name>${name}</name></network>`,
    volumeFolder: "/contract-pool",
    undefineOfActiveNetwork: "OPERATION_INVALID",
    // virsh is not waited for: now and then it waits for ever for a dump that has ended.
    crash: async (virsh, name) => {
      void virsh("dump", "--crash", name, "/dev/null").catch(() => undefined);
      while ((await virsh("domstate", name)) === "running");
    },
  });
  return { ...contract, type: "test", config: { uris: { test: libvirtd.testUri() } } };
}
