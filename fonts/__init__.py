"""How text looks: bundled and user-added faces, their licences and what each of them covers.

Importing this loads no font library; workers need none either, once coverage is cached.
"""

from fonts.errors import FontError
from fonts.library import Face, companions, coverage, face_names, select

__all__ = ["Face", "FontError", "companions", "coverage", "face_names", "select"]
