/** What the tests use of the generated code. */
interface EtherProtoMessage {
  kind?: string;
  schemaVersion?: number;
  payload?: Record<string, Uint8Array>;
  metadata?: Record<string, Uint8Array>;
  extraFields?: Record<string, Uint8Array>;
  attachments?: readonly AttachmentProtoMessage[];
}

interface AttachmentProtoMessage {
  id?: string;
  uri?: string;
  mediaType?: string;
  codec?: string;
  shape?: readonly number[];
  dtype?: string;
  sizeBytes?: number;
  inlineBytes?: Uint8Array;
}

export declare const xcp: {
  readonly EtherProto: {
    encode(message: EtherProtoMessage): { finish(): Uint8Array };
    decode(bytes: Uint8Array): Required<EtherProtoMessage>;
  };
};
