"""Unpacking a tar that nobody vouches for."""

import os
import tarfile


class BadArchive(ValueError):
    """No tar, or one whose names lead out of its directory."""


def _leads_out(path):
    return os.path.isabs(path) or os.path.normpath(path).startswith("..")


def unpack(path, directory):
    """Unpacks the tar (any compression) below the directory; refuses all of it where a single entry leads out."""
    try:
        with tarfile.open(path) as archive:
            members = archive.getmembers()
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
    except (tarfile.TarError, EOFError, OSError) as error:
        raise BadArchive(f"{os.path.basename(path)} is not a tar archive that can be read: {error}") from error
