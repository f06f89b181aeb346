import { Admission } from "./admission.js";
import { AnnouncerIntake } from "./announcer-intake.js";
import { Announcer } from "./announcer.js";
import { ChunkIntake } from "./chunk-intake.js";
import type { EngineContext } from "./context.js";
import { ControlBuilder } from "./control-builder.js";
import { CreditKeeper } from "./credit-keeper.js";
import { DataBuilder } from "./data-builder.js";
import { Doubts } from "./doubts.js";
import { EnginePaths } from "./engine-paths.js";
import { ForeignPaths } from "./foreign-paths.js";
import { FrameIntake } from "./frame-intake.js";
import { KeyRetirement } from "./key-retirement.js";
import { MoveIn } from "./move-in.js";
import { Offers } from "./offers.js";
import { PacketIntake } from "./packet-intake.js";
import type { Path } from "./path.js";
import { PathKeeper } from "./path-keeper.js";
import { PullLoop } from "./pull-loop.js";
import { Puller } from "./puller.js";
import { Serving } from "./serving.js";
import { Status } from "./status.js";
import { StreamCloser } from "./stream-closer.js";
import { Transmitter } from "./transmitter.js";

// After these nothing goes over the path any more; after the others it may recover.
const FINAL_STATUSES: ReadonlySet<number> = new Set([
  Status.Protocol,
  Status.GoingAway,
  Status.LocalResource,
]);

/** The parts of an engine that its driver and application reach, each joined to those that it needs. */
export class EngineParts {
  /** Its paths. */
  readonly paths: EnginePaths;
  /** Those of the host's other workers. */
  readonly foreign: ForeignPaths;
  /** The announcing side. */
  readonly announcer: Announcer;
  /** The pulling side. */
  readonly puller: Puller;
  /** Asks for bytes. */
  readonly loop: PullLoop;
  /** Closes. */
  readonly closer: StreamCloser;
  /** Feedback, limits, probes. */
  readonly keeper: PathKeeper;
  /** Takes datagrams. */
  readonly intake: PacketIntake;
  /** Fills datagrams. */
  readonly transmitter: Transmitter;
  readonly #context: EngineContext;

  /** Joins them around `context`. */
  constructor(context: EngineContext) {
    const failed = (path: Path, status: number): void => this.fail(path, status);
    const sendRaw = (datagram: Uint8Array, address: number): void =>
      this.transmitter.sendRaw(datagram, address);
    const paths = new EnginePaths(context, {
      failed,
      healthChanged: (path, before) => this.keeper.healthChanged(path, before),
    });
    const pathOf = (bytes: Uint8Array, offset: number): Path | undefined =>
      paths.named(bytes, offset);
    const foreign = new ForeignPaths(context.counters);
    const serving = new Serving(context);
    const retirement = new KeyRetirement(context, sendRaw);
    const announcer = new Announcer(context, serving, retirement);
    const loop = new PullLoop(context);
    const credit = new CreditKeeper(context, (path) => this.fail(path, Status.Protocol));
    const offers = new Offers(context);
    const doubts = new Doubts({ context, loop, offers, credit });
    const puller = new Puller({ context, loop, credit, offers, doubts });
    const moves = new MoveIn({ context, doubts, offers, puller, pathOf });
    const closer = new StreamCloser(context);
    const keeper = new PathKeeper(context, retirement, failed);
    this.#context = context;
    this.paths = paths;
    this.foreign = foreign;
    this.announcer = announcer;
    this.puller = puller;
    this.loop = loop;
    this.closer = closer;
    this.keeper = keeper;
    this.transmitter = new Transmitter({
      context,
      failed,
      loop,
      keeper,
      retirement,
      control: new ControlBuilder(context, { announcer, doubts, credit, loop, closer }),
      data: new DataBuilder(context, serving),
    });
    const frames = new FrameIntake({
      context,
      announcer: new AnnouncerIntake(context, serving, announcer),
      admission: new Admission({ context, credit, offers, doubts, moves, puller }),
      doubts,
      puller,
      chunks: new ChunkIntake(context, puller.assembler),
      closer,
      keeper,
    });
    this.intake = new PacketIntake({
      context,
      pathOf,
      foreign,
      frames,
      keeper,
      credit,
      retirement,
      sendRaw,
    });
  }

  /** Fails everything that runs on a path. */
  fail(path: Path, status: number): void {
    if (path.failedStatus !== undefined) return;
    if (FINAL_STATUSES.has(status)) path.failedStatus = status;
    this.announcer.failAll(path, status);
    this.puller.failAll(path, status);
    this.closer.failAll(path);
    this.#context.events.push({ kind: "pathFailed", path: path.id, status });
  }
}
