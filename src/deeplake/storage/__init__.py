"""Keys to bytes: local folders, memory and buckets behind one protocol (`store.py`).

Knows nothing of what the bytes mean. Start at `resolve.open_store(url)`.
"""
