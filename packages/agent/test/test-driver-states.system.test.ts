import { describeStateMatrix } from "./state-matrix.ts";
import { testDriverHost } from "./test-driver-host.ts";

describeStateMatrix("states on libvirt's test driver", testDriverHost);
