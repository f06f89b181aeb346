import {
  type CodecContext,
  type CodecRegistry,
  decodeBody,
  encodeBodies,
  type EncodedBody,
  type Ether,
  EtherError,
  type SchemaRegistry,
} from "@proj/ether-codecs";
import { CodecId, type CodecName, TensorView } from "@proj/wire-types";
import {
  Feature,
  type IncomingMessage,
  type Negotiated,
  type OutgoingMessage,
  type Tag,
} from "@proj/xcp-framing";

/** What both ends of every link of a process share. */
export interface LinkToolkit {
  /** Codecs that bodies may be in. */
  readonly codecs: CodecRegistry;
  /** Known kinds. */
  readonly schemas: SchemaRegistry;
}

/** What a link needs to know of what a connection agreed on. */
export type LinkTerms = Pick<Negotiated, "codecs" | "codecPolicy" | "features">;

/** How Ethers are sent. */
export interface EtherSendOptions {
  /** A codec by name; default: what suits the size. spec/xcp.md §15.1 */
  readonly codec?: CodecName | undefined;
  /** More tags for the header. */
  readonly tags?: readonly Tag[];
  /** See `OutgoingMessage.compress`. */
  readonly compress?: "auto" | "never" | number | undefined;
}

/**
 * Joins Ethers with the messages of one connection: chooses a codec that both ends have, encodes, decodes and checks.
 */
export class EtherLink {
  readonly #toolkit: LinkToolkit;
  readonly #negotiated: LinkTerms;

  /** `negotiated` is what the connection agreed on. */
  constructor(toolkit: LinkToolkit, negotiated: LinkTerms) {
    this.#toolkit = toolkit;
    this.#negotiated = negotiated;
  }

  /**
   * Encodes Ethers of one kind as a message.
   *
   * @throws EtherError `ether.codec_unsupported` for a codec that was not negotiated, `ether.ether_invalid` for content that
   *   the codec cannot carry, `ether.codec_policy`
   */
  encode(ethers: readonly Ether[], options: EtherSendOptions = {}): OutgoingMessage {
    const encoded =
      options.codec === undefined
        ? this.#encodeBySize(ethers)
        : this.#encodeAs(ethers, options.codec);
    return {
      bodyCodec: encoded.bodyCodec,
      body: encoded.body,
      tags: [...encoded.tags, ...(options.tags ?? [])],
      ...(encoded.schemaKey === undefined ? {} : { schemaKey: encoded.schemaKey }),
      ...(options.compress === undefined ? {} : { compress: options.compress }),
    };
  }

  /**
   * Decodes the body of a message and checks it against what its header claims.
   *
   * @throws EtherError with the number that a NACK carries
   */
  decode(
    message: Pick<IncomingMessage, "schemaKey" | "tags" | "body" | "bodyCodec">,
  ): readonly Ether[] {
    const { schemaKey, tags, body, bodyCodec } = message;
    return decodeBody(this.#toolkit.codecs, bodyCodec, body, {
      ...this.#context(),
      policy: this.#negotiated.codecPolicy,
      tags,
      ...(schemaKey === undefined ? {} : { schemaKey }),
    });
  }

  /** Encodes Ethers in the codec they came in. @throws EtherError as {@link EtherLink.encode} */
  echo(ethers: readonly Ether[], message: IncomingMessage): OutgoingMessage {
    const name = this.#toolkit.codecs.get(message.bodyCodec)?.name as CodecName | undefined;
    return this.encode(ethers, { codec: name });
  }

  #encodeBySize(ethers: readonly Ether[]): EncodedBody {
    const bodies = encodeBodies(this.#toolkit.codecs, ethers, {
      ...this.#context(),
      common: this.#negotiated.codecs,
      policy: this.#negotiated.codecPolicy,
      tensorCodecs: losslessTensorCodecs(ethers),
    });
    const [only] = bodies;
    if (only !== undefined && bodies.length === 1) return only;
    throw new EtherError(
      "ether.codec_unsupported",
      `${ethers.length} Ethers take ${bodies.length} messages in what was agreed on with this peer`,
    );
  }

  #encodeAs(ethers: readonly Ether[], name: CodecName): EncodedBody {
    const codec = this.#toolkit.codecs.byName(name);
    if (codec === undefined || !this.#negotiated.codecs.includes(codec.id)) throw unsupported(name);
    return codec.encode(ethers, this.#context());
  }

  #context(): CodecContext {
    return {
      schemas: this.#toolkit.schemas,
      tensorExtension: (this.#negotiated.features & Feature.TENSOR_EXTENSION) !== 0,
    };
  }
}

function unsupported(name: string): EtherError {
  return new EtherError("ether.codec_unsupported", `${name} was not agreed on with this peer`);
}

// The tensor codec whose elements are those of the one tensor: nothing may be rounded without being asked for.
function losslessTensorCodecs(ethers: readonly Ether[]): readonly number[] {
  const tensor = ethers[0]?.payload["data"];
  if (ethers.length !== 1 || !(tensor instanceof TensorView)) return [];
  if (tensor.dtype === "float32") return [CodecId.TENSOR_F32];
  return tensor.dtype === "float16" ? [CodecId.TENSOR_F16] : [];
}
