/**
 * How many peers gossip is passed on to.
 *
 * gossipsub is made for networks in which nobody is connected to everybody: what a peer publishes is passed on by the peers of its mesh. In a
 * fleet everybody is connected to everybody, and a batch goes from its origin to all at once; each copy that is passed
 * on as well finds a peer that has it. So the mesh is empty as long as every link stands.
 *
 * When a link is broken and another host hears the one behind it, batches have to come on another way: this host then takes three peers into its mesh,
 * which is to ask them to pass on whatever they hear. They agree as long as they have room. Once the link is back it leaves
 * their meshes again. A host that nobody hears is dead, and has nothing to say.
 */
import type { GossipSub } from "@libp2p/gossipsub";

/** gossipsub's numbers: peers wanted in the mesh, fewest, most, and how many of them this host dialled itself. */
export interface MeshNumbers {
  D: number;
  Dlo: number;
  Dhi: number;
  Dout: number;
}

/** Nobody is asked, and up to six that ask are served: two hosts that cannot hear each other ask for three each. */
export const narrowMesh: Readonly<MeshNumbers> = { D: 0, Dlo: 0, Dhi: 6, Dout: 0 };
/** Three are asked: two of them may be cut off as well. */
const wideMesh: Readonly<MeshNumbers> = { D: 3, Dlo: 2, Dhi: 6, Dout: 0 };
/** Nobody is wanted any more; gossipsub tells those that are too many at its next heartbeat. */
const leavingMesh: Readonly<MeshNumbers> = { D: 0, Dlo: 0, Dhi: 0, Dout: 0 };

/** What is used of gossipsub: it reads its numbers anew at each of its heartbeats. */
interface Mesh {
  readonly opts: MeshNumbers;
  getMeshPeers(topic: string): readonly string[];
}

/** One host's mesh on all its topics. */
export class MeshWidth {
  readonly #mesh: Mesh;
  readonly #topics: readonly string[];
  #state: "narrow" | "wide" | "leaving" = "narrow";

  constructor(gossip: GossipSub, topics: readonly string[]) {
    this.#mesh = gossip as unknown as Mesh;
    this.#topics = topics;
  }

  /** Called now and then. `isLinkBroken`: somebody who is not heard here is heard by another host. */
  look(isLinkBroken: boolean): void {
    if (isLinkBroken) this.#enter("wide", wideMesh);
    else if (this.#state === "wide") this.#enter("leaving", leavingMesh);
    else if (this.#state === "leaving" && this.#isEmpty()) this.#enter("narrow", narrowMesh);
  }

  #isEmpty(): boolean {
    return this.#topics.every((topic) => this.#mesh.getMeshPeers(topic).length === 0);
  }

  #enter(state: "narrow" | "wide" | "leaving", numbers: Readonly<MeshNumbers>): void {
    if (this.#state === state) return;
    this.#state = state;
    Object.assign(this.#mesh.opts, numbers);
  }
}
