"""The studio: renders multi-character clips with exact truth and plants identity errors in them.

A room of its own: it may import from `scenes` and `castcheck`, and nothing imports it. Needs the
`studio` extra, an EGL driver (Mesa's software renderer will do) and the character assets, which
`python -m studio assets` fetches once.
"""
