import {
  type CodecContext,
  type CodecRegistry,
  decodeBody,
  encodeBodies,
  encodeBody,
  type EncodedBody,
  type Ether,
  EtherError,
  type SchemaRegistry,
} from "@proj/ether-codecs";
import { CodecId, type CodecName, TensorView } from "@proj/wire-types";
import { systemTime } from "@proj/wire-types/system";
import {
  Feature,
  type IncomingMessage,
  type Negotiated,
  type OutgoingMessage,
  type Tag,
} from "@proj/xcp-framing";

/** What a coder needs to know of what a connection agreed on. */
export type CoderTerms = Pick<Negotiated, "codecs" | "codecPolicy" | "features">;

/** A message whose body is whole, as a coder makes it. */
export interface EncodedMessage extends OutgoingMessage {
  readonly body: Uint8Array;
}

/** The part of a message that its body depends on. */
export type ReceivedBody = Pick<IncomingMessage, "bodyCodec" | "schemaKey" | "tags" | "body">;

/** Told how long bodies took. */
export interface CoderProbe {
  /** One body was encoded or decoded. */
  took(what: "encode" | "decode", bodyCodec: number, seconds: number): void;
}

/** How Ethers are encoded. */
export interface EncodeOptions {
  /** A codec by name; default: what suits the size. spec/xcp.md §15.1 */
  readonly codec?: CodecName | undefined;
  /** More tags for the header. */
  readonly tags?: readonly Tag[];
  /** See `OutgoingMessage.compress`. */
  readonly compress?: "auto" | "never" | number | undefined;
}

/** Turns Ethers into messages and back, within what one connection agreed on. */
export class EtherCoder {
  readonly #codecs: CodecRegistry;
  readonly #schemas: SchemaRegistry;
  readonly #terms: CoderTerms;
  readonly #probe: CoderProbe | undefined;

  /** `codecs` and `schemas` are what this end knows. */
  constructor(
    codecs: CodecRegistry,
    schemas: SchemaRegistry,
    terms: CoderTerms,
    probe?: CoderProbe,
  ) {
    this.#probe = probe;
    this.#codecs = codecs;
    this.#schemas = schemas;
    this.#terms = terms;
  }

  /**
   * Encodes Ethers of one kind as one message.
   *
   * @throws EtherError `ether.codec_unsupported` for a codec that was not agreed on, `ether.ether_invalid` for content that the
   *   codec cannot carry, `ether.codec_policy`
   */
  encode(ethers: readonly Ether[], options: EncodeOptions = {}): EncodedMessage {
    const startUs = systemTime.nowUs();
    const encoded =
      options.codec === undefined
        ? this.#encodeBySize(ethers)
        : this.#encodeAs(ethers, options.codec);
    this.#probe?.took("encode", encoded.bodyCodec, (systemTime.nowUs() - startUs) / 1e6);
    return {
      bodyCodec: encoded.bodyCodec,
      body: encoded.body,
      tags: [...encoded.tags, ...(options.tags ?? [])],
      ...(encoded.schemaKey === undefined ? {} : { schemaKey: encoded.schemaKey }),
      ...(options.compress === undefined ? {} : { compress: options.compress }),
    };
  }

  /** Encodes Ethers in the codec they came in. @throws EtherError as {@link EtherCoder.encode} */
  echo(ethers: readonly Ether[], received: ReceivedBody): EncodedMessage {
    const codec = this.#codecs.get(received.bodyCodec)?.name as CodecName | undefined;
    return this.encode(ethers, { codec });
  }

  /**
   * Decodes a body and checks it against what its header claims.
   *
   * @throws EtherError with the number that a NACK carries
   */
  decode({ bodyCodec, body, schemaKey, tags }: ReceivedBody): readonly Ether[] {
    const startUs = systemTime.nowUs();
    const ethers = decodeBody(this.#codecs, bodyCodec, body, {
      ...this.#context(),
      policy: this.#terms.codecPolicy,
      tags,
      ...(schemaKey === undefined ? {} : { schemaKey }),
    });
    this.#probe?.took("decode", bodyCodec, (systemTime.nowUs() - startUs) / 1e6);
    return ethers;
  }

  #encodeBySize(ethers: readonly Ether[]): EncodedBody {
    const bodies = encodeBodies(this.#codecs, ethers, {
      ...this.#context(),
      common: this.#terms.codecs,
      policy: this.#terms.codecPolicy,
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
    const codec = this.#codecs.byName(name);
    if (codec === undefined || !this.#terms.codecs.includes(codec.id)) {
      throw new EtherError("ether.codec_unsupported", `${name} was not agreed on with this peer`);
    }
    return encodeBody(codec, ethers, this.#context());
  }

  #context(): CodecContext {
    return {
      schemas: this.#schemas,
      tensorExtension: (this.#terms.features & Feature.TENSOR_EXTENSION) !== 0,
    };
  }
}

// The tensor codec whose elements are those of the one tensor: nothing may be rounded without being asked for.
function losslessTensorCodecs(ethers: readonly Ether[]): readonly number[] {
  const tensor = ethers[0]?.payload["data"];
  if (ethers.length !== 1 || !(tensor instanceof TensorView)) return [];
  if (tensor.dtype === "float32") return [CodecId.TENSOR_F32];
  return tensor.dtype === "float16" ? [CodecId.TENSOR_F16] : [];
}
