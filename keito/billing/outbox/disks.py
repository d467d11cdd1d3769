"""What kind of disk a file lies on, as far as the system says."""

from __future__ import annotations

import re
from pathlib import Path

_MOUNTS = Path("/proc/self/mountinfo")
# Gone with the machine or the container.
_FLEETING = ("aufs", "overlay", "ramfs", "tmpfs")
# SQLite's locks do not hold between machines there, nor can a write-ahead log be shared.
_SHARED = ("9p", "afs", "ceph", "cifs", "glusterfs", "lustre", "nfs", "nfs4", "smb3", "smbfs")


def fleeting(path: Path) -> str | None:
    """Name the file system if what it holds goes with the machine or container."""
    kind = _kind(path)
    return kind if kind in _FLEETING else None


def shared(path: Path) -> str | None:
    """Name the file system if it is one that machines share over a network."""
    kind = _kind(path)
    return kind if kind in _SHARED or kind.startswith("fuse.") else None


def file_system(mounts: str, path: Path) -> str:
    """Return the file system that a path lies on, empty if it is unknown.

    Args:
        mounts: The kernel's table, as in `/proc/self/mountinfo`.
        path: An absolute path without symbolic links.
    """
    found, kind = -1, ""
    for line in mounts.splitlines():
        before, _, after = line.partition(" - ")
        fields = before.split()
        if len(fields) < 5 or not after:
            continue
        point = Path(re.sub(r"\\([0-7]{3})", _character, fields[4]))
        # The last of two on one point hides the other.
        if path.is_relative_to(point) and len(point.parts) >= found:
            found, kind = len(point.parts), after.split()[0]
    return kind


def _kind(path: Path) -> str:
    try:
        return file_system(_MOUNTS.read_text(errors="replace"), path)
    except OSError:
        # Another system than Linux, or a sandbox: it is not known.
        return ""


def _character(escaped: re.Match[str]) -> str:
    return chr(int(escaped[1], 8))
