import { isWireError } from "@proj/wire-types";
import { headerField } from "@proj/sbe";
import { MESSAGE_HEADER, SCHEMA_VERSION } from "../messages/generated/wire.js";
import {
  controlKey,
  type ControlHandlers,
  type ControlMessageName,
  type ControlReader,
  controlReaders,
} from "./control-messages.js";

/** What became of a message. spec/tensor-pool.md §2 */
export type ControlOutcome = "handled" | "skipped" | "malformed" | "wrongVersion";

/** What an adapter has counted, by outcome. */
export type ControlCounters = Record<ControlOutcome, number>;

/** A message that was refused; its bytes are valid during the call. */
export interface ControlFault {
  /** Why. */
  readonly outcome: "malformed" | "wrongVersion";
  /** Which kind it claims to be; `undefined` for one too short to say. */
  readonly name: ControlMessageName | undefined;
  /** Where it lies. */
  readonly view: DataView;
  /** Its first byte. */
  readonly offset: number;
  /** Its length. */
  readonly length: number;
}

/** Who is told of messages. */
export interface ControlAdapterOptions {
  /** Called for messages of the kinds that are named. */
  readonly handlers: ControlHandlers;
  /** Called for each message that was refused. */
  readonly onFault?: (fault: ControlFault) => void;
}

/**
 * Reads messages of the shared streams and calls typed handlers.
 *
 * Streams are multiplexed: what nobody here asked for is skipped unread. No bytes make it throw; what a handler throws
 * passes through. spec/tensor-pool.md §2
 */
export class ControlAdapter {
  /** What became of the messages so far. */
  readonly counters: ControlCounters = { handled: 0, skipped: 0, malformed: 0, wrongVersion: 0 };
  readonly #handlers: ControlHandlers;
  readonly #onFault: (fault: ControlFault) => void;
  readonly #readers = controlReaders();

  /** Calls the handlers of `options`. */
  constructor(options: ControlAdapterOptions) {
    this.#handlers = options.handlers;
    this.#onFault = options.onFault ?? (() => undefined);
  }

  /** Takes the message at `offset`, its header counted. */
  receive(view: DataView, offset: number, length: number): ControlOutcome {
    if (length < MESSAGE_HEADER.size) {
      return this.#refuse({ outcome: "malformed", name: undefined, view, offset, length });
    }
    const field = (name: "schemaId" | "templateId" | "version"): number =>
      headerField(view, offset, MESSAGE_HEADER, name);
    const reader = this.#readers.get(controlKey(field("schemaId"), field("templateId")));
    if (reader === undefined || this.#handlers[reader.name] === undefined) {
      return this.#count("skipped");
    }
    const { name } = reader;
    if (field("version") > SCHEMA_VERSION) {
      return this.#refuse({ outcome: "wrongVersion", name, view, offset, length });
    }
    const deliver = this.#read(reader, view, offset, offset + length);
    if (deliver === undefined) {
      return this.#refuse({ outcome: "malformed", name, view, offset, length });
    }
    deliver();
    return this.#count("handled");
  }

  #read(
    reader: ControlReader,
    view: DataView,
    offset: number,
    end: number,
  ): (() => void) | undefined {
    try {
      return reader.read(this.#handlers, view, offset, end);
    } catch (error) {
      if (isWireError(error)) return undefined;
      throw error;
    }
  }

  #refuse(fault: ControlFault): ControlOutcome {
    this.#onFault(fault);
    return this.#count(fault.outcome);
  }

  #count(outcome: ControlOutcome): ControlOutcome {
    this.counters[outcome]++;
    return outcome;
  }
}
