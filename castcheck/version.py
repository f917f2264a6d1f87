"""Which version this is; by itself, since reading it brings the readers of packages along."""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("castcheck")
except PackageNotFoundError:  # run from a folder that was never installed
    __version__ = "0+unknown"
