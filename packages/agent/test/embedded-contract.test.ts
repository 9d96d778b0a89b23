import { embeddedHost } from "./embedded-host.ts";
import { describeHypervisorContract } from "./hypervisor-contract.ts";

describeHypervisorContract("the embedded hypervisor", embeddedHost);
