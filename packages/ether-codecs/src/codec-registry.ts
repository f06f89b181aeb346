import type { EtherCodec } from "./codec.js";

/** Reserved forever. spec/xcp.md §2 */
const RESERVED_CODEC_ID = 0x00ff;

/** Holds codecs by id and by name. spec/xcp.md §2 */
export class CodecRegistry {
  readonly #byId = new Map<number, EtherCodec>();
  readonly #byName = new Map<string, EtherCodec>();

  /** Registers `codecs` in order. @throws RangeError as {@link CodecRegistry.register} does. */
  constructor(codecs: Iterable<EtherCodec> = []) {
    for (const codec of codecs) this.register(codec);
  }

  /** Adds a codec. @throws RangeError for id 0, 0x00FF, an id outside u16, or a duplicate id or name. */
  register(codec: EtherCodec): void {
    const { id, name } = codec;
    if (!Number.isInteger(id) || id < 1 || id > 0xffff || id === RESERVED_CODEC_ID) {
      throw new RangeError(`${name}: ${id} is no codec id (1..65535 without 255)`);
    }
    const holder = this.#byId.get(id) ?? this.#byName.get(name);
    if (holder !== undefined) {
      throw new RangeError(`${name} (${id}) clashes with ${holder.name} (${holder.id})`);
    }
    this.#byId.set(id, codec);
    this.#byName.set(name, codec);
  }

  /** Looks a codec up by its bodyCodec number. */
  get(id: number): EtherCodec | undefined {
    return this.#byId.get(id);
  }

  /** Looks a codec up by its registered name, such as `ARROW_IPC`. */
  byName(name: string): EtherCodec | undefined {
    return this.#byName.get(name);
  }

  /** The ids in the order of registration. */
  get ids(): readonly number[] {
    return [...this.#byId.keys()];
  }
}
