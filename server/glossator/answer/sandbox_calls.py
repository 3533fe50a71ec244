"""The filter of system calls around a command in a sandbox, as the kernel reads it. Runs nothing.

The command may do all that a user does, within its namespaces. What is refused would bring capabilities back (further
namespaces) or leads past the namespaces: keys of the session, sockets of other kinds, programs in the kernel.
"""

from __future__ import annotations

import struct

FAMILIES = (1, 2, 10, 16)  # sockets: local, IPv4, IPv6 and netlink, all of which a network namespace has of its own
_NEW_USER = 0x10000000  # CLONE_NEWUSER
_EPERM, _ENOSYS, _EAFNOSUPPORT = 1, 38, 97

# unshare, setns, add_key, request_key, keyctl, bpf, perf_event_open, userfaultfd: <asm/unistd.h> of both machines.
# Machine -> its name to the kernel, what is refused, `clone`, `socket`.
_MACHINES = {
    "x86_64": (0xC000003E, (272, 308, 248, 249, 250, 321, 298, 323), 56, 41),
    "aarch64": (0xC00000B7, (97, 268, 217, 218, 219, 280, 241, 282), 220, 198),
}
_ABSENT = (425, 426, 427, 435)  # io_uring, which opens sockets past this filter; clone3, whose flags it cannot read


def call_filter(machine: str) -> bytes:
    """The filter for a machine (`struct sock_filter`, one after the other); empty: not known for it."""
    if machine not in _MACHINES:
        return b""
    name, refused, clone, sockets = _MACHINES[machine]
    load, equal, least, some, give = 0x20, 0x15, 0x35, 0x45, 0x06
    kill, allow, error = 0x80000000, 0x7FFF0000, 0x00050000

    def row(code: int, value: int, then: int = 0, otherwise: int = 0) -> bytes:
        return struct.pack("HBBI", code, then, otherwise, value)

    rows = [row(load, 4), row(equal, name, 1), row(give, kill), row(load, 0)]
    rows += [row(least, 0x40000000, 0, 1), row(give, error | _ENOSYS)]  # the calls of x32
    for number in (*refused, *_ABSENT):
        answer = _ENOSYS if number in _ABSENT else _EPERM
        rows += [row(equal, number, 0, 1), row(give, error | answer)]
    # Low halves of the first argument: flags of `clone`, family of `socket`.
    rows += [row(equal, clone, 0, 4), row(load, 16), row(some, _NEW_USER, 0, 1), row(give, error | _EPERM)]
    rows += [row(give, allow)]
    rows += [row(equal, sockets, 0, len(FAMILIES) + 2), row(load, 16)]
    rows += [row(equal, family, len(FAMILIES) - at) for at, family in enumerate(FAMILIES)]
    rows += [row(give, error | _EAFNOSUPPORT)]
    return b"".join([*rows, row(give, allow)])
