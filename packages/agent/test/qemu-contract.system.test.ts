import { describeHypervisorContract } from "./hypervisor-contract.ts";
import { qemuHost } from "./qemu-host.ts";

describeHypervisorContract("QEMU", qemuHost);
