"""Small tools that know nothing of clips: JSON and TOML, JPEGs, locks, memory, system errors."""
