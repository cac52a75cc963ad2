"""What `fonts.build` needs to know of a face: its package, its file in there, its new name.

Versions are exact, so a rebuild draws the same pixels. Names avoid the reserved ones ("LXGW").
"""

from dataclasses import dataclass

CHANGED_ON = "2026-11-26"  # date of the change notice inside every face


@dataclass(frozen=True, slots=True)
class Package:
    """A package that faces are taken from.

    Attributes:
        kind: "debian", "npm" or "pypi".
        name: in that archive.
        version: exact version there.
        licence: SPDX id, or "Arphic-1999".
        licence_members: files that make up the licence text, in this order: paths inside the
            package, or absolute paths of texts that every Debian system carries.
        path: of its file below the registry's address, for packages that users download.
        checksum: of that file, SHA-256 or SHA-512 in hexadecimal.
        licence_package: where the licence members are, if not in the package itself.
    """

    kind: str
    name: str
    version: str
    licence: str
    licence_members: tuple[str, ...]
    path: str = ""
    checksum: str = ""
    licence_package: "Package | None" = None

    @property
    def licence_file(self) -> str:
        """Name of the licence text among the bundled licences."""
        return self.name.rpartition("/")[2] + ".txt"


@dataclass(frozen=True, slots=True)
class Recipe:
    """One bundled face.

    Attributes:
        name: stable id that users type.
        family: new family name inside the file.
        package: that holds the font.
        member: path of the font file in the package; a glob pattern where slices are merged.
        full_name: name table entry 4 of the wanted face, which finds it within a collection.
        style: one of `fonts.manifest.STYLES`.
        weight: 100 (thin) to 900 (black), by the look of the strokes.
        sampling_weight: how often the face is chosen, relative to others.
        without: characters left out because this face draws them unlike print does.
        instances: of a variable font: the name, weight and sampling weight of each face that is
            listed of it, in place of the three above.
    """

    name: str
    family: str
    package: Package
    member: str
    full_name: str
    style: str
    weight: int
    sampling_weight: float
    without: str = ""
    instances: tuple[tuple[str, float, float], ...] = ()


def debian(package: str, version: str, licence: str, *more_licence: str) -> Package:
    """A Debian package, whose licence is in its copyright file."""
    members = (f"usr/share/doc/{package}/copyright", *more_licence)
    return Package("debian", package, version, licence, members)


def fontsource(package: str, version: str, licence: str = "OFL-1.1") -> Package:
    """A web font of npm's Fontsource collection."""
    return Package("npm", f"@fontsource/{package}", version, licence, ("package/LICENSE",))


def slices(package: str) -> str:
    """The pattern of the slices that a web font of Fontsource is served in."""
    return f"package/files/{package}-*-400-normal.woff2"
