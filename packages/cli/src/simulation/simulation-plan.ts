/** What a simulation is made of, decided before anything is started. */

/** The fixed part of one simulation. */
export interface SimulationPlan {
  /** Names of the hosts, `h1` onwards. */
  readonly hosts: readonly string[];
  /** Name of the fleet's profile. */
  readonly profile: string;
  /** The policy that every host gets. */
  readonly policy: string;
  /** Holds everything that outlives a power cut, and the logs. */
  readonly folder: string;
  /** tmpfs folder of the sockets and of the dead-men's files. */
  readonly runFolder: string;
  /** How long an embedded guest takes to start, ms. */
  readonly startMs: number;
  /** Whether each host has a watchdog device; the profile then is one with time for it. @default false */
  readonly watchdog?: boolean;
}

/** Where the parts of one host lie. */
export interface HostPlaces {
  readonly folder: string;
  readonly stateDir: string;
  /** The embedded hypervisor's state. */
  readonly stateFile: string;
  readonly configFile: string;
  readonly policyFile: string;
  readonly agentLog: string;
  readonly deadManLog: string;
  readonly runDir: string;
  readonly socketPath: string;
  /** The watchdog device, where the simulation has such. */
  readonly watchdog: string;
}

/** The places of a host. */
export function placesOf(plan: SimulationPlan, host: string): HostPlaces {
  const folder = `${plan.folder}/${host}`;
  const runDir = `${plan.runFolder}/${host}`;
  return {
    folder,
    stateDir: `${folder}/state`,
    stateFile: `${folder}/state/embedded.json`,
    configFile: `${folder}/config.yaml`,
    policyFile: `${folder}/policy.cf`,
    agentLog: `${folder}/agent.log`,
    deadManLog: `${folder}/dead-man.log`,
    runDir,
    socketPath: `${runDir}/agent.sock`,
    watchdog: `${runDir}/watchdog`,
  };
}

/** `h1`, `h2`, ... */
export function hostNames(count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => `h${index + 1}`);
}

/** The policy that a simulation has where none is given: guests that may run on any host, on one at a time. */
export function guestsPolicy(count: number): string {
  const names = Array.from({ length: count }, (_, index) => `"web${index + 1}"`).join(", ");
  return `# The guests of this simulation. Each may run on any host, and Berth has it run on one and only one.
body common control
{
  bundlesequence => { "simulation" };
}

bundle agent simulation
{
vars:
  "guest" slist => { ${names} };

guest_environments:
  "$(guest)"
    environment_resources => small_guest("$(this.promiser)"),
    environment_type      => "test",
    environment_host      => "any",
    environment_state     => "create";
}

body environment_resources small_guest(name)
{
  env_spec => "<domain type='test'>
  <name>$(name)</name>
  <memory unit='MiB'>256</memory>
  <vcpu>1</vcpu>
  <os><type arch='x86_64'>hvm</type></os>
</domain>";
}
`;
}
