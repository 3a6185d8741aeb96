"""The kit that proves a backend or a layer above it: contracts, faults, tracing, a fake bucket.

Shipped, so that whoever writes a store can run the suite ours pass. Nothing in the library
imports it.
"""
