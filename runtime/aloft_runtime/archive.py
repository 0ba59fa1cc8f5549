"""Unpacking a tar that nobody vouches for."""

import os
import tarfile


class BadArchive(ValueError):
    """No tar, or one whose names lead out of its directory."""


def _leads_out(path):
    return os.path.isabs(path) or os.path.normpath(path).startswith("..")


MAX_ENTRIES = 100_000


def _members(archive, limit):
    """All entries; found out before anything is written that they are too many or too large."""
    members, size = [], 0
    for member in archive:
        members.append(member)
        size += max(member.size, 0)
        if limit is not None and size > limit:
            raise BadArchive(f"the archive unpacks to more than {limit} bytes")
        if len(members) > MAX_ENTRIES:
            raise BadArchive(f"the archive has more than {MAX_ENTRIES} entries")
    return members, size


def unpack(path, directory, limit=None):
    """Unpacks the tar (any compression) below the directory; the bytes of it. Refuses all of it where a single entry leads out, or
    where it holds more than `limit` bytes."""
    try:
        with tarfile.open(path) as archive:
            members, size = _members(archive, limit)
            for member in members:
                target = os.path.join(os.path.dirname(member.name), member.linkname) if member.issym() else member.linkname
                if _leads_out(member.name) or os.path.isabs(member.linkname) or _leads_out(target):
                    raise BadArchive(f"the archive's entry '{member.name}' leads out of its directory")
                if not (member.isreg() or member.isdir() or member.issym() or member.islnk()):
                    raise BadArchive(f"the archive's entry '{member.name}' is neither file, directory nor link")
            # A file must not be written through a link of the same archive.
            links = {os.path.normpath(member.name) for member in members if member.issym()}
            for member in members:
                parent = os.path.dirname(os.path.normpath(member.name))
                while parent:
                    if parent in links:
                        raise BadArchive(f"the archive's entry '{member.name}' lies behind a link")
                    parent = os.path.dirname(parent)
            for member in members:
                member.uid, member.gid, member.uname, member.gname = os.getuid(), os.getgid(), "", ""
            os.makedirs(directory, exist_ok=True)
            archive.extractall(directory, members)
            return size
    except (tarfile.TarError, EOFError, OSError) as error:
        raise BadArchive(f"{os.path.basename(path)} is not a tar archive that can be read: {error}") from error
