import { embeddedHost } from "./embedded-host.ts";
import { describeStateMatrix } from "./state-matrix.ts";

describeStateMatrix("states on the embedded hypervisor", embeddedHost);
