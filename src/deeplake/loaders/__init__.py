"""Streaming rows in batches: order, shard, source, prefetch, collate; NumPy and torch."""
