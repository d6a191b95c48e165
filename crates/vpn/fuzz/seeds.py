#!/usr/bin/env python3
"""Writes the first corpus: one file for each way of going wrong that has a name."""
import pathlib
import struct

here = pathlib.Path(__file__).parent / "corpus"


def write(target, name, data):
    (here / target).mkdir(parents=True, exist_ok=True)
    (here / target / name).write_bytes(data)


def step(operation, data=b"", length=None):
    return bytes([operation, len(data) if length is None else length]) + data


def v4(protocol, body, source=b"\x0a\x42\x00\x02", target=b"\xc0\x00\x02\x01", fragment=0):
    return struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(body), 1, fragment, 64, protocol, 0) + source + target + body


shared6 = bytes.fromhex("fd660000000000000000000000000002")
remote6 = bytes.fromhex("20010db8000000000000000000000001")


def v6(protocol, body, source=shared6, target=remote6):
    return struct.pack("!IHBB", 0x60000000, len(body), protocol, 64) + source + target + body


udp = struct.pack("!HHHH", 1, 53, 12, 7) + b"data"
tcp = bytes(20)
back4 = v4(17, udp, b"\xc0\x00\x02\x01", b"\x0a\x42\x00\x02")
back6 = v6(17, udp, remote6, shared6)
packets = {
    "udp4": v4(17, udp),
    "udp4_no_checksum": v4(17, udp[:6] + b"\0\0data"),
    "tcp4": v4(6, tcp),
    "tcp4_cut": v4(6, tcp[:17]),
    "fragment4_first": v4(17, udp + bytes(12), fragment=0x2000),
    "fragment4_later": v4(17, bytes(8), fragment=1),
    "error4": v4(1, b"\x03\x03" + bytes(6) + back4),
    "error4_cut": v4(1, b"\x0b\x00" + bytes(6) + back4[:21]),
    "error4_of_another": v4(1, b"\x03\x03" + bytes(6) + v4(17, udp)),
    "options4": b"\x4f" + v4(17, udp)[1:] + bytes(40),
    "udp6": v6(17, udp),
    "tcp6": v6(6, tcp),
    "error6": v6(58, b"\x01\x04" + bytes(6) + back6),
    "error6_cut": v6(58, b"\x02\x00" + bytes(6) + back6[:41]),
    "echo6": v6(58, b"\x80\x00" + bytes(6)),
    "hop_by_hop6": v6(0, b"\x11\x00" + bytes(6) + udp),
    "routing6": v6(43, b"\x11\x02\x00\x01" + bytes(20) + udp),
    "fragment6": v6(44, b"\x11\x00\x00\x09" + bytes(4) + udp),
    "authentication6": v6(51, b"\x11\x04" + bytes(22) + udp),
    "endless6": v6(0, b"\x00\x00" + bytes(6) + (b"\x00\x00" + bytes(6)) * 20),
}
for name, packet in packets.items():
    write("translate", name + "_up", b"\0" + packet)
    write("translate", name + "_down", b"\1" + packet)
    write("datagrams", "sealed_" + name, step(2, packet))

messages = {
    "empty": b"",
    "short": b"\1\0\0",
    "initiation_zero": b"\1\0\0\0" + bytes(144),
    "response_zero": b"\2\0\0\0" + bytes(88),
    "cookie_zero": b"\3\0\0\0" + bytes(60),
    "data_least": b"\4\0\0\0" + bytes(28),
    "data_cut": b"\4\0\0\0" + bytes(27),
    "reserved": b"\4\1\0\0" + bytes(60),
    "unknown": b"\5\0\0\0" + bytes(60),
}
for name, message in messages.items():
    write("datagrams", name, step(0, message))
    write("datagrams", name + "_with_mac", step(1, message))
