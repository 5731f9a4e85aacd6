"""Packs files into a binary archive of its own format, unpacks them and finds damage."""

import base64
import binascii
import hashlib
import io
import struct
import tempfile
import zlib
from pathlib import Path
from typing import NamedTuple

MAGIC = b"ARC\x01"
HEADER = struct.Struct(">4sHQ")
ENTRY = struct.Struct(">HBIII20s")
STORED, DEFLATED = 0, 1


class ArchiveError(Exception):
    """The archive is damaged."""


class Entry(NamedTuple):
    name: str
    method: int
    size: int
    crc: int
    data: bytes


def contents():
    """Texts, bytes of all kinds, a picture of noise and nothing at all."""
    yield "greeting.txt", "Grüße, 世界 🌍\n".encode()
    yield "zeros.bin", bytes(5000)
    yield "all-bytes.bin", bytes(range(256)) * 4
    yield "noise.bin", hashlib.shake_128(b"noise").digest(1000)
    yield "empty", b""
    yield "check.txt", b"123456789"


def deflate(data):
    """Compressed data with its method; what does not get smaller is stored as it is."""
    packed = zlib.compress(data, 9)
    return (DEFLATED, packed) if len(packed) < len(data) else (STORED, data)


def write_archive(file, members):
    members = list(members)
    file.write(HEADER.pack(MAGIC, len(members), sum(len(data) for _, data in members)))
    for name, data in members:
        method, packed = deflate(data)
        digest = hashlib.sha1(data).digest()
        sizes = len(data), len(packed), zlib.crc32(data)
        file.write(ENTRY.pack(len(name.encode()), method, *sizes, digest) + name.encode() + packed)


def read_exactly(file, size):
    data = file.read(size)
    if len(data) < size:
        raise ArchiveError(f"ends {size - len(data)} bytes too early")
    return data


def read_archive(file):
    """Yields the entries one by one; each is checked before it is handed out."""
    magic, count, total = HEADER.unpack(read_exactly(file, HEADER.size))
    if magic != MAGIC:
        raise ArchiveError(f"is no archive but begins with {magic.hex(' ')}")
    for _ in range(count):
        length, method, size, packed, crc, digest = ENTRY.unpack(read_exactly(file, ENTRY.size))
        name = read_exactly(file, length).decode()
        data = read_exactly(file, packed)
        try:
            data = zlib.decompress(data) if method == DEFLATED else data
        except zlib.error:
            raise ArchiveError(f"{name} can't be unpacked") from None
        if (len(data), zlib.crc32(data), hashlib.sha1(data).digest()) != (size, crc, digest):
            raise ArchiveError(f"{name} was changed")
        total -= size
        yield Entry(name, method, size, crc, data)
    if total or file.read(1):
        raise ArchiveError("has the wrong length")


def diagnosis(archive):
    try:
        return f"{len(list(read_archive(io.BytesIO(archive))))} good entries"
    except ArchiveError as error:
        return str(error)


def main():
    originals = dict(contents())
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "test.arc")
        with path.open("wb") as file:
            write_archive(file, originals.items())
        archive = path.read_bytes()
        with path.open("rb") as file:
            entries = list(read_archive(file))
    for entry in entries:
        digest = hashlib.sha256(entry.data).hexdigest()
        print(f"{entry.name:14} {entry.size:5} {entry.method} {entry.crc:08x} {digest[:16]}")
    print("same as before:", {entry.name: entry.data for entry in entries} == originals)
    print("smaller:", len(archive) < sum(map(len, originals.values())), "header:", HEADER.size, ENTRY.size)

    middle = archive.index(originals["noise.bin"]) + 500
    flipped = archive[:middle] + bytes([archive[middle] ^ 1]) + archive[middle + 1 :]
    damaged = {"whole": archive, "short": archive[:-4], "long": archive + b"!", "flipped": flipped}
    for kind, data in (damaged | {"zip": b"PK\3\4" + archive[4:], "half a header": archive[:6]}).items():
        print(f"{kind}: {diagnosis(data)}")

    text = base64.b64encode(originals["greeting.txt"])
    print(text.decode(), base64.b85encode(b"Hello").decode(), base64.b32encode(b"foobar").decode())
    print("adler32:", f"{zlib.adler32(b'Wikipedia'):08x}", "floats:", struct.pack("<fd", 1.5, -2).hex())
    print("signed:", *struct.unpack(">bhi", bytes.fromhex("80 ffff 00000100")))
    print("crc of 16 bits:", binascii.crc_hqx(b"123456789", 0))


main()
