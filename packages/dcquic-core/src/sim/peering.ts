import type { RandomSource } from "@proj/wire-types";
import type { CryptoBackend } from "../crypto/backend.js";
import { deriveCredentialId, deriveSimulatedSecret } from "../crypto/key-schedule.js";
import { resetToken } from "../crypto/secret-control-seal.js";
import { DEFAULT_CONFIG, type EngineConfig } from "../engine/config.js";
import { type FirstCounters, FROM_ZERO } from "../engine/first-counters.js";
import type { PathId } from "../engine/events.js";
import { Status } from "../engine/status.js";
import type { EstablishedPath } from "../path/handshake.js";
import type { Hello } from "../path/hello.js";
import type { PathEntry } from "../path/secret-map.js";
import type { SimHost } from "./sim-host.js";

/** What a {@link Peering} takes from its world. */
export interface PeeringOptions {
  /** The cryptography. */
  readonly crypto: CryptoBackend;
  /** Randomness. */
  readonly random: RandomSource;
  /** Configuration of every engine. */
  readonly config: Partial<EngineConfig>;
  /** Where the counters of first paths begin. */
  readonly counters: FirstCounters | undefined;
}

/**
 * Makes paths between simulated hosts as handshakes would: with the same secret on both sides, and with the answers to what
 * was asked about lost paths.
 */
export class Peering {
  readonly #options: PeeringOptions;

  /** Nobody is connected at first. */
  constructor(options: PeeringOptions) {
    this.#options = options;
  }

  /** Makes a path between `a`, which dials, and `b`, and returns that of `a`. `lost` is a path that `a` asks about. */
  connect(a: SimHost, b: SimHost, lost: PathEntry | undefined): PathId {
    const { crypto, random } = this.#options;
    const fresh = random.fill(new Uint8Array(32));
    const pathSecret = deriveSimulatedSecret(crypto, fresh, a.epoch, b.epoch);
    const credentialId = deriveCredentialId(crypto, pathSecret);
    const asked = lost?.path.credentialId;
    const knows = [...b.entries.values()].some(
      ({ path }) => asked !== undefined && crypto.equal(path.credentialId, asked),
    );
    const answers = asked === undefined ? [] : [{ credentialId: asked, known: knows }];
    const isFirst = !a.paths.has(b.index) && !b.paths.has(a.index);
    const counters = isFirst ? (this.#options.counters ?? FROM_ZERO) : FROM_ZERO;
    const common = { pathSecret, credentialId, aead: "aes-256-gcm" } as const;
    const dialed = this.#adopt(a, b.index, counters, {
      ...common,
      role: "dialer",
      peer: this.#hello(b, answers),
      peerResetToken: resetToken(crypto, b.signer, credentialId),
    });
    this.#adopt(b, a.index, counters, {
      ...common,
      role: "listener",
      peer: this.#hello(a, []),
      peerResetToken: resetToken(crypto, a.signer, credentialId),
    });
    const after = a.entries.get(dialed);
    if (lost !== undefined && after !== undefined && a.isStateLost(lost, after)) {
      for (const [path, entry] of a.entries) {
        if (entry === lost) a.engine.failPath(path, Status.PeerStateLost);
      }
    }
    return dialed;
  }

  #adopt(host: SimHost, peer: number, counters: FirstCounters, path: EstablishedPath): PathId {
    const id = host.engine.addPath(host.nowUs, path, peer, { counters });
    const createdUs = host.nowUs;
    host.paths.set(peer, id);
    host.entries.set(id, {
      path,
      identity: String(peer),
      createdUs,
      usedUs: createdUs,
      liveTransfers: 0,
      retiredAtUs: undefined,
    });
    return id;
  }

  #hello(host: SimHost, answers: Hello["answers"]): Hello {
    const config = { ...DEFAULT_CONFIG, ...this.#options.config };
    return {
      versions: [2],
      aeads: ["aes-256-gcm"],
      dataAuth: config.dataAuth === "headers" ? [0, 1] : [0],
      recordLog2: [16],
      epoch: host.epoch,
      endpoints: [],
      maxDatagramBytes: config.mtuBytes,
      notifyLimit: config.notifyWindow,
      inlineLimit: config.inlineStartBytes,
      asked: [],
      answers,
      application: new Uint8Array(0),
      rma: host.memory?.offers ?? [],
    };
  }
}