write("datagrams", "replayed", step(2, packets["udp4"]) + step(4) + step(4))
write("datagrams", "renewed", (step(2, packets["udp4"]) + step(3, length=240)) * 8 + step(2, packets["udp6"]))
write("datagrams", "expired", step(3, length=255) * 4 + step(4) + step(2, packets["udp4"]))
write("datagrams", "storm", step(1, messages["initiation_zero"]) * 12)
write("datagrams", "cut", step(6, packets["udp4"]) + step(3, length=40) + step(6, packets["udp4"]))
pool = v4(17, udp, target=b"\x64\x40\x00\x09")
write("datagrams", "to_the_pool", step(2, pool) + step(5, pool))

configure = b"\1" + bytes(32) + struct.pack("<H", 1420) + bytes(20) + bytes(4) + b"\x0b" + bytes(16) + struct.pack(
    "<IHHIH", 16, 180, 150, 1000, 10
)
device = struct.pack("<I", 7) + bytes(64)
moved = struct.pack("<IQQ", 7, 1, 2)
messages = {
    "configure": configure + b"\1" + struct.pack("<II", 65534, 65534),
    "configure_without_identity": configure + bytes(9),
    "configure_no_identity_but_numbers": configure + b"\0" + struct.pack("<II", 1, 1),
    "configure_odd_flag": configure + b"\2" + bytes(8),
    "configure_mtu_low": configure[:33] + struct.pack("<H", 575) + configure[35:] + bytes(9),
    "configure_mtu_high": configure[:33] + struct.pack("<H", 8921) + configure[35:] + bytes(9),
    "configure_cut": configure,
    "configure_long": configure + bytes(10),
    "put_one": b"\2" + device,
    "put_many": b"\2" + device * 180,
    "put_too_many": b"\2" + device * 181,
    "put_none": b"\2",
    "put_cut": b"\2" + device[:-1],
    "put_one_and_a_half": b"\2" + device + device[:34],
    "remove_one": b"\3" + bytes(32),
    "remove_many": b"\3" + bytes(32 * 383),
    "remove_too_many": b"\3" + bytes(32 * 384),
    "remove_none": b"\3",
    "flush": b"\4" + struct.pack("<I", 1),
    "flush_zero": b"\4" + bytes(4),
    "flush_cut": b"\4\1",
    "stop": b"\5",
    "stop_long": b"\5\0",
    "all_put": b"\6",
    "all_put_long": b"\6\0",
    "empty": b"",
    "zero": b"\0",
    "unknown_to": b"\7",
    "unknown_from": b"\x86",
    "ready": b"\x81\7\1\1\1\1" + struct.pack("<I", 200) + b"\1",
    "ready_odd_flag": b"\x81\7\1\1\1\2" + struct.pack("<I", 200) + b"\1",
    "ready_odd_last_flag": b"\x81\7\1\1\1\1" + struct.pack("<I", 200) + b"\2",
    "ready_cut": b"\x81\7\1",
    "usage_one": b"\x82" + moved,
    "usage_many": b"\x82" + moved * 614,
    "usage_too_many": b"\x82" + moved * 615,
    "usage_none": b"\x82",
    "usage_cut": b"\x82" + moved[:-1],
    "flushed": b"\x83" + struct.pack("<II", 1, 2),
    "flushed_long": b"\x83" + bytes(9),
    "freed_one": b"\x84" + bytes(20),
    "freed_none": b"\x84",
    "freed_cut": b"\x84" + bytes(39),
    "stopped": b"\x85",
}
for name, message in messages.items():
    write("handover", name, message)


