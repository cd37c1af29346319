"""Confines the process that it is called in, for good. Linux only; standard library only.

Sources: landlock(7), seccomp(2), capset(2), setrlimit(2).
"""

from __future__ import annotations

import ctypes
import os
import platform
import resource
import signal
import site
import struct
import sys
import sysconfig
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any, Final

_CREATE_RULESET: Final = 444
_ADD_RULE: Final = 445
_RESTRICT_SELF: Final = 446
_PR_SET_PDEATHSIG: Final = 1
_PR_SET_DUMPABLE: Final = 4
_PR_SET_SECCOMP: Final = 22
_PR_SET_NO_NEW_PRIVS: Final = 38

_FILE_READ: Final = 1 << 2
_FILE_WRITE: Final = (1 << 1) | (1 << 14)
_READ: Final = _FILE_READ | (1 << 3)
# Files and folders made, written, read and removed; no sockets, devices or links.
_OWN: Final = _READ | _FILE_WRITE | (1 << 4) | (1 << 5) | (1 << 7) | (1 << 8)

_READABLE: Final = (
    *("/usr/lib", "/usr/lib64", "/lib", "/lib64", "/usr/share/zoneinfo"),
    *("/etc/ld.so.cache", "/etc/localtime", "/dev/urandom", "/dev/null"),
)

# Numbers of system calls by machine: x86_64, aarch64 (None: does not exist there).
_FORBIDDEN: Final[dict[str, tuple[int | None, int]]] = {
    **{"socket": (41, 198), "socketpair": (53, 199), "connect": (42, 203), "bind": (49, 200)},
    **{"execve": (59, 221), "execveat": (322, 281), "kill": (62, 129), "ptrace": (101, 117)},
    **{"process_vm_readv": (310, 270), "process_vm_writev": (311, 271)},
    **{"io_uring_setup": (425, 425), "bpf": (321, 280), "perf_event_open": (298, 241)},
    **{"userfaultfd": (323, 282), "keyctl": (250, 219), "add_key": (248, 217)},
    **{"request_key": (249, 218), "unshare": (272, 97), "setns": (308, 268)},
    **{"chroot": (161, 51), "mount": (165, 40), "open_by_handle_at": (304, 265)},
    **{"tkill": (200, 130), "rt_sigqueueinfo": (129, 138), "rt_tgsigqueueinfo": (297, 240)},
    **{"pidfd_open": (434, 434), "pidfd_getfd": (438, 438), "pidfd_send_signal": (424, 424)},
}
_FORKS_X86: Final = (57, 58)
_PRLIMIT: Final = {"x86_64": 302, "aarch64": 261}
_CLONE: Final = {"x86_64": 56, "aarch64": 220}
_CLONE3: Final = 435
_CLONE_THREAD: Final = 0x10000
_ARCHITECTURE: Final = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
_ALLOW: Final = 0x7FFF0000
_KILL: Final = 0x80000000
_EPERM: Final = 0x00050000 | 1
_ENOSYS: Final = 0x00050000 | 38


@cache
def landlock_version() -> int:
    """The version of Landlock that the kernel offers; 0 for none."""
    if sys.platform != "linux":
        return 0
    return max(_syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), 1), 0)


def is_confinable() -> bool:
    """Whether this machine can confine code: Linux with Landlock and a known processor."""
    return landlock_version() > 0 and platform.machine() in _ARCHITECTURE


def confine(folder: Path, *, memory: int, seconds: int, file_bytes: int) -> None:
    """From here on: libraries to read, `folder` to write, nothing else of the machine.

    `memory`: bytes of address space; `seconds` of processor time; `file_bytes`: size of
    one file. Must be called before the process has threads. Raises OSError where a
    measure cannot be taken: then no foreign code may be run.
    """
    _limit(memory, seconds, file_bytes)
    _die_with_parent()
    _prctl(_PR_SET_NO_NEW_PRIVS, 1)
    # Not dumpable: no process of the same user attaches to it or looks into it.
    _prctl(_PR_SET_DUMPABLE, 0)
    _restrict_files(folder)
    _drop_capabilities()
    _restrict_calls()


