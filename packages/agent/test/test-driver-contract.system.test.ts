import { describeHypervisorContract } from "./hypervisor-contract.ts";
import { testDriverHost } from "./test-driver-host.ts";

describeHypervisorContract("libvirt's test driver", testDriverHost, { guestsPowerOff: true });
