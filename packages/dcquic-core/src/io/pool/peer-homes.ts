import type { Reassignment, RouterDependency } from "../../router/request-router.js";
import { CREDENTIAL_ID_BYTES, CREDENTIAL_ID_OFFSET } from "../../wire/constants.js";
import type { HandedPacket } from "../peer-addresses.js";
import type { KnownPath, KnownPaths } from "./known-paths.js";
import type { PathHomes } from "./path-homes.js";
import type { PoolWorker } from "./pool-worker.js";
import type { WorkerSet } from "./worker-set.js";

/** What {@link PeerHomes} are made with. */
export interface PeerHomesOptions {
  /** The workers, with the router that spreads peers over them. */
  readonly workers: WorkerSet;
  /** The paths that there are. */
  readonly known: KnownPaths;
  /** What the workers know of each other's paths. */
  readonly shared: PathHomes;
  /** Is told of a peer that got another home. */
  readonly onReassigned: (moved: Reassignment) => void;
}

const DETOUR_US = 10_000_000;

/**
 * Which worker the next path to a peer is made to: its home, unless packets do not pass between the two.
 *
 * @see spec/dcquic.md §18, D-33
 */
export class PeerHomes {
  readonly #options: PeerHomesOptions;

  /** Looks at what `options` name. */
  constructor(options: PeerHomesOptions) {
    this.#options = options;
  }

  /**
   * The home of a peer that a path is about to be made to. Where the last path to it failed, or the peer reached it at other
   * workers only, packets do not pass between the peer and its home: another worker takes it, if there is one. A peer that dials another
   * address than the first has a reason: it is at home at that NIC, `at` being the own address that it reached.
   *
   * @throws DcquicError `dcquic.local_resource` when every worker is lost.
   */
  homeFor(peer: string, dependencies: readonly RouterDependency[] = [], at = ""): PoolWorker {
    const { workers, known } = this.#options;
    const nic = workers.nicReachedAt(at);
    const home = workers.homeOf(peer, dependencies, nic);
    if (nic !== undefined && home.nic !== nic) return this.#reassign(peer, home, nic);
    const last = known.newest(peer);
    if (last === undefined || last.home !== home) return home;
    const isDetoured = home.driver.nowUs - last.detouredUs < DETOUR_US;
    if (!hasFailed(last) && !isDetoured) return home;
    return this.#reassign(peer, home, nic);
  }

  #reassign(peer: string, home: PoolWorker, nic: number | undefined): PoolWorker {
    const { workers, onReassigned } = this.#options;
    const moved = workers.reassign(peer, nic);
    if (moved === undefined) return home;
    onReassigned(moved);
    return workers.homeOf(peer, []);
  }

  /** Passes a datagram on to the home of its path, and remembers that it did not arrive there. */
  handOver(packet: HandedPacket): void {
    const { known, shared } = this.#options;
    const at = CREDENTIAL_ID_OFFSET;
    const path = known.byCredentialId(packet.datagram.subarray(at, at + CREDENTIAL_ID_BYTES));
    if (path !== undefined) path.detouredUs = path.home.driver.nowUs;
    shared.pass(packet);
  }
}

/** Whether the peer of a path is believed dead. */
export function hasFailed({ home, route }: KnownPath): boolean {
  return home.driver.engine.peerState(route.path) === "failed";
}
