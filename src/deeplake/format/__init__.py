"""Bytes to frozen values and back, with no I/O; each module mirrors a section of docs/SPEC.md."""
