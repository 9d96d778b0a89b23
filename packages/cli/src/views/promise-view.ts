import type { EnvironmentPromise } from "@berth/model";
import { formatPosition } from "@berth/model";
import type { ListView } from "../output/list-view.ts";
import { formatBytes } from "../output/units.ts";

/** How evaluated promises are shown. */
export const promiseView: ListView<EnvironmentPromise> = {
  kind: "PromiseList",
  columns: [
    { title: "NAME", cell: (promise) => promise.name },
    { title: "TYPE", cell: (promise) => promise.type },
    { title: "STATE", cell: (promise) => promise.state },
    { title: "CLASS", cell: (promise) => promise.hostClass },
    { title: "HERE", cell: (promise) => (promise.hostHolds ? "yes" : "no") },
    { title: "CPUS", cell: (promise) => String(promise.resources.cpus ?? "-"), wide: true },
    { title: "MEMORY", cell: (promise) => memoryCell(promise), wide: true },
    { title: "BUNDLE", cell: (promise) => promise.bundle, wide: true },
    { title: "HANDLE", cell: (promise) => promise.handle ?? "-", wide: true },
    { title: "COMMENT", cell: (promise) => promise.comment ?? "-", wide: true },
    { title: "PLACE", cell: (promise) => formatPosition(promise.position) },
  ],
  name: (promise) => `${promise.kind}/${promise.name}`,
  json: (promise) => ({
    name: promise.name,
    kind: promise.kind,
    type: promise.type,
    state: promise.state,
    class: promise.hostClass,
    holds_here: promise.hostHolds,
    resources: resourcesJson(promise),
    ...(promise.kind === "guest" && promise.interface !== undefined ? { interface: promise.interface } : {}),
    action: {
      policy: promise.action.policy,
      ifelapsed_seconds: promise.action.ifElapsedMinutes * 60,
      expireafter_seconds: promise.action.expireAfterMinutes * 60,
    },
    bundle: promise.bundle,
    ...(promise.handle === undefined ? {} : { handle: promise.handle }),
    ...(promise.comment === undefined ? {} : { comment: promise.comment }),
    meta: promise.meta,
    depends_on: promise.dependsOn,
    ...promise.position,
  }),
};

function memoryCell({ resources }: EnvironmentPromise): string {
  return resources.memoryKib === undefined ? "-" : formatBytes(resources.memoryKib * 1024);
}

function resourcesJson({ resources }: EnvironmentPromise): object {
  const { cpus, memoryKib, diskMb, baseline, spec } = resources;
  return {
    ...(cpus === undefined ? {} : { vcpus: cpus }),
    ...(memoryKib === undefined ? {} : { memory_bytes: memoryKib * 1024 }),
    ...(diskMb === undefined ? {} : { disk_bytes: diskMb * 1024 * 1024 }),
    ...(baseline === undefined ? {} : { baseline }),
    ...(spec === undefined ? {} : { spec: { xml: spec.xml, ...(spec.path === undefined ? {} : { path: spec.path }) } }),
  };
}