device = b"public_key=" + b"ab" * 32 + b"\n"
lines = {
    "get": b"get=1\n\n",
    "get_twice": b"get=1\n\nget=1\n\n",
    "get_wrong": b"get=2\n\n",
    "get_with_more": b"get=1\nlisten_port=1\n\n",
    "nothing": b"",
    "newlines": b"\n\n\n",
    "set_nothing": b"set=1\n\n",
    "unended": b"set=1\nlisten_port=1\n",
    "no_newline": b"set=1",
    "key": b"private_key=" + b"01" * 32 + b"\n",
    "key_zero": b"private_key=" + b"00" * 32 + b"\n",
    "key_short": b"private_key=01\n",
    "key_capital": b"private_key=" + b"AB" * 32 + b"\n",
    "port": b"listen_port=65535\n",
    "port_too_high": b"listen_port=65536\n",
    "port_signed": b"listen_port=+1\n",
    "mark": b"fwmark=4294967295\n",
    "mark_hex": b"fwmark=0xca6c\n",
    "mark_hex_signed": b"fwmark=0x+1\n",
    "replace": b"replace_peers=true\n",
    "replace_false": b"replace_peers=false\n",
    "device": device,
    "device_removed": device + b"remove=true\n",
    "device_updated": device + b"update_only=true\npreshared_key=" + b"cd" * 32 + b"\n",
    "device_v4": device + b"endpoint=192.0.2.1:51820\nallowed_ip=10.0.0.0/8\n",
    "device_v6": device + b"endpoint=[2001:db8::1%3]:51820\nallowed_ip=fd00::/8\n",
    "device_name": device + b"endpoint=example.org:51820\n",
    "device_port_zero": device + b"endpoint=192.0.2.1:0\n",
    "device_keepalive": device + b"persistent_keepalive_interval=25\n",
    "device_all": device + b"replace_allowed_ips=true\nallowed_ip=0.0.0.0/0\nallowed_ip=::/0\nprotocol_version=1\n",
    "device_taken": device + b"allowed_ip=-10.0.0.1/32\n",
    "device_host_bits": device + b"allowed_ip=10.9.8.7/9\n",
    "device_mapped": device + b"allowed_ip=::ffff:10.0.0.1/128\n",
    "device_prefix_long": device + b"allowed_ip=10.0.0.0/33\n",
    "device_prefix_none": device + b"allowed_ip=10.0.0.0\n",
    "version": device + b"protocol_version=2\n",
    "two_devices": device + device + b"remove=true\n",
    "no_equals": b"nonsense\n",
    "not_text": b"\xff=\xfe\n",
    "long": b"a=" + b"b" * 2000 + b"\n",
}
for name, text in lines.items():
    whole = name.startswith(("get", "set")) or name in ("nothing", "newlines", "unended", "no_newline")
    write("uapi", name, text if whole else b"set=1\n" + text + b"\n")

# Packets of the connector's member, with the checksums left to the target (operation 1), and what the destination does.
member4, member6 = b"\x64\x40\x03\x04", bytes.fromhex("fd668f1c2a4700010000000000000009")
far4 = b"\xc0\x00\x02\x01"


def up4(protocol, body, target=far4, fragment=0):
    return v4(protocol, body, member4, target, fragment)


def up6(protocol, body, target=remote6):
    return v6(protocol, body, member6, target)


