"""Finds keys where they must not be: in the memory of a running process, its arguments and environment, files, texts."""

import base64
import contextlib
import os
import pathlib
import re

PAGE = 4096
LARGE = 1 << 32  # a sanitizer's shadow: reserved, hardly any of it there


class Secret:
    """One key under a name, in the forms it could appear in."""

    def __init__(self, name, octets):
        self.name = name
        text = octets.hex()
        b64 = base64.b64encode(octets).rstrip(b"=")
        self.forms = {"octets": octets, "hex": text.encode(), "HEX": text.upper().encode(), "base64": b64,
                      "base64url": b64.translate(bytes.maketrans(b"+/", b"-_"))}

    def in_octets(self, octets):
        """Forms that occur in @p octets."""
        return [form for form, needle in self.forms.items() if needle in octets]


def regions(pid):
    """(begin, end, what) of everything the process may write to and has written to."""
    found = None
    for line in pathlib.Path("/proc/%d/smaps" % pid).read_text().splitlines():
        head = re.match(r"([0-9a-f]+)-([0-9a-f]+) (\S+) \S+ \S+ \S+ *(.*)", line)
        if head:
            begin, end = int(head.group(1), 16), int(head.group(2), 16)
            found = (begin, end, head.group(4)) if "w" in head.group(3) and end - begin < LARGE else None
        elif found and line.startswith("Rss:") and line.split()[1] != "0":
            yield found


def in_memory(pid, secrets):
    """["name as form at address in region", ...] for the whole writable memory of a process; needs the right to trace it."""
    places = []
    memory = os.open("/proc/%d/mem" % pid, os.O_RDONLY)
    try:
        for begin, end, what in regions(pid):
            for address, octets in used(begin, read_region(memory, begin, end)):
                for secret in secrets:
                    for form, needle in secret.forms.items():
                        at = octets.find(needle)
                        while at >= 0:
                            places.append("%s as %s at %x in %s" % (secret.name, form, address + at, what or "anonymous memory"))
                            at = octets.find(needle, at + 1)
    finally:
        os.close(memory)
    return places


def used(address, octets):
    """(address, octets) of what is left without pages full of zeros: a twentieth, as a rule."""
    begin = None
    for at in range(0, len(octets) + PAGE, PAGE):
        empty = at >= len(octets) or octets.count(0, at, at + PAGE) == min(PAGE, len(octets) - at)
        if empty and begin is not None:
            yield address + begin, octets[begin:at]
            begin = None
        elif not empty and begin is None:
            begin = at


def read_region(memory, begin, end):
    """What can be read of it; a piece that is gone meanwhile counts as empty."""
    pieces = []
    while begin < end:
        try:
            piece = os.pread(memory, min(end - begin, 1 << 26), begin)
        except OSError:
            piece = b""
        if not piece:
            break
        pieces.append(piece)
        begin += len(piece)
    return b"".join(pieces)


def in_arguments(pid, secrets):
    """The same for argv and environment, which others may read (the latter not of every process)."""
    shown = pathlib.Path("/proc/%d/cmdline" % pid).read_bytes()
    with contextlib.suppress(PermissionError):
        shown += pathlib.Path("/proc/%d/environ" % pid).read_bytes()
    return ["%s as %s" % (secret.name, form) for secret in secrets for form in secret.in_octets(shown)]


def in_text(text, secrets):
    """The same for a log or a page of metrics."""
    octets = text if isinstance(text, bytes) else text.encode()
    return ["%s as %s" % (secret.name, form) for secret in secrets for form in secret.in_octets(octets)]


def in_files(folder, secrets, spare=()):
    """The same for every file below @p folder but those whose name is in @p spare."""
    return ["%s as %s in %s" % (secret.name, form, path) for path in sorted(pathlib.Path(folder).rglob("*"))
            if path.is_file() and path.name not in spare
            for secret in secrets for form in secret.in_octets(path.read_bytes())]
