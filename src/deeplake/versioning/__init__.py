"""Commits over a store: objects, names, ancestry, snapshots, publishing. Trees stay opaque."""
