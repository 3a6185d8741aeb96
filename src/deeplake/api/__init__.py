"""The public face: handles that delegate. Bytes, formats and plans live in the rooms below."""
