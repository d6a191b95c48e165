#!/usr/bin/env python3
"""Derives one WireGuard handshake, step by step, with nothing of ours.

X25519 and ChaCha20-Poly1305 are pyca/cryptography's (OpenSSL), BLAKE2s and HMAC are Python's own.
Prints the vector that tests compare with:  python3 ikpsk2.py > ikpsk2.txt
"""
import hashlib
import hmac

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat


def blake(*parts):
    return hashlib.blake2s(b"".join(parts)).digest()


def mac(key, data):
    return hashlib.blake2s(data, key=key, digest_size=16).digest()


def kdf(count, key, data):
    secret = hmac.new(key, data, hashlib.blake2s).digest()
    out, last = [], b""
    for number in range(1, count + 1):
        last = hmac.new(secret, last + bytes([number]), hashlib.blake2s).digest()
        out.append(last)
    return out


def private(byte):
    return X25519PrivateKey.from_private_bytes(bytes([byte] * 32))


def public(key):
    return key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)


def dh(key, other):
    return key.exchange(X25519PublicKey.from_public_bytes(other))


def seal(key, counter, text, additional):
    nonce = bytes(4) + counter.to_bytes(8, "little")
    return ChaCha20Poly1305(key).encrypt(nonce, text, additional)


si, sr, ei, er = private(1), private(2), private(3), private(4)
psk = bytes([5] * 32)
index_i, index_r = 0x11223344, 0x55667788
stamp = bytes.fromhex("400000002a2b2c2d01000000")

ck = blake(b"Noise_IKpsk2_25519_ChaChaPoly_BLAKE2s")
h = blake(blake(ck, b"WireGuard v1 zx2c4 Jason@zx2c4.com"), public(sr))

# Initiation.
(ck,) = kdf(1, ck, public(ei))
h = blake(h, public(ei))
ck, key = kdf(2, ck, dh(ei, public(sr)))
static = seal(key, 0, public(si), h)
h = blake(h, static)
ck, key = kdf(2, ck, dh(si, public(sr)))
timestamp = seal(key, 0, stamp, h)
h = blake(h, timestamp)
initiation = b"\1\0\0\0" + index_i.to_bytes(4, "little") + public(ei) + static + timestamp
initiation += mac(blake(b"mac1----", public(sr)), initiation)
initiation += bytes(16)

# Response.
(ck,) = kdf(1, ck, public(er))
h = blake(h, public(er))
(ck,) = kdf(1, ck, dh(er, public(ei)))
(ck,) = kdf(1, ck, dh(er, public(si)))
ck, tau, key = kdf(3, ck, psk)
h = blake(h, tau)
empty = seal(key, 0, b"", h)
h = blake(h, empty)
response = b"\2\0\0\0" + index_r.to_bytes(4, "little") + index_i.to_bytes(4, "little")
response += public(er) + empty
response += mac(blake(b"mac1----", public(si)), response)
response += bytes(16)

# Transport: one packet each way, padded to 16.
send_i, send_r = kdf(2, ck, b"")
up = b"\4\0\0\0" + index_r.to_bytes(4, "little") + bytes(8)
up += seal(send_i, 0, b"up".ljust(16, b"\0"), b"")
down = b"\4\0\0\0" + index_i.to_bytes(4, "little") + bytes(8)
down += seal(send_r, 0, b"down".ljust(16, b"\0"), b"")

print("# Printed by ikpsk2.py. Static keys 01.. and 02.., ephemerals 03.. and 04.., preshared 05..")
for name in ("initiation", "response", "up", "down"):
    print(f"{name} = {globals()[name].hex()}")
