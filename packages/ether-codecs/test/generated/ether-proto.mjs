/*eslint-disable block-scoped-var, id-length, no-control-regex, no-magic-numbers, no-mixed-operators, no-prototype-builtins, no-redeclare, no-shadow, no-var, sort-vars, default-case, jsdoc/require-param*/
import $protobuf from "protobufjs/minimal.js";

const $Reader = $protobuf.Reader, $Writer = $protobuf.Writer, $util = $protobuf.util;
const $Object = $util.global.Object, $undefined = $util.global.undefined, $Error = $util.global.Error, $RangeError = $util.global.RangeError, $Array = $util.global.Array, $TypeError = $util.global.TypeError, $String = $util.global.String, $Number = $util.global.Number, $parseInt = $util.global.parseInt, $BigInt = $util.global.BigInt;

const $root = $protobuf.roots["default"] || ($protobuf.roots["default"] = {});

export const xcp = $root.xcp = (() => {

    const xcp = {};

    xcp.EtherProto = (function() {

        const EtherProto = function (properties) {
            this.payload = {};
            this.metadata = {};
            this.extraFields = {};
            this.attachments = [];
            if (properties)
                for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                    if (properties[keys[i]] != null && keys[i] !== "__proto__")
                        this[keys[i]] = properties[keys[i]];
        };

        EtherProto.prototype.kind = "";
        EtherProto.prototype.schemaVersion = 0;
        EtherProto.prototype.payload = $util.emptyObject;
        EtherProto.prototype.metadata = $util.emptyObject;
        EtherProto.prototype.extraFields = $util.emptyObject;
        EtherProto.prototype.attachments = $util.emptyArray;

        EtherProto.create = function(properties) {
            return new EtherProto(properties);
        };

        EtherProto.encode = function (message, writer, _depth) {
            if (!writer)
                writer = $Writer.create();
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $util.recursionLimit)
                throw $Error("max depth exceeded");
            if (message.kind != null && $Object.hasOwnProperty.call(message, "kind") && message.kind !== "")
                writer.uint32(10).string(message.kind);
            if (message.schemaVersion != null && $Object.hasOwnProperty.call(message, "schemaVersion") && message.schemaVersion !== 0)
                writer.uint32(16).uint32(message.schemaVersion);
            if (message.payload != null && $Object.hasOwnProperty.call(message, "payload"))
                for (let keys = $Object.keys(message.payload), i = 0; i < keys.length; ++i)
                    writer.uint32(26).fork().uint32(10).string(keys[i]).uint32(18).bytes(message.payload[keys[i]]).ldelim();
            if (message.metadata != null && $Object.hasOwnProperty.call(message, "metadata"))
                for (let keys = $Object.keys(message.metadata), i = 0; i < keys.length; ++i)
                    writer.uint32(34).fork().uint32(10).string(keys[i]).uint32(18).bytes(message.metadata[keys[i]]).ldelim();
            if (message.extraFields != null && $Object.hasOwnProperty.call(message, "extraFields"))
                for (let keys = $Object.keys(message.extraFields), i = 0; i < keys.length; ++i)
                    writer.uint32(42).fork().uint32(10).string(keys[i]).uint32(18).bytes(message.extraFields[keys[i]]).ldelim();
            if (message.attachments != null && message.attachments.length)
                for (let i = 0; i < message.attachments.length; ++i)
                    $root.xcp.AttachmentProto.encode(message.attachments[i], writer.uint32(50).fork(), _depth + 1).ldelim();
            if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                for (let i = 0; i < message.$unknowns.length; ++i)
                    writer.raw(message.$unknowns[i]);
            return writer;
        };

        EtherProto.encodeDelimited = function(message, writer) {
            return this.encode(message, (writer || $Writer.create()).fork()).ldelim();
        };

        EtherProto.decode = function (reader, length, _end, _depth, _target) {
            if (!(reader instanceof $Reader))
                reader = $Reader.create(reader);
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $Reader.recursionLimit)
                throw $Error("max depth exceeded");
            let end, message, key, value;
            if (length === $undefined)
                end = reader.len;
            else {
                end = reader.pos + length;
                if (end > reader.len)
                    throw $RangeError("index out of range");
                length = reader.len;
                reader.len = end;
            }
            message = _target || new $root.xcp.EtherProto();
            while (reader.pos < end) {
                let start = reader.pos;
                let tag = reader.tag();
                if (tag === _end) {
                    _end = $undefined;
                    break;
                }
                let wireType = tag & 7;
                switch (tag >>>= 3) {
                case 1: {
                        if (wireType !== 2)
                            break;
                        if ((value = reader.stringVerify()).length)
                            message.kind = value;
                        else
                            delete message.kind;
                        continue;
                    }
                case 2: {
                        if (wireType !== 0)
                            break;
                        if (value = reader.uint32())
                            message.schemaVersion = value;
                        else
                            delete message.schemaVersion;
                        continue;
                    }
                case 3: {
                        if (wireType !== 2)
                            break;
                        if (message.payload === $util.emptyObject)
                            message.payload = {};
                        let end2 = reader.size() + reader.pos;
                        if (end2 > reader.len)
                            throw $RangeError("index out of range");
                        reader.len = end2;
                        key = "";
                        value = [];
                        while (reader.pos < end2) {
                            let tag2 = reader.tag();
                            wireType = tag2 & 7;
                            switch (tag2 >>>= 3) {
                            case 1:
                                if (wireType !== 2)
                                    break;
                                key = reader.stringVerify();
                                continue;
                            case 2:
                                if (wireType !== 2)
                                    break;
                                value = reader.bytes();
                                continue;
                            }
                            reader.skipType(wireType, _depth, tag2);
                        }
                        if (reader.pos !== end2)
                            throw $RangeError("index out of range");
                        reader.len = end;
                        if (key === "__proto__")
                            $util.makeProp(message.payload, key);
                        message.payload[key] = value;
                        continue;
                    }
                case 4: {
                        if (wireType !== 2)
                            break;
                        if (message.metadata === $util.emptyObject)
                            message.metadata = {};
                        let end2 = reader.size() + reader.pos;
                        if (end2 > reader.len)
                            throw $RangeError("index out of range");
                        reader.len = end2;
                        key = "";
                        value = [];
                        while (reader.pos < end2) {
                            let tag2 = reader.tag();
                            wireType = tag2 & 7;
                            switch (tag2 >>>= 3) {
                            case 1:
                                if (wireType !== 2)
                                    break;
                                key = reader.stringVerify();
                                continue;
                            case 2:
                                if (wireType !== 2)
                                    break;
                                value = reader.bytes();
                                continue;
                            }
                            reader.skipType(wireType, _depth, tag2);
                        }
                        if (reader.pos !== end2)
                            throw $RangeError("index out of range");
                        reader.len = end;
                        if (key === "__proto__")
                            $util.makeProp(message.metadata, key);
                        message.metadata[key] = value;
                        continue;
                    }
                case 5: {
                        if (wireType !== 2)
                            break;
                        if (message.extraFields === $util.emptyObject)
                            message.extraFields = {};
                        let end2 = reader.size() + reader.pos;
                        if (end2 > reader.len)
                            throw $RangeError("index out of range");
                        reader.len = end2;
                        key = "";
                        value = [];
                        while (reader.pos < end2) {
                            let tag2 = reader.tag();
                            wireType = tag2 & 7;
                            switch (tag2 >>>= 3) {
                            case 1:
                                if (wireType !== 2)
                                    break;
                                key = reader.stringVerify();
                                continue;
                            case 2:
                                if (wireType !== 2)
                                    break;
                                value = reader.bytes();
                                continue;
                            }
                            reader.skipType(wireType, _depth, tag2);
                        }
                        if (reader.pos !== end2)
                            throw $RangeError("index out of range");
                        reader.len = end;
                        if (key === "__proto__")
                            $util.makeProp(message.extraFields, key);
                        message.extraFields[key] = value;
                        continue;
                    }
                case 6: {
                        if (wireType !== 2)
                            break;
                        if (!(message.attachments && message.attachments.length))
                            message.attachments = [];
                        message.attachments.push($root.xcp.AttachmentProto.decode(reader, reader.size(), $undefined, _depth + 1));
                        continue;
                    }
                }
                reader.skipType(wireType, _depth, tag);
                if (!reader.discardUnknown) {
                    $util.makeProp(message, "$unknowns", false);
                    (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                }
            }
            if (length !== $undefined) {
                if (reader.pos !== end)
                    throw $RangeError("index out of range");
                reader.len = length;
            }
            if (_end !== $undefined)
                throw $Error("missing end group");
            return message;
        };

        EtherProto.decodeDelimited = function(reader) {
            if (!(reader instanceof $Reader))
                reader = new $Reader(reader);
            return this.decode(reader, reader.size());
        };

        EtherProto.verify = function (message, _depth) {
            if (typeof message !== "object" || message === null)
                return "object expected";
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $util.recursionLimit)
                return "max depth exceeded";
            if (message.kind != null && $Object.hasOwnProperty.call(message, "kind"))
                if (!$util.isString(message.kind))
                    return "kind: string expected";
            if (message.schemaVersion != null && $Object.hasOwnProperty.call(message, "schemaVersion"))
                if (!$util.isInteger(message.schemaVersion))
                    return "schemaVersion: integer expected";
            if (message.payload != null && $Object.hasOwnProperty.call(message, "payload")) {
                if (!$util.isObject(message.payload))
                    return "payload: object expected";
                let key = $Object.keys(message.payload);
                for (let i = 0; i < key.length; ++i)
                    if (!(message.payload[key[i]] && typeof message.payload[key[i]].length === "number" || $util.isString(message.payload[key[i]])))
                        return "payload: buffer{k:string} expected";
            }
            if (message.metadata != null && $Object.hasOwnProperty.call(message, "metadata")) {
                if (!$util.isObject(message.metadata))
                    return "metadata: object expected";
                let key = $Object.keys(message.metadata);
                for (let i = 0; i < key.length; ++i)
                    if (!(message.metadata[key[i]] && typeof message.metadata[key[i]].length === "number" || $util.isString(message.metadata[key[i]])))
                        return "metadata: buffer{k:string} expected";
            }
            if (message.extraFields != null && $Object.hasOwnProperty.call(message, "extraFields")) {
                if (!$util.isObject(message.extraFields))
                    return "extraFields: object expected";
                let key = $Object.keys(message.extraFields);
                for (let i = 0; i < key.length; ++i)
                    if (!(message.extraFields[key[i]] && typeof message.extraFields[key[i]].length === "number" || $util.isString(message.extraFields[key[i]])))
                        return "extraFields: buffer{k:string} expected";
            }
            if (message.attachments != null && $Object.hasOwnProperty.call(message, "attachments")) {
                if (!$Array.isArray(message.attachments))
                    return "attachments: array expected";
                for (let i = 0; i < message.attachments.length; ++i) {
                    let error = $root.xcp.AttachmentProto.verify(message.attachments[i], _depth + 1);
                    if (error)
                        return "attachments." + error;
                }
            }
            return null;
        };

        EtherProto.fromObject = function (object, _depth) {
            if (object instanceof $root.xcp.EtherProto)
                return object;
            if (!$util.isObject(object))
                throw $TypeError(".xcp.EtherProto: object expected");
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $util.recursionLimit)
                throw $Error("max depth exceeded");
            let message = new $root.xcp.EtherProto();
            if (object.kind != null)
                if (typeof object.kind !== "string" || object.kind.length)
                    message.kind = $String(object.kind);
            if (object.schemaVersion != null)
                if ($Number(object.schemaVersion) !== 0)
                    message.schemaVersion = object.schemaVersion >>> 0;
            if (object.payload) {
                if (!$util.isObject(object.payload))
                    throw $TypeError(".xcp.EtherProto.payload: object expected");
                message.payload = {};
                for (let keys = $Object.keys(object.payload), i = 0; i < keys.length; ++i) {
                    if (keys[i] === "__proto__")
                        $util.makeProp(message.payload, keys[i]);
                    if (typeof object.payload[keys[i]] === "string")
                        $util.base64.decode(object.payload[keys[i]], message.payload[keys[i]] = $util.newBuffer($util.base64.length(object.payload[keys[i]])), 0);
                    else if (object.payload[keys[i]].length >= 0)
                        message.payload[keys[i]] = object.payload[keys[i]];
                }
            }
            if (object.metadata) {
                if (!$util.isObject(object.metadata))
                    throw $TypeError(".xcp.EtherProto.metadata: object expected");
                message.metadata = {};
                for (let keys = $Object.keys(object.metadata), i = 0; i < keys.length; ++i) {
                    if (keys[i] === "__proto__")
                        $util.makeProp(message.metadata, keys[i]);
                    if (typeof object.metadata[keys[i]] === "string")
                        $util.base64.decode(object.metadata[keys[i]], message.metadata[keys[i]] = $util.newBuffer($util.base64.length(object.metadata[keys[i]])), 0);
                    else if (object.metadata[keys[i]].length >= 0)
                        message.metadata[keys[i]] = object.metadata[keys[i]];
                }
            }
            if (object.extraFields) {
                if (!$util.isObject(object.extraFields))
                    throw $TypeError(".xcp.EtherProto.extraFields: object expected");
                message.extraFields = {};
                for (let keys = $Object.keys(object.extraFields), i = 0; i < keys.length; ++i) {
                    if (keys[i] === "__proto__")
                        $util.makeProp(message.extraFields, keys[i]);
                    if (typeof object.extraFields[keys[i]] === "string")
                        $util.base64.decode(object.extraFields[keys[i]], message.extraFields[keys[i]] = $util.newBuffer($util.base64.length(object.extraFields[keys[i]])), 0);
                    else if (object.extraFields[keys[i]].length >= 0)
                        message.extraFields[keys[i]] = object.extraFields[keys[i]];
                }
            }
            if (object.attachments) {
                if (!$Array.isArray(object.attachments))
                    throw $TypeError(".xcp.EtherProto.attachments: array expected");
                message.attachments = $Array(object.attachments.length);
                for (let i = 0; i < object.attachments.length; ++i) {
                    if (!$util.isObject(object.attachments[i]))
                        throw $TypeError(".xcp.EtherProto.attachments: object expected");
                    message.attachments[i] = $root.xcp.AttachmentProto.fromObject(object.attachments[i], _depth + 1);
                }
            }
            return message;
        };

        EtherProto.toObject = function (message, options, _depth) {
            if (!options)
                options = {};
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $util.recursionLimit)
                throw $Error("max depth exceeded");
            let object = {};
            if (options.arrays || options.defaults)
                object.attachments = [];
            if (options.objects || options.defaults) {
                object.payload = {};
                object.metadata = {};
                object.extraFields = {};
            }
            if (options.defaults) {
                object.kind = "";
                object.schemaVersion = 0;
            }
            if (message.kind != null && $Object.hasOwnProperty.call(message, "kind"))
                object.kind = message.kind;
            if (message.schemaVersion != null && $Object.hasOwnProperty.call(message, "schemaVersion"))
                object.schemaVersion = message.schemaVersion;
            let keys2;
            if (message.payload && (keys2 = $Object.keys(message.payload)).length) {
                object.payload = {};
                for (let j = 0; j < keys2.length; ++j) {
                    if (keys2[j] === "__proto__")
                        $util.makeProp(object.payload, keys2[j]);
                    object.payload[keys2[j]] = options.bytes === $String ? $util.base64.encode(message.payload[keys2[j]], 0, message.payload[keys2[j]].length) : options.bytes === $Array ? $Array.prototype.slice.call(message.payload[keys2[j]]) : message.payload[keys2[j]];
                }
            }
            if (message.metadata && (keys2 = $Object.keys(message.metadata)).length) {
                object.metadata = {};
                for (let j = 0; j < keys2.length; ++j) {
                    if (keys2[j] === "__proto__")
                        $util.makeProp(object.metadata, keys2[j]);
                    object.metadata[keys2[j]] = options.bytes === $String ? $util.base64.encode(message.metadata[keys2[j]], 0, message.metadata[keys2[j]].length) : options.bytes === $Array ? $Array.prototype.slice.call(message.metadata[keys2[j]]) : message.metadata[keys2[j]];
                }
            }
            if (message.extraFields && (keys2 = $Object.keys(message.extraFields)).length) {
                object.extraFields = {};
                for (let j = 0; j < keys2.length; ++j) {
                    if (keys2[j] === "__proto__")
                        $util.makeProp(object.extraFields, keys2[j]);
                    object.extraFields[keys2[j]] = options.bytes === $String ? $util.base64.encode(message.extraFields[keys2[j]], 0, message.extraFields[keys2[j]].length) : options.bytes === $Array ? $Array.prototype.slice.call(message.extraFields[keys2[j]]) : message.extraFields[keys2[j]];
                }
            }
            if (message.attachments && message.attachments.length) {
                object.attachments = $Array(message.attachments.length);
                for (let j = 0; j < message.attachments.length; ++j)
                    object.attachments[j] = $root.xcp.AttachmentProto.toObject(message.attachments[j], options, _depth + 1);
            }
            return object;
        };

        EtherProto.prototype.toJSON = function() {
            return EtherProto.toObject(this, $protobuf.util.toJSONOptions);
        };

        EtherProto.getTypeUrl = function(prefix) {
            if (prefix === $undefined)
                prefix = "type.googleapis.com";
            return prefix + "/xcp.EtherProto";
        };

        return EtherProto;
    })();

    xcp.AttachmentProto = (function() {

        const AttachmentProto = function (properties) {
            this.shape = [];
            if (properties)
                for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                    if (properties[keys[i]] != null && keys[i] !== "__proto__")
                        this[keys[i]] = properties[keys[i]];
        };

        AttachmentProto.prototype.id = "";
        AttachmentProto.prototype.uri = "";
        AttachmentProto.prototype.mediaType = "";
        AttachmentProto.prototype.codec = "";
        AttachmentProto.prototype.shape = $util.emptyArray;
        AttachmentProto.prototype.dtype = "";
        AttachmentProto.prototype.sizeBytes = $util.Long ? $util.Long.fromBits(0,0,true) : 0;
        AttachmentProto.prototype.inlineBytes = $util.newBuffer([]);

        AttachmentProto.create = function(properties) {
            return new AttachmentProto(properties);
        };

        AttachmentProto.encode = function (message, writer, _depth) {
            if (!writer)
                writer = $Writer.create();
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $util.recursionLimit)
                throw $Error("max depth exceeded");
            if (message.id != null && $Object.hasOwnProperty.call(message, "id") && message.id !== "")
                writer.uint32(10).string(message.id);
            if (message.uri != null && $Object.hasOwnProperty.call(message, "uri") && message.uri !== "")
                writer.uint32(18).string(message.uri);
            if (message.mediaType != null && $Object.hasOwnProperty.call(message, "mediaType") && message.mediaType !== "")
                writer.uint32(26).string(message.mediaType);
            if (message.codec != null && $Object.hasOwnProperty.call(message, "codec") && message.codec !== "")
                writer.uint32(34).string(message.codec);
            if (message.shape != null && message.shape.length)
                writer.uint32(42).uint32s(message.shape);
            if (message.dtype != null && $Object.hasOwnProperty.call(message, "dtype") && message.dtype !== "")
                writer.uint32(50).string(message.dtype);
            if (message.sizeBytes != null && $Object.hasOwnProperty.call(message, "sizeBytes") && (typeof message.sizeBytes === "object" ? message.sizeBytes.low || message.sizeBytes.high : message.sizeBytes !== 0))
                writer.uint32(56).uint64(message.sizeBytes);
            if (message.inlineBytes != null && $Object.hasOwnProperty.call(message, "inlineBytes") && message.inlineBytes.length)
                writer.uint32(66).bytes(message.inlineBytes);
            if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                for (let i = 0; i < message.$unknowns.length; ++i)
                    writer.raw(message.$unknowns[i]);
            return writer;
        };

        AttachmentProto.encodeDelimited = function(message, writer) {
            return this.encode(message, (writer || $Writer.create()).fork()).ldelim();
        };

        AttachmentProto.decode = function (reader, length, _end, _depth, _target) {
            if (!(reader instanceof $Reader))
                reader = $Reader.create(reader);
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $Reader.recursionLimit)
                throw $Error("max depth exceeded");
            let end, message, value;
            if (length === $undefined)
                end = reader.len;
            else {
                end = reader.pos + length;
                if (end > reader.len)
                    throw $RangeError("index out of range");
                length = reader.len;
                reader.len = end;
            }
            message = _target || new $root.xcp.AttachmentProto();
            while (reader.pos < end) {
                let start = reader.pos;
                let tag = reader.tag();
                if (tag === _end) {
                    _end = $undefined;
                    break;
                }
                let wireType = tag & 7;
                switch (tag >>>= 3) {
                case 1: {
                        if (wireType !== 2)
                            break;
                        if ((value = reader.stringVerify()).length)
                            message.id = value;
                        else
                            delete message.id;
                        continue;
                    }
                case 2: {
                        if (wireType !== 2)
                            break;
                        if ((value = reader.stringVerify()).length)
                            message.uri = value;
                        else
                            delete message.uri;
                        continue;
                    }
                case 3: {
                        if (wireType !== 2)
                            break;
                        if ((value = reader.stringVerify()).length)
                            message.mediaType = value;
                        else
                            delete message.mediaType;
                        continue;
                    }
                case 4: {
                        if (wireType !== 2)
                            break;
                        if ((value = reader.stringVerify()).length)
                            message.codec = value;
                        else
                            delete message.codec;
                        continue;
                    }
                case 5: {
                        if (wireType === 2) {
                            if (!(message.shape && message.shape.length))
                                message.shape = [];
                            reader.uint32s(message.shape);
                            continue;
                        }
                        if (wireType !== 0)
                            break;
                        if (!(message.shape && message.shape.length))
                            message.shape = [];
                        message.shape.push(reader.uint32());
                        continue;
                    }
                case 6: {
                        if (wireType !== 2)
                            break;
                        if ((value = reader.stringVerify()).length)
                            message.dtype = value;
                        else
                            delete message.dtype;
                        continue;
                    }
                case 7: {
                        if (wireType !== 0)
                            break;
                        if (typeof (value = reader.uint64()) === "object" ? value.low || value.high : value !== 0)
                            message.sizeBytes = value;
                        else
                            delete message.sizeBytes;
                        continue;
                    }
                case 8: {
                        if (wireType !== 2)
                            break;
                        if ((value = reader.bytes()).length)
                            message.inlineBytes = value;
                        else
                            delete message.inlineBytes;
                        continue;
                    }
                }
                reader.skipType(wireType, _depth, tag);
                if (!reader.discardUnknown) {
                    $util.makeProp(message, "$unknowns", false);
                    (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                }
            }
            if (length !== $undefined) {
                if (reader.pos !== end)
                    throw $RangeError("index out of range");
                reader.len = length;
            }
            if (_end !== $undefined)
                throw $Error("missing end group");
            return message;
        };

        AttachmentProto.decodeDelimited = function(reader) {
            if (!(reader instanceof $Reader))
                reader = new $Reader(reader);
            return this.decode(reader, reader.size());
        };

        AttachmentProto.verify = function (message, _depth) {
            if (typeof message !== "object" || message === null)
                return "object expected";
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $util.recursionLimit)
                return "max depth exceeded";
            if (message.id != null && $Object.hasOwnProperty.call(message, "id"))
                if (!$util.isString(message.id))
                    return "id: string expected";
            if (message.uri != null && $Object.hasOwnProperty.call(message, "uri"))
                if (!$util.isString(message.uri))
                    return "uri: string expected";
            if (message.mediaType != null && $Object.hasOwnProperty.call(message, "mediaType"))
                if (!$util.isString(message.mediaType))
                    return "mediaType: string expected";
            if (message.codec != null && $Object.hasOwnProperty.call(message, "codec"))
                if (!$util.isString(message.codec))
                    return "codec: string expected";
            if (message.shape != null && $Object.hasOwnProperty.call(message, "shape")) {
                if (!$Array.isArray(message.shape))
                    return "shape: array expected";
                for (let i = 0; i < message.shape.length; ++i)
                    if (!$util.isInteger(message.shape[i]))
                        return "shape: integer[] expected";
            }
            if (message.dtype != null && $Object.hasOwnProperty.call(message, "dtype"))
                if (!$util.isString(message.dtype))
                    return "dtype: string expected";
            if (message.sizeBytes != null && $Object.hasOwnProperty.call(message, "sizeBytes"))
                if (!$util.isInteger(message.sizeBytes) && !(message.sizeBytes && $util.isInteger(message.sizeBytes.low) && $util.isInteger(message.sizeBytes.high)))
                    return "sizeBytes: integer|Long expected";
            if (message.inlineBytes != null && $Object.hasOwnProperty.call(message, "inlineBytes"))
                if (!(message.inlineBytes && typeof message.inlineBytes.length === "number" || $util.isString(message.inlineBytes)))
                    return "inlineBytes: buffer expected";
            return null;
        };

        AttachmentProto.fromObject = function (object, _depth) {
            if (object instanceof $root.xcp.AttachmentProto)
                return object;
            if (!$util.isObject(object))
                throw $TypeError(".xcp.AttachmentProto: object expected");
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $util.recursionLimit)
                throw $Error("max depth exceeded");
            let message = new $root.xcp.AttachmentProto();
            if (object.id != null)
                if (typeof object.id !== "string" || object.id.length)
                    message.id = $String(object.id);
            if (object.uri != null)
                if (typeof object.uri !== "string" || object.uri.length)
                    message.uri = $String(object.uri);
            if (object.mediaType != null)
                if (typeof object.mediaType !== "string" || object.mediaType.length)
                    message.mediaType = $String(object.mediaType);
            if (object.codec != null)
                if (typeof object.codec !== "string" || object.codec.length)
                    message.codec = $String(object.codec);
            if (object.shape) {
                if (!$Array.isArray(object.shape))
                    throw $TypeError(".xcp.AttachmentProto.shape: array expected");
                message.shape = $Array(object.shape.length);
                for (let i = 0; i < object.shape.length; ++i)
                    message.shape[i] = object.shape[i] >>> 0;
            }
            if (object.dtype != null)
                if (typeof object.dtype !== "string" || object.dtype.length)
                    message.dtype = $String(object.dtype);
            if (object.sizeBytes != null)
                if (typeof object.sizeBytes === "object" ? object.sizeBytes.low || object.sizeBytes.high : $Number(object.sizeBytes) !== 0)
                    if ($util.Long)
                        message.sizeBytes = $util.Long.fromValue(object.sizeBytes, true);
                    else if (typeof object.sizeBytes === "string")
                        message.sizeBytes = $parseInt(object.sizeBytes, 10);
                    else if (typeof object.sizeBytes === "number")
                        message.sizeBytes = object.sizeBytes;
                    else if (typeof object.sizeBytes === "object")
                        message.sizeBytes = new $util.LongBits(object.sizeBytes.low >>> 0, object.sizeBytes.high >>> 0).toNumber(true);
            if (object.inlineBytes != null)
                if (object.inlineBytes.length)
                    if (typeof object.inlineBytes === "string")
                        $util.base64.decode(object.inlineBytes, message.inlineBytes = $util.newBuffer($util.base64.length(object.inlineBytes)), 0);
                    else if (object.inlineBytes.length >= 0)
                        message.inlineBytes = object.inlineBytes;
            return message;
        };

        AttachmentProto.toObject = function (message, options, _depth) {
            if (!options)
                options = {};
            if (_depth === $undefined)
                _depth = 0;
            if (_depth > $util.recursionLimit)
                throw $Error("max depth exceeded");
            let object = {};
            if (options.arrays || options.defaults)
                object.shape = [];
            if (options.defaults) {
                object.id = "";
                object.uri = "";
                object.mediaType = "";
                object.codec = "";
                object.dtype = "";
                if ($util.Long) {
                    let long = new $util.Long(0, 0, true);
                    object.sizeBytes = options.longs === $String ? long.toString() : options.longs === $Number ? long.toNumber() : typeof $BigInt !== "undefined" && options.longs === $BigInt ? long.toBigInt() : long;
                } else
                    object.sizeBytes = options.longs === $String ? "0" : typeof $BigInt !== "undefined" && options.longs === $BigInt ? $BigInt("0") : 0;
                if (options.bytes === $String)
                    object.inlineBytes = "";
                else {
                    object.inlineBytes = [];
                    if (options.bytes !== $Array)
                        object.inlineBytes = $util.newBuffer(object.inlineBytes);
                }
            }
            if (message.id != null && $Object.hasOwnProperty.call(message, "id"))
                object.id = message.id;
            if (message.uri != null && $Object.hasOwnProperty.call(message, "uri"))
                object.uri = message.uri;
            if (message.mediaType != null && $Object.hasOwnProperty.call(message, "mediaType"))
                object.mediaType = message.mediaType;
            if (message.codec != null && $Object.hasOwnProperty.call(message, "codec"))
                object.codec = message.codec;
            if (message.shape && message.shape.length) {
                object.shape = $Array(message.shape.length);
                for (let j = 0; j < message.shape.length; ++j)
                    object.shape[j] = message.shape[j];
            }
            if (message.dtype != null && $Object.hasOwnProperty.call(message, "dtype"))
                object.dtype = message.dtype;
            if (message.sizeBytes != null && $Object.hasOwnProperty.call(message, "sizeBytes"))
                if (typeof $BigInt !== "undefined" && options.longs === $BigInt)
                    object.sizeBytes = typeof message.sizeBytes === "number" ? $BigInt(message.sizeBytes) : $util.Long.fromBits(message.sizeBytes.low >>> 0, message.sizeBytes.high >>> 0, true).toBigInt();
                else if (typeof message.sizeBytes === "number")
                    object.sizeBytes = options.longs === $String ? $String(message.sizeBytes) : message.sizeBytes;
                else
                    object.sizeBytes = options.longs === $String ? $util.Long.prototype.toString.call(message.sizeBytes) : options.longs === $Number ? new $util.LongBits(message.sizeBytes.low >>> 0, message.sizeBytes.high >>> 0).toNumber(true) : message.sizeBytes;
            if (message.inlineBytes != null && $Object.hasOwnProperty.call(message, "inlineBytes"))
                object.inlineBytes = options.bytes === $String ? $util.base64.encode(message.inlineBytes, 0, message.inlineBytes.length) : options.bytes === $Array ? $Array.prototype.slice.call(message.inlineBytes) : message.inlineBytes;
            return object;
        };

        AttachmentProto.prototype.toJSON = function() {
            return AttachmentProto.toObject(this, $protobuf.util.toJSONOptions);
        };

        AttachmentProto.getTypeUrl = function(prefix) {
            if (prefix === $undefined)
                prefix = "type.googleapis.com";
            return prefix + "/xcp.AttachmentProto";
        };

        return AttachmentProto;
    })();

    return xcp;
})();

export {
  $root as default
};
