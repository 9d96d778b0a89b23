import { qemuHost } from "./qemu-host.ts";
import { describeStateMatrix } from "./state-matrix.ts";

describeStateMatrix("states on QEMU", qemuHost);