def libraries() -> list[str]:
    """The folders that modules are imported from."""
    paths = {sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")}
    return sorted({*paths, *site.getsitepackages()})


def _limit(memory: int, seconds: int, file_bytes: int) -> None:
    limits = {
        resource.RLIMIT_AS: memory,
        resource.RLIMIT_CPU: seconds,
        resource.RLIMIT_FSIZE: file_bytes,
        resource.RLIMIT_NOFILE: 128,
        resource.RLIMIT_CORE: 0,
    }
    for kind, limit in limits.items():
        _soft, hard = resource.getrlimit(kind)
        bound = limit if hard == resource.RLIM_INFINITY else min(limit, hard)
        resource.setrlimit(kind, (bound, bound))


def _die_with_parent() -> None:
    # A parent that died before this is told by its closed pipe.
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _restrict_files(folder: Path) -> None:
    version = landlock_version()
    ruleset = _checked(_syscall(_CREATE_RULESET, *_ruleset(version)))
    try:
        handled = _handled(version)
        for path in (*_READABLE, *libraries()):
            _permit(ruleset, path, _READ & handled)
        _permit(ruleset, "/dev/null", (_FILE_READ | _FILE_WRITE) & handled)
        _permit(ruleset, str(folder), _OWN & handled)
        _checked(_syscall(_RESTRICT_SELF, ruleset, 0))
    finally:
        os.close(ruleset)


def _handled(version: int) -> int:
    """All accesses to files that this version of Landlock knows of."""
    known = {1: 13, 2: 14, 3: 15, 4: 15}.get(version, 16)
    return (1 << known) - 1


def _ruleset(version: int) -> tuple[Any, Any, int]:
    parts = [_handled(version)]
    if version >= 4:
        parts.append(0b11)  # binding and connecting by TCP
    if version >= 6:
        parts.append(0b11)  # abstract sockets, and signals, of others
    attribute = struct.pack(f"={len(parts)}Q", *parts)
    return ctypes.c_char_p(attribute), ctypes.c_size_t(len(attribute)), 0


def _permit(ruleset: int, path: str, access: int) -> None:
    if not Path(path).exists():
        return
    if not Path(path).is_dir():
        access &= _FILE_READ | _FILE_WRITE
    handle = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        rule = struct.pack("=Qi", access, handle)
        _checked(_syscall(_ADD_RULE, ruleset, 1, ctypes.c_char_p(rule), 0))
    finally:
        os.close(handle)


def _drop_capabilities() -> None:
    header = ctypes.c_char_p(struct.pack("=Ii", 0x20080522, 0))
    nothing = ctypes.c_char_p(struct.pack("=6I", *[0] * 6))
    _checked(_libc().capset(header, nothing))


def _restrict_calls() -> None:
    """Install the filter of system calls."""
    program = b"".join(_filter(platform.machine()))
    buffer = ctypes.create_string_buffer(program)
    count = len(program) // 8
    address = struct.pack("@HP", count, ctypes.addressof(buffer))
    _prctl(_PR_SET_SECCOMP, 2, ctypes.c_char_p(address))


def _filter(machine: str) -> Iterable[bytes]:
    """A program for the kernel: number of the call -> allowed, an error, or the end."""
    column = 0 if machine == "x86_64" else 1
    forbidden = [numbers[column] for numbers in _FORBIDDEN.values()]
    if machine == "x86_64":
        forbidden += _FORKS_X86
    yield _load(4)  # the architecture
    yield _jump(0x15, _ARCHITECTURE[machine], 1, 0)
    yield _answer(_KILL)
    yield _load(0)  # the number of the call
    yield _jump(0x35, 0x40000000, 0, 1)  # the other calling convention of x86_64
    yield _answer(_EPERM)
    for number in forbidden:
        if number is not None:
            yield _jump(0x15, number, 0, 1)
            yield _answer(_EPERM)
    # Limits of other processes, which anybody of the same user may lower.
    yield _jump(0x15, _PRLIMIT[machine], 0, 4)
    yield _load(16)  # whose limits
    yield _jump(0x15, 0, 0, 1)
    yield _answer(_ALLOW)
    yield _answer(_EPERM)
    # The C library makes threads by `clone` where there is no `clone3`.
    yield _jump(0x15, _CLONE3, 0, 1)
    yield _answer(_ENOSYS)
    yield _jump(0x15, _CLONE[machine], 0, 3)
    yield _load(16)  # its flags
    yield _jump(0x45, _CLONE_THREAD, 1, 0)
    yield _answer(_EPERM)
    yield _answer(_ALLOW)


def _load(offset: int) -> bytes:
    return struct.pack("=HBBI", 0x20, 0, 0, offset)


def _jump(operation: int, value: int, if_true: int, if_false: int) -> bytes:
    return struct.pack("=HBBI", operation, if_true, if_false, value)


def _answer(value: int) -> bytes:
    return struct.pack("=HBBI", 0x06, 0, 0, value)


@cache
def _libc() -> Any:
    return ctypes.CDLL(None, use_errno=True)


def _syscall(number: int, *arguments: Any) -> int:
    return int(_libc().syscall(number, *arguments))


def _prctl(option: int, *arguments: Any) -> None:
    padded = (*arguments, 0, 0, 0, 0)[:4]
    longs = (ctypes.c_ulong(a) if isinstance(a, int) else a for a in padded)
    _checked(_libc().prctl(option, *longs))


def _checked(answer: int) -> int:
    if answer < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"cannot confine the process: {os.strerror(number)}")
    return answer
