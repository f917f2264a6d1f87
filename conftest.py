"""Which modules have examples that cannot be run: those that render, where nothing renders."""

from importlib.util import find_spec

_RENDERING = (
    "bench/attribute_pictures.py", "bench/attributes.py", "bench/studio_speed.py",
    "studio/commands.py", "studio/film.py", "studio/references.py", "studio/renderer.py",
    "studio/stills.py",
)  # fmt: skip

collect_ignore = [] if find_spec("moderngl") else [*_RENDERING]