def segment(flags, sequence=1, acknowledgement=0, body=b"", options=b""):
    words = (5 + len(options) // 4) << 4
    return struct.pack("!HHIIBBHHH", 40000, 80, sequence, acknowledgement, words, flags, 60000, 0, 0) + options + body


question = struct.pack("!HHHH", 5000, 53, 12, 0) + b"data"
echo4 = b"\x08\x00\x00\x00\x12\x34\x00\x01abcd"
echo6 = b"\x80\x00\x00\x00\x12\x34\x00\x01abcd"
syn = segment(2, options=b"\x02\x04\x05\x78\x01\x03\x03\x07")
opened = step(1, up4(6, syn)) + step(2)
targets4 = {
    "loopback": b"\x7f\0\0\1", "nothing": bytes(4), "link_local": b"\xa9\xfe\xa9\xfe", "multicast": b"\xe0\0\0\1",
    "broadcast": b"\xff" * 4, "pool": b"\x64\x40\0\x14", "gateway": b"\x0a\x42\0\1", "shared": b"\x0a\x42\0\2",
}
targets6 = {
    "loopback": bytes(15) + b"\1", "nothing": bytes(16), "mapped": bytes(10) + b"\xff\xff\x7f\0\0\1",
    "link_local": b"\xfe\x80" + bytes(13) + b"\1", "multicast": b"\xff\x02" + bytes(13) + b"\1",
    "pool": member6[:15] + b"\x14", "gateway": member6[:7] + bytes(8) + b"\1",
}
runs = {
    "open": opened,
    "open6": step(1, up6(6, syn)) + step(2),
    "open_twice": opened + step(1, up4(6, syn)),
    "refused_by_reset": step(1, up4(6, syn)) + step(3, length=1),
    "refused_by_message": step(1, up4(6, syn)) + step(3),
    "silent": step(1, up4(6, syn)) + step(7, length=255) * 4,
    "given_up": step(1, up4(6, syn)) + step(1, up4(6, segment(4, 2))),
    "reset_at_once": opened + step(1, up4(6, segment(4, 2))),
    "bytes_down": opened + step(1, up4(6, segment(16, 2, 1))) + step(4, b"x" * 200),
    "finished": opened + step(5) + step(7, length=200),
    "broken_off": opened + step(6),
    "retransmitted": opened + step(7, length=100) * 6,
    "no_connection": step(1, up4(6, segment(16, 5, 9, b"late"))),
    "no_connection6": step(1, up6(6, segment(17, 5, 9))),
    "no_flags": step(1, up4(6, segment(0))),
    "all_flags": step(1, up4(6, segment(255))),
    "segment_cut": step(1, up4(6, syn[:19])),
    "segment_long_header": step(1, up4(6, syn[:12] + b"\xf0" + syn[13:])),
    "zero_port": step(1, up4(6, b"\0\0" + syn[2:])),
    "udp": step(1, up4(17, question)) + step(8, b"answer"),
    "udp6": step(1, up6(17, question)) + step(8, b"answer"),
    "udp_unchecked": step(0, up4(17, question)),
    "udp6_unchecked": step(0, up6(17, question)),
    "udp_length_short": step(1, up4(17, question[:4] + b"\0\7" + question[6:])),
    "udp_length_long": step(1, up4(17, question[:4] + b"\0\x40" + question[6:])),
    "udp_expired": step(1, up4(17, question)) + step(7, length=255) * 12 + step(8, b"late"),
    "echo": step(1, up4(1, echo4)) + step(8, b"\0" + echo4[1:]),
    "echo6": step(1, up6(58, echo6)) + step(8, b"\x81" + echo6[1:]),
    "echo_cut": step(1, up4(1, echo4[:7])),
    "error_from_member": step(1, up4(1, b"\3\3" + bytes(6) + back4)),
    "pieces": step(0, up4(17, question, fragment=0x2000)[:28] + b"") + step(0, up4(17, b"12345678", fragment=1)),
    "pieces_overlap": step(0, up4(17, bytes(16), fragment=0x2000)) + step(0, up4(17, bytes(16), fragment=0x2001)),
    "piece_of_nothing": step(0, up4(17, b"", fragment=0x2000)),
    "piece_far_out": step(0, up4(17, b"12345678", fragment=0x1fff)),
    "piece6": step(0, up6(44, b"\x11\0\0\1" + bytes(4) + question)),
    "atomic6": step(0, up6(44, b"\x11\0\0\0" + bytes(4) + question)),
    "source_route6": step(0, up6(43, b"\x11\2\0\1" + bytes(20) + question)),
    "endless6": step(0, up6(0, (b"\0\0" + bytes(6)) * 20)),
    "options4": step(0, b"\x4f" + up4(6, syn)[1:] + bytes(40)),
    "from_outside": step(1, v4(17, question, far4, far4)),
    "unknown_protocol": step(0, up4(47, b"tunnel")),
    "not_a_packet": step(0, b"\x50" * 40),
    "empty": step(0),
}
runs.update({"to_" + name: step(1, up4(17, question, target)) for name, target in targets4.items()})
runs.update({"to6_" + name: step(1, up6(6, syn, target)) for name, target in targets6.items()})
runs.update({"ping_" + name: step(1, up4(1, echo4, target)) for name, target in targets4.items()})
for name, run in runs.items():
    write("connector", name, run)

connector = struct.pack("<H", 1420) + bytes(20) + bytes(4) + b"\x0b" + bytes(16) + struct.pack("<I", 16) + bytes(20)
messages = {
    "connector_configure": b"\x21" + connector + bytes(9),
    "connector_configure_with_identity": b"\x21" + connector + b"\1" + struct.pack("<II", 65534, 65534),
    "connector_configure_cut": b"\x21" + connector,
    "connector_configure_long": b"\x21" + connector + bytes(10),
    "connector_freed": b"\x22" + bytes(40),
    "connector_freed_cut": b"\x22" + bytes(39),
    "connector_clear": b"\x23",
    "connector_stop": b"\x24",
    "connector_stop_long": b"\x24\0",
    "connector_ready": b"\xa1\7\1\1\1\1" + struct.pack("<I", 200),
    "connector_alive": b"\xa2",
    "connector_stopped": b"\xa3",
    "connector_unknown": b"\xa4",
}
for name, message in messages.items():
    write("handover", name, message)


def words(*numbers):
    return struct.pack(f"<{len(numbers)}Q", *numbers)


magic = int.from_bytes(b"candor\1\1", "little")
now = 2000 // 10 + 1


def header(used, incomplete=0, rest=0, first=magic):
    return words(first, used, incomplete, rest, 0, 0, 0, 0)


def row(name, host, step=now, low=None, network=0x64400000):
    return words(name, 0, host if low is None else low, (network | host) << 32 | step)


empty = words(0, 0, 0, 0)
tables = {
    "nothing": b"",
    "short": words(magic),
    "fresh": bytes(64),
    "fresh_with_rows": bytes(64) + row(1, 9),
    "odd_bytes": header(1) + row(1, 9)[:-3],
    "empty": header(0),
    "empty_with_room": header(0) + empty * 4,
    "one": header(1) + row(1, 9),
    "one_and_room": header(1) + row(1, 9) + empty * 3,
    "three": header(3) + row(1, 9) + row(2, 10) + row(3, 11),
    "hole": header(3) + row(1, 9) + empty + row(3, 11),
    "torn_while_written": header(2) + row(1, 9) + words(5, 6, 7, 0),
    "torn_while_struck": header(2) + words(5, 6, 7, 0) + row(1, 9),
    "old": header(2) + row(1, 9, now - 14) + row(2, 10, now - 16),
    "oldest": header(1) + row(1, 9, 1),
    "future": header(1) + row(1, 9, now + 1),
    "far_future": header(1) + row(1, 9, 0xFFFFFFFF),
    "no_time": header(1) + row(1, 9, 0),
    "same_name": header(2) + row(1, 9) + row(1, 10),
    "same_v4": header(2) + row(1, 9, low=9) + row(2, 9, low=10),
    "same_v6": header(2) + row(1, 9, low=9) + row(2, 10, low=9),
    "outside": header(1) + row(1, 9, network=0x0A000000),
    "network": header(1) + row(1, 0, low=9),
    "broadcast": header(1) + row(1, 255),
    "reserved": header(1) + row(1, 1, low=9),
    "reserved_v6": header(1) + row(1, 9, low=1),
    "too_many": header(2) + row(1, 9),
    "endless": header(0xFFFFFFFFFFFFFFFF) + row(1, 9),
    "incomplete": header(1, 1) + row(1, 9),
    "incomplete_odd": header(1, 2) + row(1, 9),
    "rest": header(1, 0, 1) + row(1, 9),
    "other_kind": header(1, first=magic + 1) + row(1, 9),
    "noise": bytes(range(256)),
    "ones": b"\xff" * 160,
}
for name, table in tables.items():
    write("kept", name, b"\0" + table)
    write("kept", name + "_with_room", b"\1" + table)
