"""A peer for the v0.2-json profile, written from docs/spec/xcp.md section 5.1 alone.

    python peer.py serve             prints its port, answers Ethers until its standard input ends
    python peer.py echo              the same, but gives every body back as it came
    python peer.py client PORT       says HELLO, sends requests, prints one JSON line of findings

For every line on its standard input a server prints the CPU time it has used: user and system, in microseconds. The only
dependency is google-crc32c, so that the checksum is not ours.
"""

import json
import os
import socket
import struct
import sys
import threading

import google_crc32c

MAGIC = 0xA9A17A10
HELLO, CAPS, PING, PONG, DATA = 0, 1, 4, 5, 0x0100
LARGE = 0x10
CODECS = [1, 8]


def receive_exactly(sock, size):
    data = bytearray(size)
    rest = memoryview(data)
    while rest:
        count = sock.recv_into(rest)
        if count == 0:
            raise EOFError
        rest = rest[count:]
    return bytes(data)


def receive_frame(sock):
    magic, _ver, flags, header_length = struct.unpack("<IBBH", receive_exactly(sock, 8))
    if magic != MAGIC:
        raise ValueError("magic")
    header = json.loads(receive_exactly(sock, header_length))
    wide = flags & LARGE
    (length,) = struct.unpack("<Q" if wide else "<I", receive_exactly(sock, 8 if wide else 4))
    payload = receive_exactly(sock, length)
    (crc,) = struct.unpack(">I", receive_exactly(sock, 4))
    if crc != google_crc32c.value(payload):
        raise ValueError("crc")
    return flags, header, payload


def send_frame(sock, msg_type, payload, channel=0, codec=1, msg_id=0, in_reply_to=0):
    header = json.dumps(
        {
            "channelId": channel,
            "msgType": msg_type,
            "bodyCodec": codec,
            "schemaKey": {"nsHash": 0, "kindId": 0, "major": 0, "minor": 0, "hash128": "0" * 32},
            "msgId": msg_id,
            "inReplyTo": in_reply_to,
            "tags": [],
        },
        separators=(",", ":"),
    ).encode()
    prefix = struct.pack("<IBBH", MAGIC, 2, 0, len(header))
    crc = struct.pack(">I", google_crc32c.value(payload))
    sock.sendall(prefix + header + struct.pack("<I", len(payload)) + payload + crc)


def hello_body(codecs):
    return json.dumps(
        {"codecs": codecs, "max_frame_bytes": 1048576, "shared_mem": False, "accepts": [], "emits": []},
        separators=(",", ":"),
    ).encode()


def answer(body):
    try:
        return answer_ether(json.loads(body))
    except (ValueError, KeyError, TypeError):
        return body


def answer_ether(ether):
    ether["metadata"]["seen_by"] = "python"
    ether["extra_fields"] = {}
    ether["attachments"] = [{"id": "none", "uri": None, "inline_bytes": "AAE=", "media_type": None, "codec": None,
                             "shape": None, "dtype": None, "size_bytes": None}]
    return json.dumps(ether).encode()


def serve_connection(sock, reply_to):
    with sock:
        try:
            while True:
                _flags, header, payload = receive_frame(sock)
                if header["msgType"] == HELLO:
                    offered = json.loads(payload)["codecs"]
                    common = list(set(CODECS) & set(offered))
                    send_frame(sock, CAPS, hello_body(common), msg_id=1, in_reply_to=header["msgId"])
                elif header["msgType"] == PING:
                    send_frame(sock, PONG, payload, codec=header["bodyCodec"], in_reply_to=header["msgId"])
                elif header["msgType"] == DATA:
                    send_frame(sock, DATA, reply_to(payload), channel=header["channelId"], codec=header["bodyCodec"],
                               in_reply_to=header["msgId"])
        except (EOFError, ValueError, OSError):
            return


def serve(reply_to):
    listener = socket.create_server(("127.0.0.1", 0))
    print(listener.getsockname()[1], flush=True)

    def accept():
        while True:
            sock, _ = listener.accept()
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=serve_connection, args=(sock, reply_to), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    for _line in sys.stdin:
        used = os.times()
        print(round(used.user * 1e6), round(used.system * 1e6), flush=True)


def client(port):
    findings = {"flags": [], "reply_types": [], "in_reply_to": [], "bodies": []}
    with socket.create_connection(("127.0.0.1", port), timeout=5) as sock:
        send_frame(sock, HELLO, hello_body(CODECS), msg_id=1)
        flags, header, payload = receive_frame(sock)
        findings["flags"].append(flags)
        findings["caps"] = {"type": header["msgType"], "reply": header["inReplyTo"], "body": json.loads(payload)}
        # The first request has the id of the HELLO, and a codec 8 body is JSON text as well.
        for msg_id, codec in ((1, 1), (2, 8), (3, 1)):
            ether = {"kind": "text", "schema_version": 1, "payload": {"text": f"request {msg_id} \u00e9"},
                     "metadata": {}, "extra_fields": None, "attachments": None}
            send_frame(sock, DATA, json.dumps(ether).encode(), channel=1, codec=codec, msg_id=msg_id)
            flags, header, payload = receive_frame(sock)
            findings["flags"].append(flags)
            findings["reply_types"].append(header["msgType"])
            findings["in_reply_to"].append(header["inReplyTo"])
            findings["bodies"].append({"codec": header["bodyCodec"], "ether": json.loads(payload)})
        send_frame(sock, PING, b'{"nonce":7}', msg_id=4)
        _flags, header, payload = receive_frame(sock)
        findings["pong"] = {"type": header["msgType"], "body": payload.decode()}
        # Ids taken from a clock must not be mistaken for forged ones.
        send_frame(sock, DATA, b"{}", channel=1, msg_id=1795230449501688)
        _flags, header, payload = receive_frame(sock)
        findings["clock_id"] = header["inReplyTo"]
    print(json.dumps(findings))


if __name__ == "__main__":
    if sys.argv[1] == "client":
        client(int(sys.argv[2]))
    else:
        serve(answer if sys.argv[1] == "serve" else lambda body: body)
